import { expect, test } from 'vitest'

import { readFact, writeFact } from '../../src/store/fact.ts'
import { createSeal } from '../../src/store/seal.ts'
import { parseToken } from '../../src/token/index.ts'
import { ALICE } from '../helpers/onezone.ts'
import { SECRET, startSharedRig } from './shared-rig.ts'

const OTHER_SECRET = 'another secret of the store, as long as that'

test('a value is read under the secret and the name that it was written under, and as it was written', () => {
  const context = ['https://onezone.example.org', '-']
  const seal = createSeal({ secret: SECRET, context })
  const value = seal.close('name', 'body')
  expect(seal.open('name', value)).toBe('body')
  expect(value.length).toBeLessThanOrEqual(200)
  const mac = { rejected: 'mac' }
  expect(seal.open('another name', value)).toEqual(mac)
  for (const other of [
    createSeal({ secret: OTHER_SECRET, context }),
    createSeal({ secret: SECRET, context: ['https://onezone.example.com', '-'] }),
    createSeal({ secret: SECRET, context: ['https://onezone.example.org', 'prv-p1'] }),
  ]) {
    expect(other.open('name', value)).toEqual(mac)
    expect(other.nameOf('family', 'key')).not.toBe(seal.nameOf('family', 'key'))
  }
  for (let at = 2; at < value.length; at++) {
    const changed = value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1)
    expect(seal.open('name', changed)).not.toBe('body')
  }
  for (const nonsense of ['', '1', '1..', '2' + value.slice(1), value + 'A', 'x'.repeat(300)]) {
    expect(seal.open('name', nonsense)).toEqual({ rejected: 'shape' })
  }
})

test('a fact is read as it was written, and nothing else is one', () => {
  const stamp = { storeMs: 1_750_000_000_000, wallMs: 1_750_000_000_001 }
  for (const fact of [
    { kind: 'proven', use: 'identity', endsAfterMs: 3_600_000 },
    { kind: 'proven', use: 'access', endsAfterMs: -1 },
    { kind: 'alive', served: true },
    { kind: 'alive', served: false },
    { kind: 'revoked' },
    { kind: 'lost', confirmedBeforeMs: -1 },
    { kind: 'lost', confirmedBeforeMs: 17 },
    { kind: 'current', generation: 3 },
    { kind: 'over', generation: 3 },
    { kind: 'blocked' },
    { kind: 'withdrawn' },
    { kind: 'invalidated' },
  ] as const) {
    expect(readFact(writeFact({ fact, stamp }))).toEqual({ fact, stamp })
  }
  for (const text of [
    '',
    'a',
    'a 1 2',
    'a 1 2 3',
    'a 1 2 1 ',
    'z 1 2 0',
    'p9 1 2 0',
    'p 1 2 0',
    'r 1 2 1',
    'c 1 2 -1',
    'a -1 2 0',
    'a 1 2 99999999999999999999',
    '__proto__ 1 2 0',
  ]) {
    expect(readFact(text), text).toBeNull()
  }
})

test.each([
  [
    'of another secret',
    (): string => createSeal({ secret: OTHER_SECRET, context: ['x', '-'] }).close('n', 'a 1 1 1'),
    'mac',
  ],
  ['that are no text of ours', (): string => '{"granted":true}', 'shape'],
  ['that are long', (): string => 'x'.repeat(1_000_000), 'shape'],
])('values %s are misses, and counted', async (_, valueOf, reason) => {
  const { onezone, server, a, b, calls } = await startSharedRig()
  const token = onezone.createTemporaryToken({ subject: ALICE })
  await a.ask(token)
  for (const name of server.values.keys()) server.put(name, valueOf())
  expect(await b.ask(token)).toEqual(['accepted', 'onezone'])
  expect(b.rejected).toContain(reason)
  expect(calls()).toBe(2)
})

