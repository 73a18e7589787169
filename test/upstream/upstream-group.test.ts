import { describe, expect, test } from 'vitest'

import { readUpstreamOptions } from '../../src/upstream/index.ts'
import type { UpstreamMember } from '../../src/upstream/index.ts'
import { createUpstreamGroup } from '../../src/upstream/upstream-group.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

function setUp(...names: string[]) {
  const clock = createFakeClock()
  const lines: string[] = []
  const note = (_facts: object, message: string): void => void lines.push(message)
  const group = createUpstreamGroup({
    settings: readUpstreamOptions(names.map((name) => `http://${name}`)),
    dispatcherFor: () => ({}) as never,
    clock,
    logger: { debug: note, info: note, warn: note, error: note },
  })
  const nameOf = (member: UpstreamMember | null): string => member?.url.slice(7) ?? '-'
  const member = (name: string): UpstreamMember =>
    group.members[names.indexOf(name)] ?? expect.unreachable()
  const turns = (count: number): string =>
    Array.from({ length: count }, () => nameOf(group.pick())).join('')
  const eject = (name: string): void => {
    for (let i = 0; i < 3; i++) group.settle(member(name), 'unreachable')
  }
  const another = (...tried: string[]): string => nameOf(group.another(tried.map(member)))
  return { clock, group, member, turns, eject, another, lines }
}

describe('a group of upstreams', () => {
  test('takes turns', () => {
    expect(setUp('a', 'b', 'c').turns(7)).toBe('abcabca')
    expect(setUp('a').turns(3)).toBe('aaa')
  })

  test('leaves out those that fail, says so once, and takes them back by one trial', () => {
    const { clock, group, member, turns, eject, lines } = setUp('a', 'b', 'c')
    eject('b')
    expect(turns(4)).toBe('acac')
    clock.advance(5_000)
    expect(turns(4)).toBe('abca')
    group.settle(member('b'), 'answered')
    expect(turns(3)).toBe('bca')
    expect(lines).toEqual([
      'an upstream failed too often and is left out',
      'an upstream answers again',
    ])
  })

  test('leaves out half of them at most for answers they gave, and any for lost connections', () => {
    const { group, member, turns, eject } = setUp('a', 'b', 'c', 'd')
    for (const name of ['a', 'b', 'c', 'd']) {
      for (let i = 0; i < 5; i++) group.settle(member(name), 'failed')
    }
    expect(turns(4)).toBe('cdcd')
    eject('c')
    expect(turns(2)).toBe('dd')
    const three = setUp('a', 'b', 'c')
    for (const name of ['a', 'b', 'c']) {
      for (let i = 0; i < 5; i++) three.group.settle(three.member(name), 'failed')
    }
    expect(three.turns(4)).toBe('bcbc')
  })

  test('uses all where none is left', () => {
    const { group, member, turns, eject } = setUp('a', 'b')
    eject('a')
    eject('b')
    expect(turns(4)).toBe('abab')
    group.settle(member('a'), 'answered')
    expect(turns(3)).toBe('aaa')
    group.members.forEach(({ standing }) => standing.checked(false))
    expect(turns(4)).toBe('baba')
  })

  test('has another one for a request that failed, in use first, until all were tried', () => {
    const { eject, another } = setUp('a', 'b', 'c')
    expect(another('a')).toBe('b')
    eject('b')
    expect(another('a')).toBe('c')
    expect(another('a', 'c')).toBe('b')
    expect(another('a', 'b', 'c')).toBe('-')
    expect(setUp('a').another('a')).toBe('-')
  })

  test('knows its members over TLS by their own names', () => {
    const settings = (serverName?: string) =>
      readUpstreamOptions({ urls: ['https://a:2/b', 'https://[::1]'], tls: { serverName } })
    const hosts = (serverName?: string) =>
      createUpstreamGroup({
        settings: settings(serverName),
        dispatcherFor: () => ({}) as never,
        clock: createFakeClock(),
        logger: { debug() {}, info() {}, warn() {}, error() {} },
      }).members.map(({ host }) => host)
    expect(hosts()).toEqual(['a:2', '[::1]'])
    expect(hosts('app.test')).toEqual(['app.test:2', 'app.test'])
    expect(setUp('a').member('a').host).toBeNull()
  })
})
