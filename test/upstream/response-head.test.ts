import { describe, expect, test } from 'vitest'

import { mayBecomeHead, readResponseHead } from '../../src/upstream/response-head.ts'

const OK = 'HTTP/1.1 200 OK\r\n'

const read = (text: string, toHead: boolean): ReturnType<typeof readResponseHead> =>
  readResponseHead(text, 0, text.length, toHead)

describe('a head', () => {
  test.each([
    ['without fields', OK, { status: 200, fields: [], body: 'until-close', reusableMs: 0 }],
    [
      'without a reason',
      'HTTP/1.1 204 \r\n',
      { status: 204, fields: [], body: 0, reusableMs: Infinity },
    ],
    ['without the space for it', 'HTTP/1.1 204\r\n', { status: 204, body: 0 }],
    ['with a length', `${OK}Content-Length: 12\r\n`, { body: 12, reusableMs: Infinity }],
    ['with a length of 0', `${OK}content-length:0\r\n`, { body: 0 }],
    ['with chunks', `${OK}TRANSFER-ENCODING: Chunked\r\n`, { body: 'chunked' }],
    [
      'keeps names, order and every byte of values',
      `${OK}x-B: \xe9\xff \t q\t \r\nSet-Cookie: a\r\nset-cookie: b\r\nX:\r\n`,
      { fields: ['x-B', '\xe9\xff \t q', 'Set-Cookie', 'a', 'set-cookie', 'b', 'X', ''] },
    ],
    ['keeps a non-breaking space', `${OK}X: \xa0a\xa0\r\n`, { fields: ['X', '\xa0a\xa0'] }],
    [
      'that ends its connection',
      `${OK}Connection: x, Close\r\nContent-Length: 1\r\n`,
      { reusableMs: 0 },
    ],
    [
      'that keeps it',
      `${OK}Connection: keep-alive\r\nContent-Length: 1\r\n`,
      { reusableMs: Infinity },
    ],
    [
      'that keeps it for a time',
      `${OK}Keep-Alive: timeout=5, max=9\r\nContent-Length: 1\r\n`,
      { reusableMs: 4_000 },
    ],
    [
      'that keeps it for too short a time',
      `${OK}Keep-Alive: timeout=1\r\nContent-Length: 1\r\n`,
      { reusableMs: 0 },
    ],
    [
      'of HTTP/1.0',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n',
      { body: 1, reusableMs: 0 },
    ],
    [
      'to which there is no body',
      'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n',
      { body: 0, reusableMs: Infinity },
    ],
    ['interim', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n', { status: 103, body: 0 }],
  ])('%s', (_what, text, expected) => {
    expect(read(text, false)).toMatchObject(expected)
  })

  test('that answers HEAD has no body, whatever its length says', () => {
    expect(read(`${OK}Content-Length: 9\r\n`, true)).toMatchObject({ body: 0 })
    expect(read(`${OK}Transfer-Encoding: chunked\r\n`, true)).toMatchObject({ body: 0 })
  })
})

describe('a head without a body ends its connection where a body may follow all the same:', () => {
  const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n'
  const NOT_MODIFIED = 'HTTP/1.1 304 Not Modified\r\n'
  const LENGTH = 'Content-Length: 9\r\n'
  const CHUNKS = 'Transfer-Encoding: chunked\r\n'

  test.each([
    ['HEAD, a length', `${OK}${LENGTH}`, true],
    ['HEAD, chunks', `${OK}${CHUNKS}`, true],
    ['HEAD, until the end of the connection', OK, true],
    ['204, a length', `${NO_CONTENT}${LENGTH}`, false],
    ['204, chunks', `${NO_CONTENT}${CHUNKS}`, false],
    ['304, a length', `${NOT_MODIFIED}${LENGTH}`, false],
    ['304, chunks', `${NOT_MODIFIED}${CHUNKS}`, false],
    ['HEAD and 304, a length', `${NOT_MODIFIED}${LENGTH}`, true],
  ])('%s', (_what, text, toHead) => {
    expect(read(text, toHead)).toMatchObject({ body: 0, reusableMs: 0 })
  })

  test.each([
    ['HEAD, a length of 0', `${OK}Content-Length: 0\r\n`, true],
    ['HEAD and 204', NO_CONTENT, true],
    ['HEAD and 304', NOT_MODIFIED, true],
    ['204', NO_CONTENT, false],
    ['304', NOT_MODIFIED, false],
  ])('but not %s', (_what, text, toHead) => {
    expect(read(text, toHead)).toMatchObject({ body: 0, reusableMs: Infinity })
  })
})

describe('what could be read in two ways is refused:', () => {
  test.each([
    ['another protocol', 'HTTP/2 200 OK\r\n'],
    ['another version', 'HTTP/1.2 200 OK\r\n'],
    ['lower case', 'http/1.1 200 OK\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n'],
    ['a status of two digits', 'HTTP/1.1 99 OK\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n'],
    ['a status that begins with 0', 'HTTP/1.1 020 OK\r\n'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n'],
    ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\n'],
    ['a line before the status line', `\r\n${OK}`],
    ['no colon', `${OK}Content-Length 5\r\n`],
    ['no name', `${OK}: 5\r\n`],
    ['a space before the colon', `${OK}Content-Length : 5\r\n`],
    ['a name that is no token', `${OK}Content\x85Length: 5\r\n`],
    ['a folded line', `${OK}X: a\r\n b\r\n`],
    ['a folded first line', `${OK} X: a\r\n`],
    ['a bare line feed', `${OK}X: a\nContent-Length: 5\r\n`],
    ['a bare carriage return', `${OK}X: a\rContent-Length: 5\r\n`],
    ['NUL', `${OK}X: a\0b\r\n`],
    ['DEL', `${OK}X: a\x7fb\r\n`],
    ['two lengths', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n`],
    ['a length twice', `${OK}Content-Length: 5\r\nContent-Length: 5\r\n`],
    ['a list of lengths', `${OK}Content-Length: 5, 5\r\n`],
    ['an empty length', `${OK}Content-Length:\r\n`],
    ['a sign', `${OK}Content-Length: +5\r\n`],
    ['less than nothing', `${OK}Content-Length: -5\r\n`],
    ['hexadecimal', `${OK}Content-Length: 0x5\r\n`],
    ['an exponent', `${OK}Content-Length: 5e1\r\n`],
    ['more than can be counted', `${OK}Content-Length: 18446744073709551621\r\n`],
    ['a length beside chunks', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`],
    ['chunks beside a length', `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n`],
    ['chunks twice', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`],
    ['chunked, chunked', `${OK}Transfer-Encoding: chunked, chunked\r\n`],
    ['another coding', `${OK}Transfer-Encoding: gzip, chunked\r\n`],
    ['identity', `${OK}Transfer-Encoding: identity\r\n`],
    ['something like chunks', `${OK}Transfer-Encoding: \x0bchunked\r\n`],
    ['chunks from HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n'],
    ['an interim response with a length', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 1\r\n'],
    ['an interim response that is the last', 'HTTP/1.1 103 Early Hints\r\nConnection: close\r\n'],
    ['an interim response of HTTP/1.0', 'HTTP/1.0 103 Early Hints\r\n'],
    ['too many fields', OK + 'X: 1\r\n'.repeat(501)],
  ])('%s', (_what, text) => {
    const head = read(text, false)
    expect(head).toBeTypeOf('string')
    // The objection goes to a log.
    expect(head).toMatch(/^[a-z ,]+$/)
  })
})

test('an incomplete head is refused as soon as it cannot become one', () => {
  const whole = `${OK}X: a\r\nContent-Length: 5\r\n`
  for (let at = 0; at <= whole.length; at++) expect(mayBecomeHead(whole.slice(0, at), 0)).toBe(true)
  for (const text of ['S', 'HTTP/2', 'HTTP/1.1 200 OK\n', `${OK}X: a\rb`, `${OK}X: a\0`, '\r\n']) {
    expect(mayBecomeHead(text, 0), JSON.stringify(text)).toBe(false)
  }
  // Looked at part by part, a fault across two parts is seen too.
  expect(mayBecomeHead(`${OK}X: a\rb`, `${OK}X: a\r`.length)).toBe(false)
  expect(mayBecomeHead(`${OK}X: a\n`, `${OK}X: a`.length)).toBe(false)
})

test('a head is read where it is, and nothing around it', () => {
  const before = 'HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n'
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'
  const text = `${before}${head}\r\nX: 2\r\n`
  const at = before.length
  expect(readResponseHead(text, at, at + head.length, false)).toMatchObject({
    status: 200,
    fields: ['Content-Length', '2'],
    body: 2,
  })
})
