import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** A server on a raw socket. */
export interface Peer {
  readonly port: number
  /** Everything that it was sent. */
  readonly received: string
  close(): void
}

/** One request as it came. */
export interface PeerRequest {
  readonly head: string
  readonly body: string
}

/** Starts a server that does with each request what it is told. */
export async function startPeer(
  onRequest: (request: PeerRequest, socket: Socket) => void,
): Promise<Peer> {
  let received = ''
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let pending = ''
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      pending += chunk.toString('latin1')
      for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
        const head = pending.slice(0, end)
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
        const last = /^transfer-encoding/im.test(head)
          ? pending.indexOf('0\r\n\r\n', end) + 5
          : end + 4 + length
        if (pending.length < last || last === 4) return
        const body = pending.slice(end + 4, last)
        pending = pending.slice(last)
        onRequest({ head, body }, socket)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    get received() {
      return received
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** The bytes of an answer. */
export function answerOf(
  status: number,
  body: string,
  type: string | null = 'application/json',
): string {
  const field = type === null ? '' : `Content-Type: ${type}\r\n`
  return `HTTP/1.1 ${status} X\r\n${field}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`
}
