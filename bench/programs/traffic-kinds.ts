import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import type { CloseEvent, Dispatcher, MessageEvent } from 'undici'
import { request, WebSocket } from 'undici'

/** What a kind of traffic goes to, and as whom. */
export interface TrafficContext {
  /** Of the route, without a slash at the end. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Dispatcher
}

/** One of the kinds of long traffic that a gateway carries. */
export interface TrafficKind {
  readonly name: string
  /** How many of them go on at any time. */
  readonly atOnce: number
  /** Does one, from the request to its end. Rejects if it did not go as it should. */
  once(context: TrafficContext): Promise<void>
}

const MEBIBYTE = 1024 * 1024
const BODY_BYTES = 8 * MEBIBYTE
const PIECE = Buffer.alloc(64 * 1024, 'x')

/** Between two pieces, in milliseconds: an upload or a download takes a second or more. */
const PAUSE_MS = 10

/** One a second. */
const EVENTS = 20

/** Every other one is binary, and one of those is large. */
const MESSAGES = 25
const LARGE_MESSAGE = 13
const LARGE_MESSAGE_BYTES = 60 * 1024
const MESSAGE_PAUSE_MS = 800

/** Nothing comes later than that which comes at all. */
const PATIENCE_MS = 30_000

/** The code of a WebSocket that ended as it should (RFC 6455 §7.4.1). */
const NORMAL = 1000

/** The kind of which many come a second, at a fixed rate. */
export const SMALL_REQUESTS = 'small requests'

/** What goes on beside the small requests. Another kind is one more entry. */
export const TRAFFIC_KINDS: readonly TrafficKind[] = [
  {
    name: 'uploads of 8 MiB',
    atOnce: 4,
    async once({ url, headers, dispatcher }) {
      const { statusCode, body } = await request(`${url}/upload`, {
        method: 'PUT',
        headers,
        dispatcher,
        body: Readable.from(slowPieces()),
      })
      const text = await body.text()
      expectEqual(statusCode, 200, 'status')
      expectEqual(text, JSON.stringify({ bytes: BODY_BYTES }), 'what arrived')
    },
  },
  {
    name: 'downloads of 8 MiB',
    atOnce: 4,
    async once({ url, headers, dispatcher }) {
      const { statusCode, body } = await request(`${url}/download?size=${BODY_BYTES}`, {
        headers,
        dispatcher,
      })
      expectEqual(statusCode, 200, 'status')
      let bytes = 0
      for await (const piece of body) {
        bytes += (piece as Buffer).length
        await sleep(PAUSE_MS)
      }
      expectEqual(bytes, BODY_BYTES, 'bytes')
    },
  },
  {
    name: 'event streams of 20 s',
    atOnce: 32,
    async once({ url, headers, dispatcher }) {
      const { statusCode, body } = await request(`${url}/events?size=${EVENTS}`, {
        headers,
        dispatcher,
      })
      expectEqual(statusCode, 200, 'status')
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
      // Rejects where something else happens, or nothing.
      const next = async (event: string): Promise<Event> => {
        const [happened] = (await once(socket, event, {
          signal: AbortSignal.timeout(PATIENCE_MS),
        })) as [Event]
        return happened
      }
      try {
        await next('open')
        for (let index = 0; index < MESSAGES; index++) {
          const message = index % 2 === 0 ? `message ${index}` : randomBytes(sizeOf(index))
          socket.send(message)
          const echo = (await next('message')) as MessageEvent
          expectEqual(
            Buffer.from(echo.data as string).toString('hex'),
            Buffer.from(message).toString('hex'),
            'echo',
          )
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

function sizeOf(message: number): number {
  return message === LARGE_MESSAGE ? LARGE_MESSAGE_BYTES : 1 + message * 16
}

async function* slowPieces(): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < BODY_BYTES; sent += PIECE.length) {
    yield PIECE
    await sleep(PAUSE_MS)
  }
}

function expectEqual(actual: string | number, expected: string | number, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`)
}
