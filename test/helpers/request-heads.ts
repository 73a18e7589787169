import fc from 'fast-check'

/** The first ones in nine cases of ten. */
function often<Piece>(good: readonly Piece[], odd: readonly Piece[]): fc.Arbitrary<Piece> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  )
}

/** Pieces that heads are made of, good ones and such as parsers have been at odds over. */
const METHOD = often(['GET', 'POST', 'HEAD'], ['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'get', 'PRI'])
const TARGET = fc.oneof(
  fc.constantFrom('/', '/a?b=c'),
  fc.constantFrom(
    '/',
    '/a?b=c',
    '/a%2fb',
    '//x',
    '/a;b',
    '/a[1]',
    '*',
    'http://gw.test/',
    '/\xe4',
    '/a\tb',
  ),
  fc.string({ maxLength: 12 }).map((text) => `/${text}`),
)
const VERSION = often(['HTTP/1.1'], ['HTTP/1.0', 'HTTP/1.2', 'http/1.1'])
const FIELD = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('X-A: b', 'X-A:', 'X-A:\t b \t', 'X-B: \xe4', 'x-c:d') },
  fc.constantFrom('Content-Length: 3', 'content-length: 0', 'Connection: close'),
  fc.constantFrom(
    'Host: gw.test',
    'Host: other',
    'Content-Length: 3',
    'content-length: 3',
    'Content-Length: 03',
    'Content-Length: +3',
    'Content_Length: 3',
    'Content-Length : 3',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding : chunked',
    'Transfer\xadEncoding: chunked',
    'Connection: close',
    'Connection: keep-alive',
    'Connection: x-a',
    'Upgrade: h2c',
    'Expect: 100-continue',
    'X-A: b',
    'X-A:',
    'X-A:\t b \t',
    ' folded',
    '\tfolded',
    ': nothing',
    'X-\xe4: b',
    'X-A: \xe4',
    'X-A: b\0',
    'X-A: b\x7f',
  ),
  fc
    .tuple(fc.string({ maxLength: 10 }), fc.string({ maxLength: 10 }))
    .map((pair) => pair.join(': ')),
)
const END = often(['\r\n'], ['\n', '\r', '\r\r\n', '\0\r\n'])
const PIECE = fc.constantFrom(
  '',
  '\r\n',
  '\r',
  '\n',
  '\0',
  ':',
  ' ',
  '\t',
  '0',
  'a',
  '\x0b',
  '\x80',
)

/** The text of a request: its head, a body or the beginning of another request, and up to two mutations of that. */
export function headText(): fc.Arbitrary<string> {
  const line = fc.tuple(METHOD, TARGET, VERSION).map((parts) => parts.join(' '))
  const fields = fc.array(fc.tuple(FIELD, END), { maxLength: 4 })
  const rest = fc.constantFrom('', '', 'abc', 'abcGET / HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  const mutation = fc.tuple(fc.nat(400), fc.nat(2), PIECE)
  const plain = fc
    .tuple(line, END, often([true], [false]), fields, rest)
    .map(([first, end, hasHost, others, after]) => {
      const host = hasHost ? 'Host: gw.test\r\n' : ''
      return `${first}${end}${host}${others.flat().join('')}\r\n${after}`
    })
  return fc
    .tuple(
      plain,
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(mutation, { maxLength: 2 })),
    )
    .map(([text, mutations]) =>
      mutations.reduce(
        (all, [at, length, piece]) =>
          all.slice(0, at % (all.length + 1)) + piece + all.slice((at % (all.length + 1)) + length),
        text,
      ),
    )
}
