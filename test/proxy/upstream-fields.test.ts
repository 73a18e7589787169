import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createHeaderPolicy, foldName } from '../../src/authenticator/index.ts'
import type { RequestRecord } from '../../src/routing/index.ts'
import { upstreamFields } from '../../src/proxy/upstream-fields.ts'
import { AUTHENTICATED, TOKEN } from '../helpers/proxy-rig.ts'
import { expectForwarded, startBench } from '../helpers/proxy-rows.ts'

const H = 'Host: gw.test\r\n'
const NAME = 'X-Onedata-Subject-Id'

/** Names that a back end which builds variables from names cannot tell from ours. */
const FORGED = [
  ['S-001', NAME],
  ['S-002', 'x-ONEDATA-subject-id'],
  ['S-003 (CVE-2025-64484)', 'X_Onedata_Subject_Id'],
  ['S-004', 'X-Onedata_Subject-Id'],
  ['S-005 (CVE-2026-88011)', 'X.Onedata.Subject.Id'],
  ...['`', '!', '~', "'", '^', '|', '*', '+', '#', '$', '%', '&'].map((sign) => [
    'S-006',
    NAME.replaceAll('-', sign),
  ]),
] as [string, string][]

describe('a header field that claims an identity', () => {
  test.each(FORGED)('%s %s never reaches the upstream', async (_id, name) => {
    const bench = await startBench()
    for (const path of ['/app/x', '/pub/x']) {
      const request = await expectForwarded(
        bench,
        `GET ${path} HTTP/1.1\r\n${AUTHENTICATED}${name}: EVILSUBJ\r\n\r\n`,
      )
      expect(request.values('x-onedata-subject-id')).toEqual([path === '/app/x' ? 'alice' : ''])
    }
    expect(bench.upstream.bytes.join('')).not.toContain('EVILSUBJ')
  })

  test('S-007 whatever folds to a name of ours never reaches the upstream', () => {
    const policy = createHeaderPolicy({ names: { subjectId: 'X-Forwarded-User' } })
    const record = { host: 'h', named: new Set(), bodyLength: 0 } as unknown as RequestRecord
    const sign = fc.constantFrom(..."-_.!#$%&'*+^`|~".split(''))
    const name = fc.constantFrom(
      'x-onedata-subject-id',
      'x-onedata-anything',
      'x-forwarded-user',
      'x-forwarded-for',
      'x-real-ip',
      'forwarded',
      'x-auth-token',
      'authorization',
    )
    fc.assert(
      fc.property(name, fc.array(sign), fc.array(fc.boolean()), (plain, signs, upper) => {
        let dashes = 0
        const forged = plain
          .split('')
          .map((c) => (c === '-' ? (signs[dashes++] ?? c) : c))
          .map((c, i) => (upper[i] === true ? c.toUpperCase() : c))
          .join('')
        expect(foldName(forged)).toBe(plain)
        const fields = upstreamFields({
          // An `Authorization` of another scheme is the upstream's, and no identity of ours.
          rawHeaders: [forged, 'Bearer EVILSUBJ'],
          record,
          policy,
          upstreamHost: null,
          requestId: 'r-1',
          decision: {
            outcome: 'granted',
            identity: null,
            identityHeaders: policy.state(null),
            source: null,
            askedAtMs: null,
            client: {
              address: '',
              peerIp: null,
              forwardedFor: '',
              proto: 'http',
              host: null,
              port: null,
              prefix: '',
            },
          },
        })
        expect(fields).not.toContain('Bearer EVILSUBJ')
      }),
      { numRuns: 10_000 },
    )
  })

  test.each(['X-Original-URL', 'x_rewrite_url', 'X-Rewrite-Url'])(
    '%s, by which some servers take another target, never reaches the upstream',
    async (name) => {
      const bench = await startBench()
      await expectForwarded(bench, `GET /pub/x HTTP/1.1\r\n${AUTHENTICATED}${name}: /EVIL\r\n\r\n`)
      expect(bench.upstream.bytes.join('')).not.toContain('EVIL')
    },
  )

  test.each(['X-HTTP-Method-Override', 'X_HTTP_Method', 'X-Method-Override'])(
    '%s passes, but not where the method has chosen the route',
    async (name) => {
      const policy = { token: 'none' } as const
      const bench = await startBench([
        { path: '/read/**', methods: ['POST'], policy },
        { path: '/any/**', policy },
      ])
      const head = `HTTP/1.1\r\n${AUTHENTICATED}${name}: DELETE\r\n\r\n`
      await expectForwarded(bench, `POST /read/x ${head}`)
      expect(bench.upstream.bytes.join('')).not.toContain('DELETE')
      await expectForwarded(bench, `POST /any/x ${head}`)
      expect(bench.upstream.bytes.join('')).toContain(`${name}: DELETE`)
    },
  )

  test('S-008 sent twice, it is stated once, by the gateway', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /app/x HTTP/1.1\r\n${AUTHENTICATED}${NAME}: a\r\n${NAME}: b\r\n\r\n`,
    )
    expect(request.values('x-onedata-subject-id')).toEqual(['alice'])
  })

  test('S-009 is not let through where the verdict has nothing to say about it', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /app/x HTTP/1.1\r\n${AUTHENTICATED}X-Onedata-Groups: admin\r\nX-Onedata-Caveats: []\r\n\r\n`,
    )
    expect(request.values('x-onedata-groups')).toEqual([])
    expect(request.values('x-onedata-caveats')).toEqual([''])
  })

  test('S-010 a public route states that there is none', async () => {
    const bench = await startBench()
    const request = await expectForwarded(bench, `GET /pub/x HTTP/1.1\r\n${H}${NAME}: e\r\n\r\n`)
    const stated = request.fields.filter(([name]) => name.toLowerCase().startsWith('x-onedata-'))
    expect(stated.length).toBe(6)
    expect(stated.every(([, value]) => value === '')).toBe(true)
  })

  test('S-013 (CVE-2026-88004), S-014 hidden in a trailer it goes nowhere', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `POST /app/x HTTP/1.1\r\n${AUTHENTICATED}Transfer-Encoding: chunked\r\nTrailer: X-Onedata-Subject-Id\r\n\r\n` +
        `3\r\nabc\r\n0\r\n${NAME}: EVILSUBJ\r\nX_Onedata_Subject_Id: EVILSUBJ\r\nAuthorization: EVILSUBJ\r\n\r\n`,
    )
    expect(request.body).toBe('abc')
    expect(bench.upstream.bytes.join('')).not.toMatch(/EVILSUBJ|trailer/i)
  })

  test('S-020 (GHSA-w9mr-28mw-j8hg) is stated although Connection names it', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /app/x HTTP/1.1\r\n${AUTHENTICATED}Connection: ${NAME}\r\n\r\n`,
    )
    expect(request.values('x-onedata-subject-id')).toEqual(['alice'])
  })

  test('S-021 what the gateway relies on is there, whatever Connection names', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `POST /app/x HTTP/1.1\r\n${AUTHENTICATED}Content-Length: 3\r\n` +
        `Connection: x-onedata-subject-id, X-Forwarded-For, Host, Authorization, Content-Length\r\n\r\nabc`,
    )
    expect(request.values('host')).toEqual(['gw.test'])
    expect(request.values('x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(request.values('x-onedata-subject-id')).toEqual(['alice'])
    expect(request.body).toBe('abc')
  })

  test('S-027 names of JavaScript have no power', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /app/x HTTP/1.1\r\n${AUTHENTICATED}__proto__: x\r\nconstructor: y\r\nhasOwnProperty: z\r\ntoString: q\r\n\r\n`,
    )
    expect(request.values('x-onedata-subject-id')).toEqual(['alice'])
    expect(request.values('constructor')).toEqual(['y'])
  })
})

