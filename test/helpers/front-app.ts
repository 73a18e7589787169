import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { onTestFinished } from 'vitest'

import { openRawClient, readResponse } from './raw-client.ts'
import { ACCEPT } from './websocket.ts'

/** A request as it reached the application. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** The application: records what reaches it, answers 200, and takes WebSockets. */
export async function startApp() {
  const seen: Seen[] = []
  const record = ({ method = '', url = '', rawHeaders }: IncomingMessage, body: string): void => {
    const fields = rawHeaders
      .map((name, index): [string, string] => [name.toLowerCase(), rawHeaders[index + 1] ?? ''])
      .filter((_, index) => index % 2 === 0)
    seen.push({ method, url, fields, body })
  }
  const server = createHttpServer({ maxHeaderSize: 64 * 1024 }, (incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
    incoming.on('end', () => {
      record(incoming, body)
      outgoing.end('ok')
    })
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket) => {
    record(incoming, '')
    socket.on('error', () => {})
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
    )
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, port: (server.address() as AddressInfo).port }
}

/** What it had under a name, in lower case. */
export const values = (seen: Seen | undefined, name: string): string[] =>
  (seen?.fields ?? []).filter(([known]) => known === name).map(([, value]) => value)

/** Sends one request, and waits for the end of its connection. */
export async function send(port: number, line: string, fields: readonly string[] = [], body = '') {
  const client = await openRawClient(port)
  const named = fields.some((field) => /^connection:/i.test(field))
  const all = [`Host: 127.0.0.1:${port}`, ...(named ? [] : ['Connection: close']), ...fields]
  if (body !== '') all.push(`Content-Length: ${body.length}`)
  client.send(`${line} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`)
  const text = await (named ? client.until('\r\n\r\n') : client.closed())
  client.socket.destroy()
  return readResponse(text)
}

/** Status, code and number of challenges of an answer. */
export async function told(answer: ReturnType<typeof send>) {
  const { status, body, fields } = await answer
  const challenges = fields.filter(([name]) => name === 'www-authenticate')
  return [status, /"code":"(\w+)"/.exec(body)?.[1] ?? null, challenges.length]
}
