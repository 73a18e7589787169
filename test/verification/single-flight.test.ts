import { describe, expect, test } from 'vitest'

import { createSingleFlight } from '../../src/verification/single-flight.ts'

/** A board, and questions on it that are answered when told. */
function setUp() {
  const flights = createSingleFlight<string, string>()
  const asked: { answer(text: string): void; fail(error: Error): void; counts(): boolean }[] = []
  const send = (key: string, question = key, sentAtMs = 0) =>
    flights.send(key, question, sentAtMs, (stillCounts) => {
      return new Promise<string>((resolve, reject) => {
        asked.push({ answer: resolve, fail: reject, counts: stillCounts })
      })
    })
  const share = (key: string, question = key) => flights.underWay(key) ?? send(key, question)
  return { flights, asked, share, send }
}

describe('a question under way', () => {
  test('is shared by all who ask the same', async () => {
    const { asked, share, flights } = setUp()
    const answers = [share('a'), share('a'), share('b')]
    expect(asked).toHaveLength(2)
    expect(answers[0]).toBe(answers[1])
    expect(flights.underWay('a')).toBe(answers[0])
    asked[0]?.answer('first')
    asked[1]?.answer('second')
    expect(await Promise.all(answers)).toEqual(['first', 'first', 'second'])
  })

  test('is forgotten when it has landed, so that nothing is remembered here', async () => {
    const { asked, share, flights } = setUp()
    const answer = share('a')
    asked[0]?.answer('yes')
    await answer
    expect(flights.underWay('a')).toBeNull()
    void share('a')
    expect(asked).toHaveLength(2)
  })

  test('that fails fails for all who share it, and is forgotten as well', async () => {
    const { asked, share, flights } = setUp()
    const answers = [share('a'), share('a')]
    asked[0]?.fail(new Error('no answer'))
    const settled = await Promise.allSettled(answers)
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(flights.underWay('a')).toBeNull()
  })

  test('is forgotten before those who wait for it go on', async () => {
    const { asked, share, flights } = setUp()
    const seen = share('a').then(() => flights.underWay('a'))
    asked[0]?.answer('yes')
    expect(await seen).toBeNull()
  })
})

describe('a question that was disowned', () => {
  test('still answers those who wait, is told so, and is shared with nobody new', async () => {
    const { asked, share, flights } = setUp()
    const first = share('a', 'about alice')
    const other = share('b', 'about bob')
    flights.disown((_key, question) => question === 'about alice')
    expect([asked[0]?.counts(), asked[1]?.counts()]).toEqual([false, true])
    const second = share('a', 'about alice')
    expect(asked).toHaveLength(3)
    expect(asked[2]?.counts()).toBe(true)
    asked[0]?.answer('old')
    expect(await first).toBe('old')
    expect(flights.underWay('a')).toBe(second)
    expect(flights.underWay('b')).toBe(other)
  })
})

describe('a later question about the same', () => {
  test('is the one that is shared, by those for whom it was sent late enough', () => {
    const { flights, send } = setUp()
    void send('a', 'a', 1_000)
    expect(flights.underWay('a', 1_001)).toBeNull()
    const later = send('a', 'a', 2_000)
    expect(flights.underWay('a')).toBe(later)
    expect(flights.underWay('a', 2_000)).toBe(later)
    expect(flights.underWay('a', 2_001)).toBeNull()
  })

  test('ends the earlier one when it is answered first', async () => {
    const { flights, asked, send } = setUp()
    const earlier = send('a', 'a', 1_000)
    const later = send('a', 'a', 2_000)
    asked[1]?.answer('later')
    expect(await later).toBe('later')
    expect(asked[0]?.counts()).toBe(false)
    expect(flights.underWay('a')).toBeNull()
    asked[0]?.answer('earlier')
    expect(await earlier).toBe('earlier')
  })

  test('leaves the earlier one alone when it is answered last, or fails', async () => {
    for (const first of [0, 1]) {
      const { flights, asked, send } = setUp()
      const answers = [send('a', 'a', 1_000), send('a', 'a', 2_000)]
      if (first === 0) asked[0]?.answer('yes')
      else asked[1]?.fail(new Error('no answer'))
      await Promise.allSettled([answers[first]])
      const other = 1 - first
      expect(asked[other]?.counts()).toBe(true)
      expect(flights.underWay('a')).toBe(answers[other])
    }
  })

  test('is disowned together with the earlier one', () => {
    const { flights, asked, send } = setUp()
    for (const sentAtMs of [1_000, 2_000]) void send('a', 'a', sentAtMs)
    flights.disown(() => true)
    expect(asked.map((each) => each.counts())).toEqual([false, false])
    expect(flights.underWay('a')).toBeNull()
  })
})
