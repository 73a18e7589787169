import { describe, expect, test } from 'vitest'

import { startLookupRig } from '../helpers/lookup-rig.ts'

// After an invalidation, the answer about one secret of a record had the others granted with what was known before.

async function setUp(staleIfErrorMs = 0) {
  const rig = await startLookupRig({ staleIfErrorMs })
  rig.records.set('a', { id: 'shared', scopes: ['read', 'write'] })
  rig.records.set('b', { id: 'shared', scopes: ['read', 'write'] })
  for (const secret of ['a', 'b']) expect((await rig.ask(secret))[0]).toBe('may read write')
  rig.clock.advance(1)
  return rig
}

const SELECTORS = [
  { tokenId: 'shared' },
  { family: { tokenId: 'shared' } },
  { subject: { type: 'user', id: 'alice' } },
  { all: true },
] as const

describe.each(SELECTORS)('taking back %j', (selector) => {
  test('has every secret of the record asked about anew', async () => {
    const { ask, asked, clock, records, verification } = await setUp()
    records.set('b', { id: 'shared', scopes: [] })
    verification.invalidate(selector)
    asked.length = 0
    clock.advance(1)
    expect(await ask('a')).toEqual(['may read write', 'token-lookup'])
    expect(await ask('b')).toEqual(['may ', 'token-lookup'])
    expect(await ask('a')).toEqual(['may read write', 'cache'])
    expect(await ask('b')).toEqual(['may ', 'cache'])
    expect(asked).toEqual(['a', 'b'])
  })

  test('lets no secret pass in an outage on what was known before', async () => {
    const { ask, clock, records, verification } = await setUp(60_000)
    verification.invalidate(selector)
    clock.advance(1)
    expect((await ask('a'))[0]).toBe('may read write')
    records.clear()
    await verification.close()
    await expect(ask('b')).rejects.toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
  })
})

test('taking back another record leaves this one alone', async () => {
  const { ask, asked, verification } = await setUp()
  asked.length = 0
  verification.invalidate({ tokenId: 'other' })
  expect(await ask('b')).toEqual(['may read write', 'cache'])
  expect(asked).toEqual([])
})
