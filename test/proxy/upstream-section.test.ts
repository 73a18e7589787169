import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Client, Granted } from '../../src/authenticator/index.ts'
import { createHeaderPolicy } from '../../src/authenticator/index.ts'
import { readPlainHead } from '../../src/listener/plain-head.ts'
import { createFixedFields } from '../../src/proxy/fixed-fields.ts'
import type { UpstreamFieldsInput } from '../../src/proxy/upstream-fields.ts'
import { upstreamFields } from '../../src/proxy/upstream-fields.ts'
import { upstreamSection } from '../../src/proxy/upstream-section.ts'
import type { RequestRecord } from '../../src/routing/index.ts'
import type { UpstreamRequest } from '../../src/upstream/index.ts'
import { writeRequestHead } from '../../src/upstream/request-head.ts'

const POLICIES = [
  createHeaderPolicy(),
  createHeaderPolicy({ forwardToken: true }),
  createHeaderPolicy({ names: { subjectId: 'X-Who' }, reserved: ['X-Of-Another-Route'] }),
  createHeaderPolicy({ passHeaders: ['Remote-User'] }),
]
const DIRECT: Client = Object.freeze({
  address: '10.0.0.1',
  peerIp: '10.0.0.1',
  forwardedFor: '10.0.0.1',
  proto: 'http',
  host: null,
  port: null,
  prefix: '',
})
const PROXIED: Client = { ...DIRECT, forwardedFor: '1.2.3.4, 10.0.0.1', host: 'out', port: '443' }
const FIXED = createFixedFields({ 'X-Api-Key': 'k' }, () => false)

const NAMES = [
  'Accept',
  'authorization',
  'Authorization',
  'cdn-loop',
  'Connection',
  'Content-Length',
  'Cookie',
  'Forwarded',
  'Keep-Alive',
  'Remote-User',
  'TE',
  'X-Api-Key',
  'X-Auth-Token',
  'x-forwarded-for',
  'X-HTTP-Method-Override',
  'X-Named',
  'X-Of-Another-Route',
  'X-Onedata-Subject-Id',
  'X_Onedata-Subject-Id',
  'X-Request-Id',
  'X-Who',
  'X-Real-IP',
]
const VALUES = [
  '',
  'a',
  'Bearer abc',
  'Basic YTpi',
  'keep-alive',
  'a, b',
  '\xe9 \xff',
  'x'.repeat(40),
]

const decision = (client: Client, identityHeaders: readonly string[]): Granted => ({
  outcome: 'granted',
  identity: null,
  identityHeaders,
  source: null,
  askedAtMs: null,
  client,
})
const record = (given: Partial<RequestRecord> = {}): RequestRecord => ({
  method: 'GET',
  httpVersion: '1.1',
  path: '/',
  query: '',
  host: 'gw.test',
  hostName: 'gw.test',
  named: new Set(),
  bodyLength: 0,
  continueOwed: false,
  ...given,
})

/** What leaves, line by line, in an order of its own. */
function linesOf(request: Partial<UpstreamRequest>): string[] | undefined {
  const written = writeRequestHead({
    origin: 'http://up.test',
    path: '/',
    method: 'GET',
    headers: [],
    body: null,
    headersTimeout: 0,
    bodyTimeout: 0,
    ...request,
  })
  return written?.text.split('\r\n').sort()
}

describe('the header section of an upstream request as text', () => {
  test('is what the fields make, whatever the client sends and the route says', () => {
    const field = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES))
    let asText = 0
    fc.assert(
      fc.property(
        fc.array(field, { maxLength: 12 }),
        fc.record({
          policy: fc.constantFrom(...POLICIES),
          client: fc.constantFrom(DIRECT, PROXIED),
          fixed: fc.constantFrom(null, FIXED),
          stripPrefix: fc.constantFrom('', '/api'),
          methodDecides: fc.boolean(),
          upstreamHost: fc.constantFrom(null, 'up.test:81'),
          host: fc.constantFrom('gw.test', 'other.test:8080'),
          named: fc.constantFrom(new Set<string>(), new Set(['x-named'])),
          body: fc.constantFrom(null, 'abc'),
        }),
        (sent, { policy, client, host, named, body, ...rest }) => {
          const lines = sent.map(([name, value]) => `${name}: ${value}\r\n`).join('')
          const head = readPlainHead(`GET / HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`)
          if (head === null) return
          const identityHeaders = policy.state(null)
          const input: UpstreamFieldsInput = {
            ...rest,
            rawHeaders: head.rawHeaders,
            record: record({ host, named, bodyLength: body === null ? 0 : body.length }),
            decision: decision(client, identityHeaders),
            policy,
            requestId: 'r-1',
          }
          const section = head.section === null ? null : upstreamSection(input, head.section)
          expect(section).not.toBeNull()
          asText++
          const method = body === null ? 'GET' : 'POST'
          const about = { method, lastHeaders: identityHeaders, bodyText: body ?? undefined }
          expect(linesOf({ ...about, section: section ?? undefined })).toEqual(
            linesOf({ ...about, headers: upstreamFields(input) }),
          )
        },
      ),
      { numRuns: 3_000 },
    )
    expect(asText).toBeGreaterThan(500)
  })

  const input = (given: Partial<UpstreamFieldsInput> = {}): UpstreamFieldsInput => ({
    rawHeaders: ['Host', 'gw.test', 'Accept', 'a'],
    record: record(),
    decision: decision(DIRECT, []),
    policy: createHeaderPolicy(),
    upstreamHost: null,
    requestId: 'r-1',
    ...given,
  })
  const SENT = 'Host: gw.test\r\nAccept: a\r\n'

  test('states each client and each host as it is, when they take turns', () => {
    const other: Client = Object.freeze({ ...DIRECT, address: '::1', forwardedFor: '::1' })
    for (const client of [DIRECT, other, DIRECT]) {
      for (const host of ['a.test', 'b.test']) {
        const given = input({ record: record({ host }), decision: decision(client, []) })
        const section = upstreamSection(given, SENT) ?? ''
        expect(section.startsWith(`Host: ${host}\r\nAccept: a\r\n`)).toBe(true)
        expect(section).toContain(`\r\nX-Forwarded-For: ${client.forwardedFor}\r\n`)
        expect(section).toContain(`\r\nX-Forwarded-Host: ${host}\r\n`)
      }
    }
  })

  test('leaves to the fields what would end a line, and what stands in lists and traces', () => {
    const protocol = createHeaderPolicy({ credentials: ['bearer', 'websocket-protocol'] })
    expect(upstreamSection(input(), SENT)).not.toBeNull()
    expect(upstreamSection(input({ requestId: 'r\r\nX-Onedata-Subject-Id: bob' }), SENT)).toBeNull()
    expect(upstreamSection(input({ record: record({ host: 'a\r\nb' }) }), SENT)).toBeNull()
    expect(upstreamSection(input({ policy: protocol }), SENT)).toBeNull()
    expect(upstreamSection(input({ traced: FIXED }), SENT)).toBeNull()
  })
})
