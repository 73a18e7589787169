import { expect, test } from 'vitest'

import { startLookupRig } from '../helpers/lookup-rig.ts'

// A secret that was replaced and its successor have one record. What became of the one was taken for the other's.

async function setUp(staleIfErrorMs = 0) {
  const rig = await startLookupRig({ staleIfErrorMs })
  const record = { id: 'shared', scopes: ['read'] }
  rig.records.set('old', record).set('new', record)
  expect((await rig.ask('old'))[0]).toBe('may read')
  expect((await rig.ask('new'))[0]).toBe('may read')
  return rig
}

test('a secret that is gone is not granted again because of its successor', async () => {
  const { ask, clock, records } = await setUp()
  records.delete('old')
  clock.advance(10_000)
  expect(await ask('old')).toEqual(['token_invalid', 'token-lookup'])
  for (let seconds = 0; seconds < 12; seconds++) {
    expect((await ask('new'))[0]).toBe('may read')
    expect((await ask('old'))[0]).toBe('token_invalid')
    clock.advance(1_000)
  }
})

test('the successor of a secret that is gone is not refused because of it', async () => {
  const { ask, asked, clock, records } = await setUp()
  records.delete('old')
  clock.advance(9_000)
  asked.length = 0
  expect(await ask('old')).toEqual(['may read', 'cache'])
  await expect.poll(() => ask('old')).toEqual(['token_invalid', 'cache'])
  expect(await ask('new')).toEqual(['may read', 'cache'])
  expect(asked).toEqual(['old'])
})

test('who waits for an answer about the one is judged by an answer about itself', async () => {
  const { ask, clock, records } = await setUp()
  records.delete('old')
  clock.advance(10_000)
  const [old, successor, again] = await Promise.all([ask('old'), ask('new'), ask('old')])
  expect([old[0], successor[0], again[0]]).toEqual(['token_invalid', 'may read', 'token_invalid'])
})

test('a secret that comes back is accepted again', async () => {
  const { ask, clock, records } = await setUp()
  records.delete('old')
  clock.advance(10_000)
  expect((await ask('old'))[0]).toBe('token_invalid')
  records.set('old', { id: 'shared', scopes: ['write'] })
  clock.advance(2_000)
  expect(await ask('old')).toEqual(['may write', 'token-lookup'])
})
