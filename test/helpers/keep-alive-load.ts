import { connect } from 'node:net'

import { onTestFinished } from 'vitest'

/** Clients that ask again as soon as they are answered, each over one connection for as long as that lasts. */
export interface KeepAliveLoad {
  /** How many requests have been answered to their end. */
  answered(): number
  /** What became of the requests until now. */
  soFar(): LoadReport
  /** Settles when every client has been refused. */
  readonly refused: Promise<void>
  /** Lets each request finish, and ends. */
  stop(): Promise<LoadReport>
}

/** What became of the requests. */
export interface LoadReport {
  readonly answered: number
  /** Requests that were sent, or begun to be, and not answered with 200 to their end: how each ended. */
  readonly lost: readonly string[]
  /** How many connections were closed without a word before their first answer, as one that came too late is. */
  readonly turnedAway: number
  /** How many times a connection was refused; the client ends there, or tries again. */
  readonly refused: number
}

/** Options of {@link startKeepAliveLoad}. */
interface LoadOptions {
  /** Header fields of each request, as lines. */
  readonly fields?: string
  /** Try again where a connection is refused. @default false: the client ends */
  readonly persistent?: boolean
  /** How long a client waits before it asks again; without, it takes a whole processor. @default 0 */
  readonly paceMs?: number
}

const RESPONSE = /^HTTP\/1\.1 (\d+) [^]*?\r\n\r\n/

/** Starts so many clients. Responses must have a Content-Length or chunks. */
export function startKeepAliveLoad(
  url: string,
  clients: number,
  { fields = '', persistent = false, paceMs = 0 }: LoadOptions = {},
): KeepAliveLoad {
  const { hostname, port } = new URL(url)
  const request = `GET /load HTTP/1.1\r\nHost: load\r\n${fields}\r\n`
  const lost: string[] = []
  let answered = 0
  let refused = 0
  let turnedAway = 0
  let stopping = false

  /** One connection; false: nobody is there. */
  function useConnection(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname)
      let connected = false
      let received = ''
      let waiting = false
      let isNew = true
      const ask = (): void => {
        waiting = true
        socket.write(request)
      }
      const goOn = (): void => {
        if (stopping) socket.end()
        // Not on a connection that has ended meanwhile: it would be no loss of the gateway's.
        else if (!socket.readableEnded && !socket.destroyed) ask()
      }
      socket.setNoDelay(true)
      socket.on('connect', () => {
        connected = true
        ask()
      })
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1')
        const head = RESPONSE.exec(received)
        if (head === null || !isComplete(head[0], received.slice(head[0].length))) return
        received = ''
        waiting = false
        isNew = false
        if (head[1] === '200') answered += 1
        else lost.push(`status ${head[1]}`)
        if (/\r\nconnection: close\r\n/i.test(head[0])) socket.end()
        else if (paceMs === 0) goOn()
        else setTimeout(goOn, paceMs)
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        if (!connected) refused += 1
        else if (isNew && received === '') turnedAway += 1
        else if (waiting) lost.push(`closed after ${JSON.stringify(received.slice(0, 60))}`)
        resolve(connected)
      })
    })
  }

  async function runClient(): Promise<void> {
    while (!stopping) {
      const connected = await useConnection()
      if (connected) continue
      if (!persistent) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  const running = Array.from({ length: clients }, runClient)
  const soFar = (): LoadReport => ({ answered, lost: [...lost], turnedAway, refused })
  const stop = async (): Promise<LoadReport> => {
    stopping = true
    await Promise.all(running)
    return soFar()
  }
  onTestFinished(async () => void (await stop()))
  const everybody = Promise.all(running).then(() => {})
  return { answered: () => answered, soFar, refused: everybody, stop }
}

function isComplete(head: string, body: string): boolean {
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1]
  return length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length)
}
