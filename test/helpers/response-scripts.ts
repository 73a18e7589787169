import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

import fc from 'fast-check'

/** What an upstream does once it has a request: these parts one after the other, and then perhaps an end. */
export interface ResponseScript {
  readonly parts: readonly string[]
  readonly ending: 'stay' | 'fin'
  /** Whether every client must take it, or may refuse it. */
  readonly valid: boolean
  readonly method: 'GET' | 'HEAD'
}

/** Plays a script on a connection; where there is none, it only ends. */
export async function playScript(socket: Socket, script: ResponseScript | null): Promise<void> {
  const { parts, ending } = script ?? { parts: [], ending: 'fin' }
  for (const part of parts) {
    socket.write(part, 'latin1')
    // So that it is read before the next one is written, mostly.
    await turn()
    await turn()
  }
  if (ending === 'fin') socket.end()
}

const text = (unit: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...unit), maxLength })

const LETTERS = 'abcXYZ019-_'

/** Fields that frame nothing. */
const field = fc.tuple(
  text(LETTERS, 8).map((name) => `X-${name}`),
  text(`${LETTERS} \t;="\xe9\xff,`, 20).map((value) => value.trim()),
  fc.constantFrom('', ' ', '\t '),
  fc.constantFrom('', ' ', '\t'),
)

const fields = fc
  .array(field, { maxLength: 5 })
  .map((all) => all.map(([name, value, before, after]) => `${name}:${before}${value}${after}\r\n`))
  .map((lines) => lines.join(''))

const body = text(`${LETTERS}\r\n: \0\xe9`, 60)

const chunks = fc
  .array(
    text(`${LETTERS}\r\n`, 12).filter((data) => data !== ''),
    { maxLength: 4 },
  )
  .map((all) => all.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`).join(''))
  .map((all) => `${all}0\r\n\r\n`)

const status = fc.constantFrom(200, 201, 299, 302, 401, 404, 500, 503)

interface Message {
  readonly bytes: string
  readonly ending: 'stay' | 'fin'
}

const byLength = fc.tuple(status, fields, body).map(([code, more, content]): Message => ({
  bytes: `HTTP/1.1 ${code} Some Reason\r\n${more}Content-Length: ${content.length}\r\n\r\n${content}`,
  ending: 'stay',
}))

const inChunks = fc.tuple(status, fields, chunks).map(([code, more, content]): Message => ({
  bytes: `HTTP/1.1 ${code} OK\r\nTransfer-Encoding: chunked\r\n${more}\r\n${content}`,
  ending: 'stay',
}))

const untilClose = fc.tuple(status, fields, body).map(([code, more, content]): Message => ({
  bytes: `HTTP/1.1 ${code} OK\r\n${more}Connection: close\r\n\r\n${content}`,
  ending: 'fin',
}))

const withoutBody = fc.tuple(fc.constantFrom(204, 304), fields).map(([code, more]): Message => ({
  bytes: `HTTP/1.1 ${code} None\r\n${more}\r\n`,
  ending: 'stay',
}))

const afterHints = fc.tuple(fc.nat(3), byLength).map(([count, { bytes, ending }]): Message => ({
  bytes: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(count) + bytes,
  ending,
}))

const message = fc.oneof(byLength, inChunks, untilClose, withoutBody, afterHints)

const toHead = fc.tuple(status, fields, fc.nat(999)).map(([code, more, length]): Message => ({
  bytes: `HTTP/1.1 ${code} OK\r\n${more}Content-Length: ${length}\r\n\r\n`,
  ending: 'stay',
}))

/** What makes two readings of one message, or none. */
const ODD = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  'a',
  '\x7f',
  '\x85',
  '\r\n ',
  'Content-Length: 3\r\n',
  'Content-Length: 5\r\n',
  'content-length:0\r\n',
  'Content-Length : 3\r\n',
  'Content-Length: +3\r\n',
  'Content-Length: 3, 3\r\n',
  'Content-Length:\r\n',
  'X\r\n',
  ': x\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding: xchunked\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Keep-Alive: timeout=5\r\n',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 ',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  '-1\r\n',
  '0x5\r\n',
  'ffffffffffffffff\r\n',
  ';ext="\r\n"\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
] as const

interface Mutation {
  readonly at: number
  readonly removed: number
  readonly added: string
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(400),
  removed: fc.nat(3),
  added: fc.constantFrom('', ...ODD),
})

/** Somewhere at random, but as often where a line begins: that is where it hurts. */
function mutate(bytes: string, { at, removed, added }: Mutation): string {
  const lines = [...bytes.matchAll(/\r\n/g)].map(({ index }) => index + 2)
  const place =
    at % 2 === 0 ? at % (bytes.length + 1) : (lines[at % Math.max(1, lines.length)] ?? 0)
  return bytes.slice(0, place) + added + bytes.slice(place + removed)
}

function cut(bytes: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))]
  at.sort((a, b) => a - b)
  return [...at, bytes.length].map((end, i) => bytes.slice(at[i - 1] ?? 0, end))
}

const places = fc.array(fc.nat(500), { maxLength: 4 })

/** Responses that RFC 9112 allows, cut anywhere. */
export const validScripts: fc.Arbitrary<ResponseScript> = fc
  .oneof(
    fc.record({ message, method: fc.constant('GET' as const) }),
    fc.record({ message: toHead, method: fc.constant('HEAD' as const) }),
  )
  .chain(({ message: { bytes, ending }, method }) =>
    places.map((at) => ({ parts: cut(bytes, at), ending, valid: true, method })),
  )

/** Responses with something wrong somewhere, or with something behind them. All end, so that all are decided. */
export const brokenScripts: fc.Arbitrary<ResponseScript> = fc
  .tuple(message, fc.array(mutation, { minLength: 1, maxLength: 3 }), places)
  .map(([{ bytes }, mutations, at]) => ({
    parts: cut(mutations.reduce(mutate, bytes), at),
    ending: 'fin' as const,
    valid: false,
    method: 'GET' as const,
  }))

/** One of each kind, for cutting at every byte. */
export const SAMPLES: readonly string[] = [
  'HTTP/1.1 200 OK\r\nX-A: \xe9 b\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A:\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\n\r\n',
]

/**
 * Whether it says to continue: undici takes that for an error where it was not asked for, and RFC 9110 §15.2 does not.
 */
export function hasContinue({ parts }: ResponseScript): boolean {
  return parts.join('').includes('HTTP/1.1 100')
}
