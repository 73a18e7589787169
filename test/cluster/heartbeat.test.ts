import { describe, expect, test } from 'vitest'

import { startHeartbeat } from '../../src/cluster/heartbeat.ts'
import type { ProcessSight } from '../../src/cluster/process-sight.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

/** A heart that beats by a clock that moves when told, and a worker of which it sees what `look` says. */
function startRig(look: (sinceMs: number) => ProcessSight | null) {
  const { clock, schedule, pass } = createFakeTime()
  const told: [what: string, atMs: number][] = []
  let answers = true
  let sinceMs = clock.monotonic()
  const tell = (what: string) => () =>
    void told.push([what, Math.round(clock.monotonic() - sinceMs)])
  const heart = startHeartbeat({
    ping: () => void (answers && heart.pong()),
    look: () => look(clock.monotonic() - sinceMs),
    onLate: tell('late'),
    onBack: (hung) => tell(hung ? 'back' : 'in time')(),
    onHang: tell('hangs'),
    onGivenUp: tell('given up'),
    clock,
    schedule,
  })
  return {
    heart,
    pass,
    told,
    /** The process that listens to the heart does nothing for so long. */
    jump: (ms: number) => clock.advance(ms),
    /** The worker says nothing from now on. */
    fallSilent: () => {
      answers = false
      sinceMs = clock.monotonic()
    },
    answer: () => {
      answers = true
      heart.pong()
    },
  }
}

const still = (doing: ProcessSight['doing']) => (): ProcessSight => ({ doing, cpuMs: 70 })
const computing =
  (share: number) =>
  (sinceMs: number): ProcessSight => ({ doing: 'runnable', cpuMs: share * sinceMs })

test('a worker that answers is neither late nor looked at', async () => {
  const { pass, told, heart } = startRig(() => expect.unreachable())
  await pass(60_000)
  expect(told).toEqual([])
  expect(heart.hangs).toBe(false)
})

describe('a worker that says nothing', () => {
  test.each(['stopped', 'asleep'] as const)(
    'and is %s gets nothing new after 0.75 s and is given up within 2 s',
    async (doing) => {
      const { pass, told, heart, fallSilent } = startRig(still(doing))
      await pass(1_000)
      fallSilent()
      await pass(10_000)
      expect(told).toEqual([
        ['late', 750],
        ['hangs', 1250],
        ['given up', 1750],
      ])
      expect(heart.hangs).toBe(true)
      expect(heart.silentMs).toBe(10_000)
    },
  )

  test.each([
    ['computes', computing(1)],
    ['waits for a disk', still('held')],
    [
      'is asleep while its other threads compute',
      (ms: number) => ({ ...computing(1)(ms), doing: 'asleep' }) as const,
    ],
    ['does what the system does not say', () => null],
  ] as const)('and %s is given up after four', async (_, look) => {
    const { pass, told, fallSilent } = startRig(look)
    await pass(1_000)
    fallSilent()
    await pass(10_000)
    expect(told.map(([what]) => what)).toEqual(['late', 'hangs', 'given up'])
    expect(told[2]?.[1]).toBeGreaterThanOrEqual(3_500)
    expect(told[2]?.[1]).toBeLessThanOrEqual(4_000)
  })

  test('and wants a processor that it does not get is late, and does not hang', async () => {
    const { pass, told, heart, fallSilent, answer } = startRig(computing(0.01))
    await pass(1_000)
    fallSilent()
    await pass(60_000)
    expect(told).toEqual([['late', 750]])
    answer()
    expect(told).toEqual([
      ['late', 750],
      ['in time', 60_000],
    ])
    expect(heart.hangs).toBe(false)
  })

  test('and computes with a tenth of a processor is given up when it has had as much as others', async () => {
    const { pass, told, fallSilent } = startRig(computing(0.1))
    fallSilent()
    await pass(30_000)
    expect(told.map(([what]) => what)).toEqual(['late', 'hangs'])
    await pass(10_000)
    expect(told.map(([what]) => what)).toEqual(['late', 'hangs', 'given up'])
  })
})

describe('while the process that asks is late itself', () => {
  test.each(['asleep', 'held', 'runnable'] as const)(
    'who is %s is not even late',
    async (doing) => {
      const { jump, pass, told, fallSilent } = startRig(still(doing))
      await pass(1_000)
      fallSilent()
      for (let i = 0; i < 40; i++) {
        jump(500)
        await pass(0)
      }
      expect(told).toEqual([])
    },
  )

  test('who was stopped is found all the same', async () => {
    const { jump, pass, told, fallSilent } = startRig(still('stopped'))
    fallSilent()
    for (let i = 0; i < 8; i++) {
      jump(500)
      await pass(0)
    }
    expect(told.map(([what]) => what)).toEqual(['late', 'hangs', 'given up'])
  })
})

test('who answers again is as good as before', async () => {
  const { heart, pass, told, fallSilent, answer } = startRig(still('stopped'))
  await pass(1_000)
  for (let i = 0; i < 3; i++) {
    fallSilent()
    await pass(1_500)
    expect(heart.hangs).toBe(true)
    answer()
    expect(heart.hangs).toBe(false)
    expect(heart.silentMs).toBe(0)
    await pass(10_000)
  }
  expect(told.map(([what]) => what)).toEqual(Array(3).fill(['late', 'hangs', 'back']).flat())
})

test('one answer that comes late changes nothing', async () => {
  const { pass, told, fallSilent, answer } = startRig(still('asleep'))
  await pass(1_000)
  for (let i = 0; i < 20; i++) {
    fallSilent()
    await pass(700)
    answer()
    await pass(300)
  }
  expect(told).toEqual([])
})

test('after its stop nothing is asked or told', async () => {
  const { heart, pass, told, fallSilent } = startRig(still('stopped'))
  fallSilent()
  heart.stop()
  await pass(10_000)
  expect(told).toEqual([])
})
