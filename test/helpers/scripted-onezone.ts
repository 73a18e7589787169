import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import {
  createOnezoneClient,
  type OnezoneClient,
  type OnezoneClientOptions,
} from '../../src/onezone/index.ts'

/** One request as the server read it from the socket. */
export interface SeenRequest {
  readonly head: string
  readonly body: string
}

export interface ScriptedOnezone {
  readonly url: string
  readonly requests: SeenRequest[]
  /** Everything that was received, complete requests or not. */
  received: string
  connections: number
  closed: number
}

/** What the server does when it has read its n-th request (from 1). */
export type Script = (socket: Socket, count: number, request: SeenRequest) => void

/** A server on a raw socket, so that it can misbehave in any way. It is closed when the test ends. */
export async function scriptedOnezone(script: Script, tls?: TlsOptions): Promise<ScriptedOnezone> {
  const server = tls === undefined ? createServer() : createTlsServer(tls)
  const open = new Set<Socket>()
  const seen: ScriptedOnezone = {
    url: '',
    requests: [],
    received: '',
    connections: 0,
    closed: 0,
  }
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    seen.connections += 1
    open.add(socket)
    let pending = ''
    socket.on('error', () => {})
    socket.on('close', () => {
      open.delete(socket)
      seen.closed += 1
    })
    socket.on('data', (chunk) => {
      seen.received += chunk.toString('latin1')
      pending += chunk.toString('latin1')
      for (;;) {
        const end = pending.indexOf('\r\n\r\n')
        if (end === -1) return
        const head = pending.slice(0, end)
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
        if (pending.length < end + 4 + length) return
        const request = { head, body: pending.slice(end + 4, end + 4 + length) }
        pending = pending.slice(end + 4 + length)
        seen.requests.push(request)
        script(socket, seen.requests.length, request)
      }
    })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of open) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(seen, { url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}` })
}

/** The bytes of an HTTP answer; a body that is no string is sent as JSON. */
export function answer(
  status: number,
  body: unknown,
  headers: Record<string, string | number> = {},
): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const fields = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n${text}`
}

/** The bytes of a 204: like Onezone's, with a media type and without a body. */
export function noContent(): string {
  return 'HTTP/1.1 204 Whatever\r\ncontent-type: application/json\r\n\r\n'
}

export const GRANT = { subject: { type: 'user', id: 'alice' }, ttl: 3600 }

/** A client that is closed when the test ends. */
export function clientOf(url: string, options: Partial<OnezoneClientOptions> = {}): OnezoneClient {
  const client = createOnezoneClient({ url, ...options })
  onTestFinished(() => client.close())
  return client
}

/** What a promise was rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('It was not rejected.')
}
