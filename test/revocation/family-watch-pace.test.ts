import { describe, expect, test } from 'vitest'

import type { FamilyRecord } from '../../src/revocation/index.ts'
import { createPromise, createWatchRig, faulty, refused } from './watch-rig.ts'

const numbered = <Value>(count: number, make: (name: string) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(`id${index}`))

const gapsOf = (times: readonly number[]): number[] =>
  times.slice(1).map((time, index) => time - (times[index] ?? 0))

describe('the cost', () => {
  test('is one reading per interval for each subject and each named token in use', async () => {
    const { temporary, named, keepBusy, pass, reads } = createWatchRig()
    const users = numbered(20, (id) => temporary(id))
    const tokens = users.flatMap((_, user) => [named(`t${user}a`), named(`t${user}b`)])
    keepBusy(...users, ...tokens)
    await pass(2_000)
    expect(new Set(reads.map(({ id }) => id)).size).toBe(60)
    for (let interval = 0; interval < 5; interval++) {
      reads.length = 0
      await pass(2_000)
      expect(reads).toHaveLength(60)
    }
  })

  test('is nothing for families that are not used any more', async () => {
    const { temporary, named, keepBusy, rest, pass, reads } = createWatchRig()
    keepBusy(...numbered(10, (id) => temporary(id)), named('tok1'))
    await pass(6_000)
    rest()
    await pass(2_000)
    reads.length = 0
    await pass(60_000)
    expect(reads).toEqual([])
  })

  test('is nothing for families of which one token was used once', async () => {
    const { temporary, pass, reads } = createWatchRig()
    numbered(10, (id) => temporary(id))
    await pass(60_000)
    expect(reads).toEqual([])
  })

  test('is one reading per use where uses are further apart than the interval', async () => {
    const { temporary, pass, clock, ledger, reads } = createWatchRig()
    const family = temporary('alice')
    for (let use = 0; use < 10; use++) {
      await pass(5_000)
      if (use % 2 === 1) ledger.sawAlive(family, clock.monotonic() - 2_500)
      family.usedAtMs = clock.monotonic()
    }
    await pass(5_000)
    expect(reads.length).toBeLessThanOrEqual(10)
    expect(reads.length).toBeGreaterThan(0)
  })

  test('does not grow when what was idle is used again', async () => {
    const { temporary, keepBusy, rest, pass, rhythm } = createWatchRig()
    const family = temporary('alice')
    keepBusy(family)
    await pass(4_250)
    rest()
    await pass(8_000)
    keepBusy(family)
    await pass(4_250)
    expect(Math.min(...gapsOf(rhythm('alice')))).toBeGreaterThanOrEqual(1_750)
  })
})

describe('the rhythm', () => {
  test('is the interval, give or take a tenth and the steps in which the watch looks', async () => {
    let seed = 1
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    const { temporary, keepBusy, pass, rhythm } = createWatchRig({ random })
    keepBusy(...numbered(20, (id) => temporary(id)))
    await pass(60_000)
    const firsts = new Set<number>()
    for (const id of numbered(20, (name) => name)) {
      const gaps = gapsOf(rhythm(id))
      expect(gaps.length).toBeGreaterThanOrEqual(24)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_750)
      expect(Math.max(...gaps)).toBeLessThanOrEqual(2_500)
      firsts.add(rhythm(id).at(-1) ?? 0)
    }
    expect(firsts.size).toBeGreaterThan(3) // what began in step is so no longer
  })

  test('no more readings are under way than it may, and the next begins when one ends', async () => {
    const { temporary, keepBusy, answerWith, pass, reads, mostUnderWay } = createWatchRig({
      concurrency: 3,
    })
    keepBusy(...numbered(10, (id) => temporary(id)))
    const answers: (() => void)[] = []
    answerWith(() => {
      const { promise, resolve } = createPromise<unknown>()
      answers.push(() => resolve({ generation: 1 }))
      return promise
    })
    await pass(2_000)
    expect(reads).toHaveLength(3)
    answers.shift()?.()
    await pass(0)
    await new Promise(setImmediate)
    expect(reads).toHaveLength(4)
    while (answers.length > 0) {
      answers.shift()?.()
      await new Promise(setImmediate)
    }
    expect(reads).toHaveLength(10)
    expect(mostUnderWay()).toBe(3)
  })

  test('a reading that hangs is not joined by another of the same, and holds up no other', async () => {
    const { temporary, keepBusy, answerWith, pass, rhythm } = createWatchRig()
    keepBusy(temporary('alice'), temporary('bob'))
    answerWith((id) => (id === 'alice' ? new Promise(() => {}) : { generation: 1 }))
    await pass(8_000)
    expect(rhythm('alice')).toEqual([0])
    expect(rhythm('bob')).toEqual([0, 2_000, 4_000, 6_000])
  })
})

