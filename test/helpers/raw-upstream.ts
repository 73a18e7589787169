import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'

import { onTestFinished } from 'vitest'

/** A TCP server whose every byte the test decides. */
export interface RawUpstream {
  readonly port: number
  readonly url: string
  /** In the order in which they came. */
  readonly sockets: readonly Socket[]
  /** What each connection received so far, as latin-1. */
  readonly received: readonly string[]
}

/**
 * Starts one.
 *
 * @param answer Called for each empty line that comes, thus for the head of each request; `head` is what came since the
 *   last one.
 */
export async function startRawUpstream(
  answer: (socket: Socket, head: string, connection: number) => void,
): Promise<RawUpstream> {
  const sockets: Socket[] = []
  const received: string[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = sockets.push(socket) - 1
    received.push('')
    let pending = ''
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      received[connection] += text
      pending += text
      for (let end = pending.indexOf('\r\n\r\n'); end !== -1; end = pending.indexOf('\r\n\r\n')) {
        const head = pending.slice(0, end)
        pending = pending.slice(end + 4)
        answer(socket, head, connection)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}`, sockets, received }
}