test('a value that is moved to another name, or put back when it is over, grants nothing', async () => {
  const { onezone, server, a, b, pass } = await startSharedRig()
  const token = onezone.createTemporaryToken({ subject: ALICE })
  await a.ask(token)
  const before = [...server.values].map(([name, { value }]) => [name, value] as const)
  const [, [, other] = ['', '']] = before
  for (const [name] of before) server.put(name, other)
  expect((await b.ask(token))[1]).toBe('onezone')
  onezone.revokeTemporaryTokens(ALICE)
  await pass(12_000)
  for (const [name, value] of before) server.put(name, value)
  expect(await b.ask(token)).toEqual(['token_revoked', 'onezone'])
})

test.each([
  'READONLY You cannot write',
  'LOADING Redis is loading',
  'OOM command not allowed',
  'NOPERM no',
  'MOVED 1 a:1',
  'BUSY',
])('a store that says %s is a miss', async (error) => {
  const { onezone, server, a, calls } = await startSharedRig()
  server.faults = { ...server.faults, error }
  const token = onezone.createTemporaryToken({ subject: ALICE })
  expect(await a.ask(token)).toEqual(['accepted', 'onezone'])
  expect(await a.ask(token)).toEqual(['accepted', 'cache'])
  expect(calls()).toBe(1)
})

test('a message that is forged, repeated, or one of a flood, ends nothing', async () => {
  const { onezone, server, a, b, pass } = await startSharedRig()
  const token = onezone.createTemporaryToken({ subject: ALICE })
  await a.ask(token)
  await b.ask(token)
  a.verification.invalidate({ subject: ALICE })
  await pass(0)
  expect(b.takenBack).toHaveLength(1)
  await pass(1)
  await b.ask(token)
  const said = server.written.findLast((line) => line.includes(':ev:')) ?? ''
  const [channel = '', message = ''] = said.split(' ')
  for (let i = 0; i < 20; i++) server.say(channel, message)
  server.say(channel, message.slice(0, -1) + (message.endsWith('A') ? 'B' : 'A'))
  await pass(0)
  expect(b.takenBack).toHaveLength(1)
  expect(await b.ask(token)).toEqual(['accepted', 'cache'])
  for (let i = 0; i < 3_000; i++) server.say(channel, '1.AAAA.AAAAAAAAAAAAAAAAAAAAAA')
  await pass(0)
  expect(b.rejected).toContain('flood')
  expect(await b.ask(token)).toEqual(['accepted', 'cache'])
})

test('while secrets are exchanged, who knows both reads both', async () => {
  const { onezone, a, open, pass, calls } = await startSharedRig(1)
  const later = open('later', { secret: [OTHER_SECRET, SECRET] })
  const foreign = open('foreign', { secret: OTHER_SECRET + '!' })
  await pass(1_000)
  const token = onezone.createTemporaryToken({ subject: ALICE })
  await a.ask(token)
  expect(await later.ask(token)).toEqual(['accepted', 'shared'])
  expect(await foreign.ask(token)).toEqual(['accepted', 'onezone'])
  expect(calls()).toBe(2)
})

test('what one operator takes back with its fingerprint, or with everything, the other must prove anew', async () => {
  const { onezone, a, b, pass, calls, settle } = await startSharedRig()
  const { token } = onezone.createNamedToken({ subject: ALICE, name: 'a name' })
  const { fingerprint } = parseToken(token)
  for (const selector of [{ fingerprint }, { all: true }] as const) {
    await a.ask(token)
    await b.ask(token)
    await pass(1_000)
    const { told } = b.verification.invalidate(selector)
    await settle()
    expect(await told).toEqual({ told: 1, peers: 1 })
    const asked = calls()
    expect(await a.ask(token)).toEqual(['accepted', 'onezone'])
    expect(calls()).toBe(asked + 1)
    await pass(1_000)
  }
})

test('no token outlives the end that whoever proved it was told, on a host whose clock is behind', async () => {
  const { onezone, a, b, pass, clock } = await startSharedRig()
  const token = onezone.createTemporaryToken({ subject: ALICE, validForSeconds: 8 })
  await a.ask(token)
  expect(await b.ask(token)).toEqual(['accepted', 'shared'])
  for (let at = 0; at < 12; at++) {
    await pass(1_000)
    if (clock.now() >= onezone.now()) {
      const [outcome] = await b.ask(token)
      if (at >= 8) expect(outcome).toBe('token_expired')
    }
  }
})
