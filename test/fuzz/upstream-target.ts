import { ChunkReader } from '../../src/upstream/chunk-reader.ts'
import { HeadReader } from '../../src/upstream/head-reader.ts'
import type { ResponseHead } from '../../src/upstream/response-head.ts'
import { expectThat } from './expect-that.ts'
import { readMessage } from './parser.ts'
import type { Target } from './target.ts'

const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`

/** Answers of upstreams: whole and in pieces, and against Node's parser. */
export const upstreamTarget: Target = {
  name: 'upstream',
  corpus: [
    ok('Content-Length: 2\r\n', 'ok'),
    ok(
      'Transfer-Encoding: chunked\r\n',
      '3\r\nabc\r\na;x="y"\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
    ),
    ok('Connection: close\r\n', 'until the end'),
    ok('Keep-Alive: timeout=5, max=100\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n'),
    `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('Content-Length: 1\r\n', 'x')}`,
    'HTTP/1.0 404 Not Found\r\nServer: a\r\n\r\nnothing',
    'HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n',
    'HTTP/1.1 304\r\nETag: "a"\r\n\r\n',
  ],
  words: [
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 101 S\r\n\r\n',
    'HTTP/1.0 ',
    'Content-Length: 2\r\n',
    'Content-Length',
    'Transfer-Encoding: chunked\r\n',
    'chunked',
    'gzip, ',
    'Connection: close\r\n',
    '0\r\n\r\n',
    '1\r\n',
    '5;a=b\r\n',
    'X-A: b\r\n c\r\n',
  ],
  run(text, random) {
    const whole = readAnswer([text])
    const pieces: string[] = []
    for (let at = 0; at < text.length;) {
      const length = 1 + random.below(random.below(3) === 0 ? 3 : 40)
      pieces.push(text.slice(at, at + length))
      at += length
    }
    const parted = readAnswer(pieces)
    expectThat(whole.outcome === parted.outcome, `${whole.outcome}; in pieces: ${parted.outcome}`)
    expectThat(whole.body === parted.body, 'in pieces it has another body')
    if (whole.head !== null && whole.interim === 0 && whole.isComplete) {
      const used = text.slice(0, whole.end)
      const read = readMessage(used, 'response')
      // Read over here and not there: blanks behind the size of a chunk (RFC 9112 §7.1.1, BWS), and a tab behind a
      // value (RFC 9110 §5.6.3, OWS).
      if (read === null && /\n[0-9A-Fa-f]+[\t ]|\t\r\n/.test(used)) return whole.outcome
      // There a coding with a tab behind it is one that it does not know, whose body ends with the connection.
      if (read?.body !== whole.body && /\nTransfer-Encoding:.*\t\r\n/i.test(used))
        return whole.outcome
      expectThat(read !== null, 'the parser of Node refuses it')
      expectThat(read.status === whole.head.status, 'another status')
      expectThat(read.body === whole.body, 'another body')
      expectThat(read.rawHeaders.join('\n') === whole.head.fields.join('\n'), 'other fields')
    }
    return whole.outcome
  },
}

interface Read {
  readonly outcome: string
  readonly head: ResponseHead | null
  readonly body: string
  readonly interim: number
  /** Whether the end of the body was found. */
  readonly isComplete: boolean
  readonly end: number
}

/** Reads an answer to a GET as a connection does. */
function readAnswer(pieces: readonly string[]): Read {
  const reader = new HeadReader()
  const chunks = new ChunkReader()
  let head: ResponseHead | null = null
  let [body, interim, at, end] = ['', 0, 0, -1]
  const owner = {
    asksToSwitch: false,
    onInterim: () => {
      interim++
      return true
    },
  }
  const sink = {
    onBodyPart(part: Buffer) {
      body += part.toString('latin1')
      return true
    },
  }
  const read = (outcome: string): Read => ({
    outcome,
    head,
    body,
    interim,
    isComplete: end !== -1,
    end,
  })
  for (const piece of pieces) {
    let from = 0
    if (head === null) {
      const found = reader.read(piece, false, owner)
      if (typeof found === 'string') return read('malformed')
      if (found === null) {
        at += piece.length
        continue
      }
      head = found
      from = reader.bodyStart
    }
    const rest = piece.slice(from)
    if (head.body === 'chunked') {
      const stop = chunks.read(Buffer.from(rest, 'latin1'), 0, sink)
      if (stop === -1) return read('a broken body in chunks')
      if (stop !== null) {
        end = at + from + stop
        return read('a body in chunks')
      }
    } else if (head.body === 'until-close') {
      body += rest
    } else {
      const part = rest.slice(0, head.body - body.length)
      body += part
      if (body.length === head.body) {
        end = at + from + part.length
        return read('a body with a length')
      }
    }
    at += piece.length
  }
  return read(
    head === null
      ? 'no whole head'
      : `not at its end: ${typeof head.body === 'number' ? 'length' : head.body}`,
  )
}
