import { describe, expect, test } from 'vitest'

import { replaceBetweenMarkers } from '../../bench/performance-page.ts'
import { spreadOf } from '../../bench/ratios.ts'
import { resultToMarkdown } from '../../bench/report.ts'
import type { SuiteResult } from '../../bench/run-suite.ts'
import type { Comparison, Suite } from '../../bench/suite.ts'

const PACE = { seconds: 2, rounds: 2, warmUpSeconds: 1 }

/** A suite whose rows “a” and “b” measured 10, 10 and 12, 14. */
function resultWith(comparison: Pick<Comparison, 'goal'>): SuiteResult {
  const suite: Suite = {
    name: 'suite',
    about: 'two rows',
    columns: [{ key: 'cpu', title: 'CPU', digits: 1 }],
    ratios: [],
    comparisons: [{ title: 'CPU', column: 'cpu', of: 'b', to: 'a', ...comparison }],
    ...PACE,
    quick: PACE,
    open: () => Promise.reject(new Error('not to be opened')),
  }
  const rounds = (...values: number[]): { cpu: number }[] => values.map((cpu) => ({ cpu }))
  return {
    suite,
    pace: PACE,
    rows: [
      { scenario: 'a', rounds: rounds(10, 10) },
      { scenario: 'b', rounds: rounds(12, 14) },
      { scenario: 'c', skipped: 'c is not installed', rounds: [] },
    ],
    notes: [],
  }
}

describe('a report', () => {
  test.each([
    [
      { goal: { atMost: 1.5 } },
      '+30.0 % (half of the rounds: +20.0 % to +40.0 %); goal: at most +50.0 %, met',
    ],
    [{ goal: { atMost: 1 } }, 'goal: at most +0.0 %, **missed** by 30 %'],
    [
      { goal: { atLeast: 1.2 } },
      '1.3 × (half of the rounds: 1.2 × to 1.4 ×); goal: at least 1.2 ×, met',
    ],
    [{ goal: { atLeast: 2 } }, 'goal: at least 2.0 ×, **missed** by 35 %'],
  ])('says of the goal %j: %s', (comparison, text) => {
    expect(resultToMarkdown(resultWith(comparison)).join('\n')).toContain(text)
  })

  test('shows medians, and says why a row is missing instead of showing it', () => {
    const lines = resultToMarkdown(resultWith({}))
    const rows = lines.filter((line) => line.startsWith('| ')).map((line) => line.split(/\s*\|\s*/))
    expect(rows.map(([, name, value]) => [name, value])).toEqual([
      ['', 'CPU'],
      ['---', '---:'],
      ['a', '10.0'],
      ['b', '13.0'],
    ])
    expect(lines).toContain('* c: not measured, c is not installed')
  })
})

test('a spread is not moved by a single round that went wrong', () => {
  const spread = spreadOf([10, null, 11, 12, 10, 11, 12, 11, 9_000])
  expect(spread).toEqual({ median: 11, lower: 11, upper: 12 })
  expect(spreadOf([null])).toBeNull()
})

describe('the page of the results', () => {
  test('gets what is between its markers replaced, and nothing else', () => {
    const text = 'before\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nafter'
    const expected = 'before\n<!-- bench:x -->\n\nnew\n\n<!-- /bench:x -->\nafter'
    expect(replaceBetweenMarkers(text, 'x', 'new')).toBe(expected)
  })

  test.each(['', '<!-- bench:x -->', '<!-- /bench:x --><!-- bench:x -->', '<!-- /bench:x -->'])(
    'is left alone if its markers are %j',
    (text) => {
      expect(() => replaceBetweenMarkers(text, 'x', 'new')).toThrow('must hold')
    },
  )
})
