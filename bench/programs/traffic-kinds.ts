import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { clearTimeout, setTimeout } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'

import type { CloseEvent, Dispatcher, MessageEvent } from 'undici'
import { request, WebSocket } from 'undici'

import { BODY_BYTES, EVENTS, SMALL_ANSWER } from './small-answer.ts'

/** What a kind of traffic goes to, and as whom. */
interface TrafficContext {
  /** Of the route, without a slash at the end. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Dispatcher
}

/** One of the kinds of traffic that a gateway carries. */
export interface TrafficKind {
  readonly name: string
  /** Does one, from the request to its end. Rejects if it did not go as it should. */
  readonly once: (context: TrafficContext) => Promise<void>
}

/** A kind of which each takes long. */
export interface LongTraffic extends TrafficKind {
  /** How many of them go on at any time. */
  readonly atOnce: number
}

const PIECE = Buffer.alloc(64 * 1024, 'x')

/** Between two pieces, in milliseconds: an upload or a download takes a second or more. */
const PAUSE_MS = 10

/** Every other one is binary, of 5 bytes to 59 KiB. */
const MESSAGES = 25
const MESSAGE_PAUSE_MS = 800

/** Nothing comes later than that which comes at all. */
const PATIENCE_MS = 30_000

/** The code of a WebSocket that ended as it should (RFC 6455 §7.4.1). */
const NORMAL = 1000

/** The kind of which many come a second, at a fixed rate. */
export const SMALL_REQUESTS: TrafficKind = {
  name: 'small requests',
  async once(context) {
    const body = await bodyOf(context, '/files/1')
    expectEqual(await body.text(), SMALL_ANSWER, 'body')
  },
}

/** What goes on beside the small requests. Another kind is one more entry. */
export const LONG_TRAFFIC: readonly LongTraffic[] = [
  {
    name: 'uploads of 8 MiB',
    atOnce: 4,
    async once(context) {
      const upload = { method: 'PUT', body: Readable.from(slowPieces()) } as const
      const body = await bodyOf(context, '/upload', upload)
      expectEqual(await body.text(), JSON.stringify({ bytes: BODY_BYTES }), 'what arrived')
    },
  },
  {
    name: 'downloads of 8 MiB',
    atOnce: 4,
    async once(context) {
      let bytes = 0
      for await (const piece of await bodyOf(context, '/download')) {
        bytes += (piece as Buffer).length
        await sleep(PAUSE_MS)
      }
      expectEqual(bytes, BODY_BYTES, 'bytes')
    },
  },
  {
    name: 'event streams of 20 s',
    atOnce: 32,
    async once(context) {
      const body = await bodyOf(context, '/events')
      const events = Array.from({ length: EVENTS }, (_, event) => `data: ${event}\n\n`)
      expectEqual(await body.text(), events.join(''), 'events')
    },
  },
  {
    name: 'WebSockets of 20 s',
    atOnce: 16,
    async once({ url, headers, dispatcher }) {
      const socket = new WebSocket(`${url}/echo`.replace(/^http/, 'ws'), { headers, dispatcher })
      socket.binaryType = 'arraybuffer'
      // Rejects where it ends before, or nothing happens.
      const next = async (event: string): Promise<unknown> => {
        const over = new AbortController()
        const overdue = setTimeout(() => over.abort(), PATIENCE_MS)
        const first = [event, 'close', 'error'].map((name) =>
          once(socket, name, { signal: over.signal }),
        )
        const [happened] = (await Promise.race(first).finally(() => {
          clearTimeout(overdue)
          over.abort()
        })) as [Event]
        if (happened.type !== event) throw new Error(`${happened.type} instead of ${event}`)
        return happened
      }
      try {
        await next('open')
        for (let index = 0; index < MESSAGES; index++) {
          const message = index % 2 === 0 ? `message ${index}` : randomBytes(5 * index ** 3)
          socket.send(message)
          const { data } = (await next('message')) as MessageEvent
          expectEqual(hexOf(data as string), hexOf(message), 'echo')
          await sleep(MESSAGE_PAUSE_MS)
        }
        socket.close(NORMAL)
        const { code } = (await next('close')) as CloseEvent
        expectEqual(code, NORMAL, 'the end')
      } finally {
        if (socket.readyState !== socket.CLOSED) socket.close()
      }
    },
  },
]

async function bodyOf(
  { url, headers, dispatcher }: TrafficContext,
  path: string,
  more: { readonly method?: 'PUT'; readonly body?: Readable } = {},
): Promise<Dispatcher.ResponseData['body']> {
  const { statusCode, body } = await request(`${url}${path}`, { headers, dispatcher, ...more })
  if (statusCode !== 200) throw new Error(`${statusCode} ${await body.text()}`)
  return body
}

async function* slowPieces(): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < BODY_BYTES; sent += PIECE.length) {
    yield PIECE
    await sleep(PAUSE_MS)
  }
}

const hexOf = (data: string | Buffer): string => Buffer.from(data).toString('hex')

function expectEqual(actual: string | number, expected: string | number, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`)
}
