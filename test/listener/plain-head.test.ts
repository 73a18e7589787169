import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readPlainHead } from '../../src/listener/plain-head.ts'
import { createParser } from '../helpers/node-parser.ts'
import { headText } from '../helpers/request-heads.ts'

const HOST = 'Host: gw.test\r\n'

describe('a plain head is read', () => {
  test('with its fields in order, repeats kept apart, and blanks around values dropped', () => {
    const text = `GET /a?b=1 HTTP/1.1\r\n${HOST}X-A: \t b c\t \r\nx-a:d\r\nX-Empty:\r\n\r\nrest`
    expect(readPlainHead(text)).toEqual({
      method: 'GET',
      url: '/a?b=1',
      rawHeaders: ['Host', 'gw.test', 'X-A', 'b c', 'x-a', 'd', 'X-Empty', ''],
      section: null,
      bodyStart: text.length - 'rest'.length,
      bodyLength: 0,
      keepsAlive: true,
    })
  })

  test.each([
    [`${HOST}X-A: b c\r\nX-Empty: \r\n`, true],
    [`${HOST}X-A:b\r\n`, false],
    [`${HOST}X-A:  b\r\n`, false],
    [`${HOST}X-A: b \r\n`, false],
    [`${HOST}X-A:\tb\r\n`, false],
    [`${HOST}X-A:\r\n`, false],
  ])('as text, too, where each line of %j is as it would be written', (section, isUsual) => {
    const head = readPlainHead(`GET / HTTP/1.1\r\n${section}\r\nrest`)
    expect(head?.section).toBe(isUsual ? section : null)
  })

  test.each([
    ['Content-Length: 12\r\n', { bodyLength: 12, keepsAlive: true }],
    ['Connection: close\r\n', { bodyLength: 0, keepsAlive: false }],
    ['connection: Keep-Alive\r\n', { bodyLength: 0, keepsAlive: true }],
  ])('of a POST with %j', (field, facts) => {
    expect(readPlainHead(`POST / HTTP/1.1\r\n${HOST}${field}\r\n`)).toMatchObject(facts)
  })

  test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('of a %s that says it has no body', (method) => {
    const head = readPlainHead(`${method} / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`)
    expect(head).toMatchObject({ method, bodyLength: 0 })
  })

  test('under names that fall on one place in the memory of names', () => {
    // Both have the hash of the other: 31 * 'A' + 'b' = 31 * 'B' + 'C'.
    const text = `GET / HTTP/1.1\r\n${HOST}Ab: 1\r\nBC: 2\r\nAb: 3\r\n\r\n`
    const names = readPlainHead(text)?.rawHeaders.filter((_, at) => at % 2 === 0)
    expect(names).toEqual(['Host', 'Ab', 'BC', 'Ab'])
  })
})

describe('a head that is odd is left to a parser', () => {
  test.each([
    ['not whole', `GET / HTTP/1.1\r\n${HOST}`],
    ['cut in its end', `GET / HTTP/1.1\r\n${HOST}\r`],
    ['another method', `PROPFIND / HTTP/1.1\r\n${HOST}\r\n`],
    ['a method in lower case', `get / HTTP/1.1\r\n${HOST}\r\n`],
    ['an absolute target', `GET http://gw.test/ HTTP/1.1\r\n${HOST}\r\n`],
    ['an asterisk', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`],
    ['a blank in the target', `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
    ['a byte beyond ASCII in the target', `GET /\xe4 HTTP/1.1\r\n${HOST}\r\n`],
    ['two blanks', `GET  / HTTP/1.1\r\n${HOST}\r\n`],
    ['HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}\r\n`],
    ['an empty line before it', `\r\nGET / HTTP/1.1\r\n${HOST}\r\n`],
    ['no Host', 'GET / HTTP/1.1\r\nX-A: b\r\n\r\n'],
    ['two Hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`],
    ['a bare line feed', `GET / HTTP/1.1\r\n${HOST}X-A: b\n\r\n`],
    ['a bare carriage return', `GET / HTTP/1.1\r\n${HOST}X-A: b\rc\r\n\r\n`],
    ['a folded line', `GET / HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n\r\n`],
    ['a blank before the colon', `GET / HTTP/1.1\r\n${HOST}X-A : b\r\n\r\n`],
    ['a line without a colon', `GET / HTTP/1.1\r\n${HOST}X-A\r\n\r\n`],
    ['a name that is none', `GET / HTTP/1.1\r\n${HOST}X(A): b\r\n\r\n`],
    ['a NUL in a value', `GET / HTTP/1.1\r\n${HOST}X-A: b\0\r\n\r\n`],
    ['a coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`],
    [
      'a coding and a length',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\ntransfer-encoding: x\r\n\r\n`,
    ],
    ['two lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 3\r\n\r\n`],
    ['a signed length', `POST / HTTP/1.1\r\n${HOST}Content-Length: +3\r\n\r\n`],
    ['a list of lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 3, 3\r\n\r\n`],
    ['an empty length', `POST / HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`],
    ['a body with GET', `GET / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`],
    [
      'an expectation',
      `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
    ],
    ['an upgrade', `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ['an upgrade that Connection does not name', `GET / HTTP/1.1\r\n${HOST}Upgrade: h2c\r\n\r\n`],
    ['a Connection that names fields', `GET / HTTP/1.1\r\n${HOST}Connection: close, x-a\r\n\r\n`],
    ['two Connections', `GET / HTTP/1.1\r\n${HOST}Connection: close\r\nConnection: close\r\n\r\n`],
    ['more fields than most have', `GET / HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(100)}\r\n`],
    ['nothing', ''],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00'],
  ])('%s', (_name, text) => {
    expect(readPlainHead(text)).toBeNull()
  })
})

describe('what is read of any text', () => {
  test('is what the parser of Node reads, to the byte where the next request begins', async () => {
    const parser = createParser()
    let read = 0
    await fc.assert(
      fc.asyncProperty(headText(), async (text) => {
        const head = readPlainHead(text)
        if (head === null || head.bodyStart + head.bodyLength > text.length) return
        read++
        const end = head.bodyStart + head.bodyLength
        const { method, url, rawHeaders } = head
        const body = text.slice(head.bodyStart, end)
        expect(await parser.read(text.slice(0, end))).toEqual({ method, url, rawHeaders, body })
      }),
      { numRuns: Number(process.env['FUZZ_COUNT'] ?? 5_000) },
    )
    expect(read).toBeGreaterThan(100)
  })
})
