import { setTimeout as sleep } from 'node:timers/promises'

import { WebSocket } from 'undici'

import type { TrafficContext } from './traffic-kinds.ts'

/** Nothing comes later than that which comes at all. */
const PATIENCE_MS = 30_000

const NORMAL = 1000

/**
 * Opens a WebSocket, sends each message once the one before has come back, and closes it.
 *
 * @param pauseMs After each message, in milliseconds.
 * @throws {Error} if it is not opened, if anything but the same bytes comes back, or if it is not closed as it should
 *   be.
 */
export async function converse(
  { url, headers, dispatcher }: TrafficContext,
  messages: readonly (string | Buffer)[],
  pauseMs: number,
): Promise<void> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, dispatcher })
  socket.binaryType = 'arraybuffer'
  const events = createEvents(socket)
  try {
    if ((await events.next()) !== 'open') throw new Error('it was not opened')
    for (const message of messages) {
      socket.send(message)
      const echo = await events.next()
      if (!isSame(message, echo)) throw new Error(`a message came back as ${describe(echo)}`)
      await sleep(pauseMs)
    }
    socket.close(NORMAL)
    const end = await events.next()
    if (end !== NORMAL) throw new Error(`it ended with ${describe(end)}`)
  } finally {
    if (socket.readyState !== socket.CLOSED) socket.close()
  }
}

/** What happens on a WebSocket: `open`, a message, or the code of its end. */
type SocketEvent = 'open' | { readonly message: unknown } | number

interface Events {
  /** The next one. Rejects if there is none in time. */
  next(): Promise<SocketEvent>
}

function createEvents(socket: WebSocket): Events {
  const happened: SocketEvent[] = []
  let notify = (): void => {}
  const add = (event: SocketEvent): void => {
    happened.push(event)
    notify()
  }
  socket.onopen = () => add('open')
  socket.onmessage = ({ data }) => add({ message: data })
  socket.onclose = ({ code }) => add(code)
  return {
    async next() {
      const event = happened.shift()
      if (event !== undefined) return event
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('nothing came')), PATIENCE_MS)
        notify = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      return this.next()
    },
  }
}

function isSame(sent: string | Buffer, echo: SocketEvent): boolean {
  if (typeof echo !== 'object') return false
  const { message } = echo
  return typeof sent === 'string'
    ? message === sent
    : message instanceof ArrayBuffer && sent.equals(Buffer.from(message))
}

function describe(event: SocketEvent): string {
  return typeof event === 'object' ? 'something else' : `the event ${event}`
}
