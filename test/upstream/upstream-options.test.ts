import { describe, expect, test } from 'vitest'

import type { UpstreamOptions } from '../../src/upstream/index.ts'
import { readUpstreamOptions } from '../../src/upstream/index.ts'

const DEFAULTS = {
  retries: 2,
  maxConnections: 256,
  host: null,
  keepAliveMs: 4_000,
  maxConnectionAgeMs: 60_000,
  ejection: { failures: 3, baseMs: 5_000, maxMs: 60_000 },
  healthCheck: null,
  tls: {},
}

describe('upstreams', () => {
  test('may be one URL, a list, or a group', () => {
    for (const [given, urls] of [
      ['http://a/', ['http://a']],
      [
        ['http://a', 'http://b'],
        ['http://a', 'http://b'],
      ],
      [{ urls: ['http://a'], ejection: {}, tls: {} }, ['http://a']],
    ] as const) {
      const { targets, ...rest } = readUpstreamOptions(given)
      expect(targets.map(({ url }) => url)).toEqual(urls)
      expect(rest).toEqual(DEFAULTS)
    }
  })

  test('are checked every 10 s for 200 to 299 within 2 s, where only a path is given', () => {
    const { healthCheck } = readUpstreamOptions({ urls: ['http://a'], healthCheck: { path: '/' } })
    expect(healthCheck).toEqual({
      path: '/',
      host: null,
      intervalMs: 10_000,
      timeoutMs: 2_000,
      expect: [],
    })
  })

  test.each<[Partial<UpstreamOptions>, string]>([
    [{ urls: [] }, 'must name at least one URL'],
    [{ urls: ['http://a', 'HTTP://A/'] }, 'must not name one URL twice'],
    [{ urls: ['ftp://a'] }, 'must be a URL that begins with'],
    [{ retries: 6 }, 'must have a whole number from 0 to 5 as "retries"'],
    [{ retries: -1 }, 'must have a whole number from 0 to 5 as "retries"'],
    [{ maxConnections: 0 }, 'must have a whole number from 1 to 65535 as "maxConnections"'],
    [{ maxConnections: 65_536 }, 'must have a whole number from 1 to 65535 as "maxConnections"'],
    [{ maxConnections: 1.5 }, 'must have a whole number from 1 to 65535 as "maxConnections"'],
    [
      { ejection: { failures: 0 } },
      'must have a whole number from 1 to 1000 as "ejection.failures"',
    ],
    [
      { ejection: { baseMs: 0.5 } },
      'must have a whole number from 1 to 3600000 as "ejection.baseMs"',
    ],
    [{ ejection: { baseMs: 60_001 } }, 'has an "ejection.maxMs" that is less than its "baseMs"'],
    [{ healthCheck: { path: 'x' } }, 'must be a path with its query, if any, e.g. /healthz'],
    [{ healthCheck: { path: '//x' } }, 'must be a path with its query, if any, e.g. /healthz'],
    [{ healthCheck: { path: '/x y' } }, 'must be a path with its query, if any, e.g. /healthz'],
    [{ healthCheck: { path: '/x\r\nA: b' } }, 'must be a path with its query, if any'],
    [
      { healthCheck: { path: '/', intervalMs: 99 } },
      'from 100 to 3600000 as "healthCheck.intervalMs"',
    ],
    [{ healthCheck: { path: '/', timeoutMs: 0 } }, 'from 1 to 60000 as "healthCheck.timeoutMs"'],
    [{ healthCheck: { path: '/', expect: [100] } }, 'from 200 to 599 as "healthCheck.expect"'],
    [{ tls: { ca: 'x' } }, 'has "tls", but not all of its URLs begin with https://'],
    [{ urls: ['https://a'], tls: { cert: 'x' } }, 'has only one of "tls.cert" and "tls.key"'],
    [{ urls: ['https://a'], tls: { key: 'x' } }, 'has only one of "tls.cert" and "tls.key"'],
    [{ urls: ['https://a'], tls: { serverName: '::1' } }, 'must be a host name in lower case'],
    [
      { urls: ['https://a'], tls: { serverName: '127.0.0.1' } },
      'must be a host name in lower case',
    ],
    [{ urls: ['https://a'], tls: { serverName: 'A' } }, 'must be a host name in lower case'],
  ])('cannot be %j', (options, problem) => {
    expect(() => readUpstreamOptions({ urls: ['http://a'], ...options })).toThrow(
      expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(problem) }),
    )
  })
})
