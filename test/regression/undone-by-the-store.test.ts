import { expect, test } from 'vitest'

import { createTakenBack } from '../../src/store/taken-back.ts'
import { parseToken } from '../../src/token/index.ts'
import { ALICE } from '../helpers/onezone.ts'
import { NO_FAULTS } from '../store/memory-server.ts'
import { startSharedRig } from '../store/shared-rig.ts'

const OUT_OF_MEMORY = { ...NO_FAULTS, error: 'OOM' }

// An operator took back what the gateway in question knew nothing of, and the store did not take that in: what others
// had asked before was found in the store, and counted.
test.each([{ subject: ALICE }, { all: true }] as const)(
  'what was taken back here is not found in a store that was not told: %j',
  async (selector) => {
    const { onezone, server, a, b, calls, pass } = await startSharedRig()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await a.ask(token)
    await pass(1_000)
    server.faults = OUT_OF_MEMORY
    b.verification.invalidate(selector)
    await pass(0)
    server.faults = NO_FAULTS
    expect(calls()).toBe(1)
    expect(await b.ask(token)).toEqual(['accepted', 'onezone'])
    expect(calls()).toBe(2)
  },
)

test('nor is what another one has said is taken back, whoever lost that since', async () => {
  const { onezone, server, gates, calls, pass } = await startSharedRig(3)
  const [a, b, c] = gates
  const token = onezone.createTemporaryToken({ subject: ALICE })
  await a?.ask(token)
  await pass(1_000)
  b?.verification.invalidate({ subject: ALICE })
  await pass(0)
  server.evict((name) => name.endsWith(':i'))
  expect(await c?.ask(token)).toEqual(['accepted', 'onezone'])
  expect(calls()).toBe(2)
})

test('a token that Onezone would not have here any more is not taken from elsewhere', async () => {
  const { onezone, server, a, b, calls, pass } = await startSharedRig()
  const token = onezone.createTemporaryToken({ subject: ALICE })
  for (const gate of [a, b]) await gate.ask(token)
  await pass(1_000)
  server.faults = OUT_OF_MEMORY
  const { fingerprint } = parseToken(token)
  b.verification.invalidate({ fingerprint })
  await pass(0)
  server.faults = NO_FAULTS
  expect(await b.ask(token)).toEqual(['accepted', 'onezone'])
  expect(calls()).toBe(2)
})

test('of more names than are kept all is as if it was taken back with the last that had to go', () => {
  const takenBack = createTakenBack(2)
  expect(takenBack.last('a')).toBeNull()
  takenBack.note('a', 1)
  takenBack.note('b', 2)
  takenBack.note('a', 3)
  takenBack.note('a', 1)
  expect([takenBack.last('a'), takenBack.last('b', 'a'), takenBack.last('c')]).toEqual([3, 3, null])
  takenBack.note('c', 4)
  expect([takenBack.last('a'), takenBack.last('b'), takenBack.last('x')]).toEqual([3, 2, 2])
})
