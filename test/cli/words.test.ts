import { describe, expect, test } from 'vitest'
import { describeCaveat } from '../../src/cli/caveat-words.ts'
import { warnOfOldNode } from '../../src/cli/log.ts'
import { momentAndDistance } from '../../src/cli/moment.ts'
import { columns, printable } from '../../src/cli/terminal.ts'
import { silentLogger } from '../../src/logger.ts'
import type { Caveat } from '../../src/token/index.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const NOW = NOW_MS / 1000

describe('momentAndDistance', () => {
  test.each([
    [NOW, 'in 0 seconds'],
    [NOW + 59, 'in 59 seconds'],
    [NOW + 60, 'in 1 minute'],
    [NOW + 7199, 'in 1 hour'],
    [NOW - 86_400, '1 day ago'],
    [NOW + 800 * 86_400, 'in 2 years'],
  ])('%d is %s', (seconds, distance) => {
    expect(momentAndDistance(seconds, NOW_MS)).toMatch(
      new RegExp(String.raw`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d, ${distance}$`),
    )
  })

  test.each([8.64e12, -8.64e12, 1e300])('%d is beyond or at the end of the calendar', (seconds) => {
    expect(momentAndDistance(seconds, NOW_MS)).toEqual(expect.any(String))
  })
})

test('every caveat has words', () => {
  const table: [Caveat, string][] = [
    [{ type: 'ip', whitelist: ['10.0.0.0/8'] }, 'ip: only from 10.0.0.0/8'],
    [{ type: 'asn', whitelist: [1, 2] }, 'asn: only from autonomous systems 1 or 2'],
    [{ type: 'geo.country', filter: 'blacklist', list: ['PL'] }, 'geo.country: not from PL'],
    [{ type: 'geo.region', filter: 'whitelist', list: ['EU'] }, 'geo.region: only from EU'],
    [{ type: 'service', whitelist: ['opw-*'] }, 'service: only at opw-*'],
    [{ type: 'consumer', whitelist: ['usr-a'] }, 'consumer: only by usr-a'],
    [{ type: 'interface', interface: 'rest' }, 'interface: only by rest'],
    [{ type: 'api', whitelist: ['all/all/*'] }, 'api: only all/all/*'],
    [{ type: 'data.readonly' }, 'data.readonly: data may be read, not changed'],
    [{ type: 'data.path', whitelist: ['L2E='] }, 'data.path: only below "/a"'],
    [{ type: 'data.objectid', whitelist: ['00'] }, 'data.objectid: only below 00'],
    [{ scope: 'identityToken' }, 'authorization = none: says who, and allows nothing'],
    [
      { type: 'unknown', text: 'x = 1' },
      'unknown: "x = 1"; the token cannot be used while this is not understood',
    ],
  ]
  for (const [caveat, words] of table) expect(describeCaveat(caveat, NOW_MS)).toBe(words)
  const time: Caveat = { type: 'time', validUntil: NOW - 60 }
  expect(describeCaveat(time, NOW_MS)).toMatch(/^time: before .*, 1 minute ago$/)
})

test('control characters and lone surrogates become visible, text stays', () => {
  expect(printable('a\u001b[31m\r\u009b\u202e\ud800é')).toBe(
    'a\\u001b[31m\\u000d\\u009b\\u202e\\ud800é',
  )
  expect(printable('plain "text"')).toBe('plain "text"')
})

test('columns are aligned, without spaces at the ends of lines', () => {
  expect(columns([['a', 'b'], ['ccc', ''], []])).toEqual(['a    b', 'ccc', ''])
})

test.each([
  ['20.20.2', 1],
  ['22.0.0', 0],
  ['24.1.0', 0],
])('Node %s gives %d warnings', (version, count) => {
  const lines: string[] = []
  warnOfOldNode({ ...silentLogger, warn: (_, message) => lines.push(message) }, version)
  expect(lines).toHaveLength(count)
})
