import { describe, expect, test } from 'vitest'

import { createFlights } from '../../src/cache/index.ts'

/** A board, and questions on it that are answered when told. */
function setUp() {
  const flights = createFlights<string, string>()
  const asked: { answer(text: string): void; fail(error: Error): void; counts(): boolean }[] = []
  const share = (key: string, question = key) =>
    flights.share(key, question, (stillCounts) => {
      return new Promise<string>((resolve, reject) => {
        asked.push({ answer: resolve, fail: reject, counts: stillCounts })
      })
    })
  return { flights, asked, share }
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
