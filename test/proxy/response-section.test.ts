import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createHeaderPolicy } from '../../src/authenticator/index.ts'
import { responseFields } from '../../src/proxy/response-fields.ts'
import { responseSection } from '../../src/proxy/response-section.ts'
import { varyUnlessUnstored } from '../../src/proxy/vary.ts'
import { readResponseHead } from '../../src/upstream/response-head.ts'

const NAMES = [
  'Cache-Control',
  'cache-control',
  'Connection',
  'Content-Type',
  'Date',
  'ETag',
  'Keep-Alive',
  'Link',
  'Proxy-Authenticate',
  'Trailer',
  'Upgrade',
  'Vary',
  'X-Forwarded-For',
  'X-Named',
  'X-Onedata-Subject-Id',
  'X-Request-Id',
]
const VALUES = ['', 'a', 'no-store', 'max-age=1', 'close', 'keep-alive', 'X-Named', '\xe9\tb']

test('the section of a response as text is what its fields make, or is left to them', () => {
  const policy = createHeaderPolicy()
  const field = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES))
  let asText = 0
  fc.assert(
    fc.property(
      fc.array(field, { maxLength: 10 }),
      fc.constantFrom(200, 204, 304, 404),
      fc.constantFrom('', 'X-Auth-Token, Authorization'),
      fc.boolean(),
      (sent, status, vary, hasLength) => {
        const lines = sent.map(([name, value]) => `${name}: ${value}\r\n`).join('')
        const length = hasLength ? 'Content-Length: 0\r\n' : ''
        const text = `HTTP/1.1 ${status} OK\r\n${length}${lines}\r\n`
        const head = readResponseHead(text, 0, text.length - 2, false)
        if (typeof head === 'string' || head.section === null) throw new Error(text)
        const bodyLength = status === 204 || status === 304 ? null : 0
        const { fields, section } = head
        const made = responseSection({ status, fields, section, bodyLength }, policy, vary)
        if (made === null) {
          expect(lines).toMatch(/^vary:|^connection: (?!close|keep-alive|\r)/im)
          return
        }
        asText++
        const expected = responseFields(fields, status, policy)
        if (vary !== '') varyUnlessUnstored(expected.fields, vary)
        if (expected.length === -1 && bodyLength !== null) {
          expected.fields.push('Content-Length', String(bodyLength))
        }
        let written = ''
        for (let i = 0; i + 1 < expected.fields.length; i += 2) {
          written += `${expected.fields[i]}: ${expected.fields[i + 1]}\r\n`
        }
        expect(made.text).toBe(written)
        expect(made.dated).toBe(/^date:/im.test(written))
        expect(made.hasLength).toBe(/^content-length:/im.test(written))
      },
    ),
    { numRuns: 3_000 },
  )
  expect(asText).toBeGreaterThan(500)
})

test.each(['X:a', 'X:  a', 'X: a ', 'X:\ta', 'X:'])(
  'a head with the line %j is not sent on as it came, but field by field',
  (line) => {
    const text = `HTTP/1.1 200 OK\r\nA: b\r\n${line}\r\n\r\n`
    expect(readResponseHead(text, 0, text.length - 2, false)).toMatchObject({ section: null })
  },
)
