import { expect, test } from 'vitest'

import type { Channel, Message } from '../../src/cluster/index.ts'
import { reportUse } from '../../src/cluster/index.ts'
import { takeUseReports } from '../../src/cluster/use-report.ts'
import type { FamilyRef } from '../../src/token/index.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

const ALICE = { type: 'user', id: 'alice' } as const
const named = (id: number): FamilyRef => ({ kind: 'named', tokenId: `t${id}` })

/** What a primary makes of this message. */
function taken(message: object): readonly FamilyRef[] | null {
  let families: readonly FamilyRef[] | null = null
  const channel: Channel = {
    send() {},
    on: (_kind, listener) => listener(JSON.parse(JSON.stringify(message)) as Message, null),
  }
  takeUseReports(channel, (noted) => (families = noted))
  return families
}

/** A worker that has used so many families all the time. */
function setUp(count: number, watchIntervalMs: number | null = 2_000) {
  const time = createFakeTime()
  const sent: Message[] = []
  const used = Array.from({ length: count }, (_, id) => named(id))
  const stop = reportUse(
    { send: (message) => void sent.push(message), on() {} },
    {
      clock: time.clock,
      schedule: time.schedule,
      usedSince: () => used,
      watchIntervalMs: () => watchIntervalMs,
    },
  )
  return { time, pass: time.pass, sent, used, stop }
}

const familiesOf = (message: Message | undefined) => message?.['families'] as FamilyRef[]

test('families of both kinds arrive as they were sent', () => {
  const families: FamilyRef[] = [
    named(1),
    { kind: 'temporary', subject: ALICE, generation: 3 },
    { kind: 'temporary', subject: { type: 'oneprovider', id: 'p' }, generation: 0 },
  ]
  expect(taken({ families })).toEqual(families)
})

test.each([
  [null],
  ['named'],
  [[]],
  [{ kind: 'other', tokenId: 'x' }],
  [{ kind: 'named' }],
  [{ kind: 'named', tokenId: '' }],
  [{ kind: 'named', tokenId: 7 }],
  [{ kind: 'temporary', generation: 1 }],
  [{ kind: 'temporary', subject: ALICE }],
  [{ kind: 'temporary', subject: ALICE, generation: 1.5 }],
  [{ kind: 'temporary', subject: ALICE, generation: '1' }],
  [{ kind: 'temporary', subject: { type: 'nobody', id: null }, generation: 1 }],
  [{ kind: 'temporary', subject: { type: 'user', id: '' }, generation: 1 }],
])('%j is no family and is left out', (malformed) => {
  expect(taken({ families: [malformed, named(1)] })).toEqual([named(1)])
})

test.each([[undefined], [null], ['all'], [{}], [Array.from({ length: 5_001 }, () => named(1))]])(
  'what is no report is ignored',
  (families) => {
    expect(taken({ families })).toBeNull()
  },
)

test('a report goes out once a second, and none any more when that was stopped', async () => {
  const { pass, sent, used, stop, time } = setUp(3)
  await pass(3_000)
  expect(sent).toEqual(Array(3).fill({ kind: 'used', families: used }))
  stop()
  await pass(3_000)
  expect(sent).toHaveLength(3)
  expect(time.timers).toBe(0)
})

test('nothing is sent where nothing was used, or where there is no watch', async () => {
  for (const { pass, sent } of [setUp(0), setUp(3, null)]) {
    await pass(5_000)
    expect(sent).toEqual([])
  }
})

test('where too many are in use they take turns', async () => {
  const { pass, sent, used } = setUp(12_000)
  await pass(3_000)
  expect(sent.map((message) => familiesOf(message).length)).toEqual([5_000, 5_000, 2_000])
  expect(sent.flatMap(familiesOf)).toEqual(used)
  await pass(1_000)
  expect(familiesOf(sent[3])[0]).toEqual(used[0])
})
