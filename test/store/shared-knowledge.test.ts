import { expect, test } from 'vitest'

import { ALICE } from '../helpers/onezone.ts'
import { startSharedRig } from './shared-rig.ts'

test('what one gateway has asked, another need not ask', async () => {
  const { onezone, a, b, calls } = await startSharedRig()
  const token = onezone.createTemporaryToken({ subject: ALICE })
  expect(await a.ask(token)).toEqual(['accepted', 'onezone'])
  expect(await b.ask(token)).toEqual(['accepted', 'shared'])
  expect(await b.ask(token)).toEqual(['accepted', 'cache'])
  expect(calls()).toBe(1)
})

test('many tokens that one has proven cost the other no question', async () => {
  const { onezone, a, b, calls } = await startSharedRig()
  const tokens = Array.from({ length: 60 }, (_, index) =>
    index % 2 === 0
      ? onezone.createTemporaryToken({ subject: ALICE })
      : onezone.createNamedToken({ subject: ALICE, name: `name ${index}` }).token,
  )
  for (const token of tokens) expect(await a.ask(token)).toEqual(['accepted', 'onezone'])
  const asked = calls()
  for (const token of tokens) expect(await b.ask(token)).toEqual(['accepted', 'shared'])
  expect(calls()).toBe(asked)
})

test('a family in use is refreshed by one of them for all, and no fact passes the bound', async () => {
  const { onezone, a, b, calls, pass } = await startSharedRig()
  const token = onezone.createTemporaryToken({ subject: ALICE })
  await a.ask(token)
  await b.ask(token)
  for (let at = 0; at < 60; at++) {
    await pass(1_000)
    for (const gate of [a, b]) expect((await gate.ask(token))[0]).toBe('accepted')
  }
  // Two that did not share would have asked at least 16 times.
  expect(calls()).toBeLessThan(14)
})

test('that one sees a generation end, the other knows at once', async () => {
  const { onezone, a, b, pass } = await startSharedRig()
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const other = onezone.createTemporaryToken({ subject: ALICE })
  await a.ask(token)
  await b.ask(token)
  await pass(1_000)
  onezone.revokeTemporaryTokens(ALICE)
  expect(await a.ask(other)).toEqual(['token_revoked', 'onezone'])
  expect(await b.ask(token)).toEqual(['token_revoked', 'local'])
  expect(b.deaths).toEqual(['token_revoked'])
})

test('that one sees a named token revoked, the other knows at once; that it is back, within the bound', async () => {
  const { onezone, a, b, pass, calls } = await startSharedRig()
  const { token, tokenId } = onezone.createNamedToken({ subject: ALICE, name: 'a name' })
  await a.ask(token)
  await b.ask(token)
  await pass(9_000)
  onezone.setNamedTokenRevoked(tokenId, true)
  expect(await a.ask(token)).toEqual(['accepted', 'cache'])
  await pass(0)
  expect(await b.ask(token)).toEqual(['token_revoked', 'local'])
  const asked = calls()
  onezone.setNamedTokenRevoked(tokenId, false)
  await pass(2_000)
  expect(await b.ask(token)).toEqual(['accepted', 'onezone'])
  expect(calls()).toBe(asked + 1)
  expect(await a.ask(token)).toEqual(['accepted', 'shared'])
})
