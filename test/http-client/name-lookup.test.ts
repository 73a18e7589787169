import type { LookupAddress } from 'node:dns'

import { describe, expect, test, vi } from 'vitest'

import { createNameLookup } from '../../src/http-client/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

const V4 = (address: string): LookupAddress => ({ address, family: 4 })

function start(answers: Record<string, () => LookupAddress[] | Promise<LookupAddress[]>>) {
  const clock = createFakeClock()
  const resolve = vi.fn(async (name: string) => {
    const answer = answers[name]
    if (answer === undefined) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
    return answer()
  })
  const lookup = createNameLookup({ resolve, clock })
  /** All addresses in their order, or the code of what went wrong. */
  const all = (name: string, family?: number): Promise<string> =>
    new Promise((settle) => {
      lookup(name, { all: true, family }, (error, addresses) => {
        const list = addresses as LookupAddress[]
        settle(error === null ? list.map(({ address }) => address).join(' ') : (error.code ?? ''))
      })
    })
  return { clock, resolve, lookup, all }
}

describe('the look-up of names', () => {
  test('asks once for all who ask at a time, and remembers for some seconds', async () => {
    const { all, resolve, clock } = start({ a: () => [V4('10.0.0.1')] })
    expect(await Promise.all([all('a'), all('a'), all('a')])).toEqual(
      Array.from({ length: 3 }, () => '10.0.0.1'),
    )
    clock.advance(4_999)
    await all('a')
    expect(resolve).toHaveBeenCalledOnce()
    clock.advance(1)
    await all('a')
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('lets all addresses take turns', async () => {
    const { all } = start({ a: () => [V4('10.0.0.1'), V4('10.0.0.2'), V4('10.0.0.3')] })
    expect(await all('a')).toBe('10.0.0.1 10.0.0.2 10.0.0.3')
    expect(await all('a')).toBe('10.0.0.2 10.0.0.3 10.0.0.1')
    expect(await all('a')).toBe('10.0.0.3 10.0.0.1 10.0.0.2')
  })

  test('gives one address, or those of one family, to who asks so', async () => {
    const { all, lookup } = start({ a: () => [V4('10.0.0.1'), { address: '::2', family: 6 }] })
    const one = await new Promise((settle) => {
      lookup('a', {}, (_error, address, family) => settle([address, family]))
    })
    expect(one).toEqual(['10.0.0.1', 4])
    expect(await all('a', 6)).toBe('::2')
    expect(await all('b', 6)).toBe('ENOTFOUND')
  })

  test('R-U8 follows a name that moves', async () => {
    let address = '10.0.0.1'
    const { all, clock } = start({ a: () => [V4(address)] })
    expect(await all('a')).toBe('10.0.0.1')
    address = '10.0.0.2'
    clock.advance(5_000)
    expect(await all('a')).toBe('10.0.0.2')
  })

  test('R-V10 R-U8 goes on with the last good addresses for a minute where nothing is found any more', async () => {
    let works = true
    const { all, clock, resolve } = start({
      a: () => (works ? [V4('10.0.0.1')] : Promise.reject(new Error('SERVFAIL'))),
    })
    await all('a')
    works = false
    clock.advance(59_999)
    expect(await all('a')).toBe('10.0.0.1')
    expect(resolve).toHaveBeenCalledTimes(2)
    clock.advance(1_000)
    expect(await all('a')).not.toBe('10.0.0.1')
    works = true
    clock.advance(1_000)
    expect(await all('a')).toBe('10.0.0.1')
  })

  test('R-P13 goes on with them, too, while a look-up is not answered', async () => {
    let hangs = false
    const { all, clock } = start({
      a: () => (hangs ? new Promise<LookupAddress[]>(() => {}) : [V4('10.0.0.1')]),
    })
    await all('a')
    hangs = true
    clock.advance(6_000)
    expect(await all('a')).toBe('10.0.0.1')
  })

  test('asks for a name that there is not once in a second', async () => {
    const { all, clock, resolve } = start({})
    for (let i = 0; i < 20; i++) expect(await all('none')).toBe('ENOTFOUND')
    expect(resolve).toHaveBeenCalledOnce()
    clock.advance(1_000)
    await all('none')
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('has two names under way at most, whatever others wait for', async () => {
    const ends: ((found: LookupAddress[]) => void)[] = []
    const hanging = () => new Promise<LookupAddress[]>((resolve) => ends.push(resolve))
    const { all, resolve } = start({ a: hanging, b: hanging, c: hanging })
    const asked = ['a', 'b', 'c', 'a', 'b', 'c'].map((name) => all(name))
    await vi.waitFor(() => expect(ends).toHaveLength(2))
    expect(resolve.mock.calls.flat()).toEqual(['a', 'b'])
    ends[0]?.([V4('10.0.0.1')])
    await vi.waitFor(() => expect(ends).toHaveLength(3))
    ends[1]?.([V4('10.0.0.2')])
    ends[2]?.([V4('10.0.0.3')])
    expect(await Promise.all(asked)).toEqual([1, 2, 3, 1, 2, 3].map((end) => `10.0.0.${end}`))
  })
})
