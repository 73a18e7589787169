import { expect, test } from 'vitest'

import { startLookupRig } from '../helpers/lookup-rig.ts'

// What was taken back was noted in the family's record. When that had to go because there were too many, a secret of
// the family passed again on what the API had said before.

async function setUp() {
  const rig = await startLookupRig({ maxFamilies: 1 })
  rig.records.set('a', { id: 'shared', scopes: ['read'] })
  rig.records.set('b', { id: 'shared', scopes: ['read'] })
  rig.records.set('other', { id: 'other', scopes: ['read'] })
  for (const secret of ['a', 'b']) expect((await rig.ask(secret))[0]).toBe('may read')
  rig.clock.advance(200)
  return rig
}

/** The family's record goes, and there is a new one with a young fact. */
async function replaceRecord({ ask, clock }: Awaited<ReturnType<typeof setUp>>) {
  clock.advance(1)
  await ask('other')
  await ask('a')
}

test('a secret that was taken back is asked about though its family was forgotten since', async () => {
  const rig = await setUp()
  rig.verification.invalidate({ tokenId: 'shared' })
  rig.records.delete('b')
  await replaceRecord(rig)
  expect(await rig.ask('b')).toEqual(['token_invalid', 'token-lookup'])
})

test('so is one from before this machine was suspended', async () => {
  const rig = await setUp()
  rig.clock.jump(86_400_000)
  rig.records.delete('b')
  await replaceRecord(rig)
  expect(await rig.ask('b')).toEqual(['token_invalid', 'token-lookup'])
})