describe('backing off', () => {
  test('what may not be read is tried ever more seldom, up to five minutes, and no other suffers', async () => {
    const { temporary, keepBusy, answerWith, pass, watch, log, rhythm, outcomes } = createWatchRig()
    keepBusy(temporary('alice'), temporary('bob'), temporary('carol'))
    answerWith((id) => (id === 'alice' ? { generation: 1 } : refused(403)))
    await pass(2_000_000)
    expect(gapsOf(rhythm('bob')).map((gap) => gap / 1_000)).toEqual([
      4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300,
    ])
    expect(new Set(gapsOf(rhythm('alice')))).toEqual(new Set([2_000]))
    expect(outcomes.filter((outcome) => outcome === 'forbidden')).toHaveLength(24)
    expect(watch.state).toBe('active')
    const lines = log.filter(({ message }) => message.includes('may not read'))
    expect(lines.map(({ level, facts }) => [level, facts])).toEqual([
      ['warn', { subject: 'usr-bob' }],
      ['debug', { subject: 'usr-carol' }],
    ])
  })

  test('what may be read again is read at the usual pace', async () => {
    const { named, keepBusy, answerWith, pass, rhythm } = createWatchRig()
    keepBusy(named('tok1'))
    answerWith(() => refused(403))
    await pass(20_000)
    answerWith(() => ({ revoked: false }))
    await pass(14_000)
    expect(gapsOf(rhythm('tok1'))).toEqual([4_000, 8_000, 16_000, 2_000, 2_000])
  })

  test('what may not be read is not tried sooner because it was idle meanwhile', async () => {
    const { named, keepBusy, rest, answerWith, pass, rhythm, log } = createWatchRig()
    const family = named('tok1')
    answerWith(() => refused(403))
    keepBusy(family)
    await pass(15_000)
    rest()
    await pass(6_000)
    keepBusy(family)
    await pass(8_000)
    expect(gapsOf(rhythm('tok1'))).toEqual([4_000, 8_000])
    expect(log.filter(({ message }) => message.includes('may not read'))).toHaveLength(1)
  })

  test('a watch that may read nothing at all says that it is of no use', async () => {
    const { temporary, keepBusy, answerWith, pass, watch, log } = createWatchRig()
    keepBusy(temporary('alice'))
    answerWith(() => refused(403))
    await pass(2_000)
    expect(watch.state).toBe('degraded')
    expect(log.at(-1)).toMatchObject({ level: 'warn', facts: { reason: 'forbidden' } })
    answerWith(() => ({ generation: 1 }))
    await pass(6_000)
    expect(watch.state).toBe('active')
    expect(log.at(-1)).toMatchObject({ level: 'info', facts: { watch: 'active' } })
  })

  test('what may not be read is noticed also where faults came before', async () => {
    const { temporary, keepBusy, answerWith, pass, log } = createWatchRig()
    keepBusy(temporary('alice'))
    answerWith(() => faulty())
    await pass(3_000)
    answerWith(() => refused(403))
    await pass(10_000)
    expect(log.filter(({ message }) => message.includes('may not read'))).toHaveLength(1)
  })

  test('a subject that is not found is tried ever more seldom', async () => {
    const { temporary, keepBusy, answerWith, pass, rhythm } = createWatchRig()
    keepBusy(temporary('alice'))
    answerWith(() => refused(404))
    await pass(35_000)
    expect(gapsOf(rhythm('alice'))).toEqual([4_000, 8_000, 16_000])
  })

  test('faults hold up everything for ever longer, up to a minute, with one reading to see', async () => {
    const { temporary, keepBusy, answerWith, pass, reads, watch, outcomes } = createWatchRig({
      random: () => 1,
    })
    keepBusy(...numbered(30, (id) => temporary(id)))
    answerWith(() => faulty())
    await pass(2_000)
    expect(reads).toHaveLength(8) // those that were sent before the first fault came
    expect(watch.state).toBe('degraded')
    reads.length = 0
    await pass(600_000)
    const gaps = gapsOf(reads.map(({ atMs }) => atMs))
    expect(gaps.slice(0, 7)).toEqual([4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
    expect(reads.length).toBeLessThanOrEqual(14)
    expect(new Set(outcomes)).toEqual(new Set(['fault']))
  })

  test('the pauses of many gateways do not end in step', async () => {
    const firstPause = async (random: () => number) => {
      const { temporary, keepBusy, answerWith, pass, reads } = createWatchRig({ random })
      keepBusy(...numbered(9, (id) => temporary(id)))
      answerWith(() => faulty())
      await pass(5_000)
      return (reads[8]?.atMs ?? 0) - (reads[7]?.atMs ?? 0)
    }
    expect(await firstPause(() => 0)).toBe(1_000)
    expect(await firstPause(() => 0.5)).toBe(1_500)
    expect(await firstPause(() => 1)).toBe(2_000)
  })

  test('one good answer ends the pause, and says so', async () => {
    const { temporary, keepBusy, answerWith, pass, reads, watch, log } = createWatchRig()
    keepBusy(...numbered(30, (id) => temporary(id)))
    answerWith(() => faulty('ERR_ONEZONE_UNREACHABLE'))
    await pass(20_000)
    const lines = log.filter(({ facts }) => facts['watch'] === 'degraded')
    expect(lines.map(({ level, facts }) => [level, facts['reason'], facts['code']])).toEqual([
      ['warn', 'fault', 'ERR_ONEZONE_UNREACHABLE'],
    ])
    expect(lines[0]?.message).toContain('10000 ms')
    answerWith(() => ({ generation: 1 }))
    await pass(60_000)
    expect(watch.state).toBe('active')
    expect(log.at(-1)).toMatchObject({ level: 'info', facts: { watch: 'active' } })
    reads.length = 0
    await pass(10_000)
    expect(reads).toHaveLength(150)
  })

  test('what alone brings faults about holds up the others only briefly', async () => {
    const { temporary, keepBusy, answerWith, pass, rhythm } = createWatchRig()
    keepBusy(temporary('alice'), temporary('bob'))
    answerWith((id) => (id === 'bob' ? faulty('ERR_ONEZONE_STATUS') : { generation: 1 }))
    await pass(60_000)
    expect(rhythm('bob').length).toBeLessThanOrEqual(6)
    expect(rhythm('alice').length).toBeGreaterThanOrEqual(26)
    expect(Math.max(...gapsOf(rhythm('alice')))).toBeLessThanOrEqual(3_750)
  })

  test('a full queue is a fault like any other', async () => {
    const { temporary, keepBusy, answerWith, pass, reads, watch } = createWatchRig()
    keepBusy(...numbered(30, (id) => temporary(id)))
    answerWith(() => faulty('ERR_ONEZONE_OVERLOADED'))
    await pass(3_000)
    expect([reads.length, watch.state]).toEqual([8, 'degraded'])
  })

  test('Onezone gets the peace that it asks for', async () => {
    const { temporary, keepBusy, answerWith, pass, reads } = createWatchRig()
    keepBusy(temporary('alice'), temporary('bob'))
    answerWith(() => faulty('ERR_ONEZONE_STATUS', 45))
    await pass(2_000)
    reads.length = 0
    await pass(44_000)
    expect(reads).toEqual([])
    await pass(2_000)
    expect(reads).toHaveLength(1)
  })

  test('while the breaker keeps questions from Onezone, the watch asks none either', async () => {
    const { temporary, keepBusy, setMayRead, pass, reads, watch, log } = createWatchRig()
    keepBusy(temporary('alice'))
    await pass(2_000)
    setMayRead(false)
    expect(watch.state).toBe('degraded')
    reads.length = 0
    await pass(30_000)
    expect(reads).toEqual([])
    expect(log.filter(({ facts }) => facts['reason'] === 'breaker')).toHaveLength(1)
    expect(log.at(-1)?.message).toContain('10000 ms')
    setMayRead(true)
    await pass(250)
    expect([reads.length, watch.state]).toEqual([1, 'active'])
    expect(log.at(-1)).toMatchObject({ level: 'info' })
  })

  test('a bad watch token is tried twice a minute, and shouted about once', async () => {
    const { temporary, keepBusy, answerWith, pass, reads, watch, log, outcomes } = createWatchRig()
    keepBusy(...numbered(20, (id) => temporary(id)))
    answerWith(() => refused(401))
    await pass(2_000)
    expect(watch.state).toBe('degraded')
    reads.length = 0
    await pass(300_000)
    expect(new Set(gapsOf(reads.map(({ atMs }) => atMs)))).toEqual(new Set([30_000]))
    const errors = () => log.filter(({ level }) => level === 'error')
    expect(errors()).toHaveLength(6) // at once, and then every minute
    expect(new Set(outcomes)).toEqual(new Set(['unauthorized']))
    answerWith(() => ({ generation: 1 }))
    await pass(30_000)
    expect(watch.state).toBe('active')
    reads.length = 0
    await pass(10_000)
    expect([reads.length, errors().length]).toEqual([100, 6])
  })
})

describe('closing', () => {
  test('stops at once: no timer, no reading, and no lesson from those under way', async () => {
    const { temporary, keepBusy, answerWith, pass, time, watch, ledger, reads, outcomes, log } =
      createWatchRig({ concurrency: 1 })
    const families: FamilyRecord[] = [temporary('alice'), temporary('bob')]
    keepBusy(...families)
    const { promise, resolve } = createPromise<unknown>()
    answerWith(() => promise)
    await pass(2_000)
    expect(time.timers).toBe(1)
    watch.close()
    expect(time.timers).toBe(0)
    const lines = log.length
    resolve({ generation: 9 })
    await new Promise(setImmediate)
    await pass(60_000)
    expect([reads.length, outcomes.length, log.length - lines]).toEqual([1, 0, 0])
    expect(families.map((family) => ledger.deathOf(family))).toEqual([null, null])
  })

  test('may happen twice', () => {
    const { watch, time } = createWatchRig()
    watch.close()
    watch.close()
    expect(time.timers).toBe(0)
  })
})