describe('other header fields', () => {
  test('S-022 those that Connection names end at the gateway', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /app/x HTTP/1.1\r\n${AUTHENTICATED}X-Custom: 1\r\nConnection: keep-alive, X-Custom\r\nX-Kept: 1\r\n\r\n`,
    )
    expect(request.values('x-custom')).toEqual([])
    expect(request.values('x-kept')).toEqual(['1'])
  })

  test('S-024 hop-by-hop fields end at the gateway', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /app/x HTTP/1.1\r\n${AUTHENTICATED}Proxy-Connection: a\r\nProxy-Authorization: b\r\nProxy_Authorization: b\r\n` +
        'Keep-Alive: timeout=5\r\nTE: trailers\r\nUpgrade: foo\r\nTrailer: x\r\nx-hono-already-sent: 1\r\n\r\n',
    )
    const names = request.fields.map(([name]) => name.toLowerCase())
    expect(names.filter((name) => /proxy|keep-alive|^te$|upgrade|trailer|hono/.test(name))).toEqual(
      [],
    )
  })

  test('S-016 the credential ends at the gateway', async () => {
    const bench = await startBench()
    for (const name of ['X-Auth-Token', 'Macaroon']) {
      await expectForwarded(bench, `GET /app/x HTTP/1.1\r\n${H}${name}: ${TOKEN}\r\n\r\n`)
    }
    expect(bench.upstream.bytes.join('')).not.toContain(TOKEN)
  })

  test('S-016 unless the route forwards it', async () => {
    const bench = await startBench([{ path: '/fwd', policy: { forwardToken: true } }])
    const request = await expectForwarded(
      bench,
      `GET /fwd HTTP/1.1\r\n${H}X-Auth-Token: ${TOKEN}\r\n\r\n`,
    )
    expect(request.values('x-auth-token')).toEqual([TOKEN])
  })

  test('repeats, order, case and every byte of a value are kept', async () => {
    const bench = await startBench()
    const high = Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join('')
    const sent = ['X-B: 2', 'x-a: 1', 'Cookie: a=1', 'X-B: 1', 'Cookie: b=2', `X-High: ${high}`]
    await expectForwarded(bench, `GET /pub/x HTTP/1.1\r\n${H}${sent.join('\r\n')}\r\n\r\n`)
    expect(bench.upstream.bytes[0]).toContain(`\r\n${sent.join('\r\n')}\r\n`)
  })

  test('S-109, S-115, S-116 nobody is believed about the way a request took', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /pub/x HTTP/1.1\r\n${H}X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n` +
        'X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /admin\r\nX_Forwarded_Proto: https\r\nForwarded: for=10.0.0.9\r\nX-Real-IP: 10.0.0.9\r\n\r\n',
    )
    const told = request.fields.filter(([name]) => /forwarded|real/i.test(name))
    expect(Object.fromEntries(told)).toEqual({
      'X-Forwarded-For': '127.0.0.1',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'gw.test',
      'X-Real-IP': '127.0.0.1',
    })
  })

  test('S-110 except a trusted proxy', async () => {
    const bench = await startBench([], { trustedProxies: ['127.0.0.1'] })
    const request = await expectForwarded(
      bench,
      `GET /pub/x HTTP/1.1\r\n${H}X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: api.test\r\n\r\n`,
    )
    expect(request.values('x-forwarded-for')).toEqual(['2.2.2.2, 127.0.0.1'])
    expect(request.values('x-real-ip')).toEqual(['2.2.2.2'])
    expect(request.values('x-forwarded-proto')).toEqual(['https'])
    expect(request.values('x-forwarded-host')).toEqual(['api.test'])
    expect(request.values('host')).toEqual(['gw.test'])
  })
})
