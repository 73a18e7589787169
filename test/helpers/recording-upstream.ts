import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'

import { onTestFinished } from 'vitest'

/** One request as its bytes were, read by a parser that knows only what the proxy is allowed to send. */
export interface RecordedRequest {
  readonly line: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  body: string
  /** Whether the body came to its end. */
  complete: boolean
  readonly connection: number
  /** Values of all fields of a name, in any case. */
  values(name: string): string[]
}

export interface RecordingUpstream {
  readonly port: number
  readonly url: string
  readonly requests: readonly RecordedRequest[]
  /** Every byte of every connection. */
  readonly bytes: string[]
  readonly sockets: readonly Socket[]
}

export interface RecordingUpstreamOptions {
  /** Called when a request is complete. @default answers 200 with `ok` */
  readonly respond?: (request: RecordedRequest, socket: Socket) => void
  /** Called when the head of a request has come. @default tells those to go on that wait for it */
  readonly onHead?: (request: RecordedRequest, socket: Socket) => void
  /** Leave the body to the test. @default false */
  readonly ignoreBody?: boolean
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A raw TCP server that keeps every byte. */
export async function startRecordingUpstream(
  options: RecordingUpstreamOptions = {},
): Promise<RecordingUpstream> {
  const requests: RecordedRequest[] = []
  const bytes: string[] = []
  const sockets: Socket[] = []
  const respond = options.respond ?? ((_request, socket) => void socket.write(OK))

  const server = createServer((socket) => {
    const connection = sockets.push(socket) - 1
    bytes.push('')
    let buffer = ''
    let current: RecordedRequest | null = null
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      bytes[connection] += text
      buffer += text
      for (;;) {
        if (current === null) {
          const end = buffer.indexOf('\r\n\r\n')
          if (end === -1) return
          current = readHead(buffer.slice(0, end), connection)
          buffer = buffer.slice(end + 4)
          requests.push(current)
          if (options.onHead !== undefined) options.onHead(current, socket)
          else if (current.values('expect').length > 0) socket.write(CONTINUE)
        }
        if (options.ignoreBody === true) {
          buffer = ''
          return
        }
        const taken = takeBody(current, buffer)
        if (taken === null) return
        buffer = buffer.slice(taken)
        current.complete = true
        const done: RecordedRequest = current
        current = null
        respond(done, socket)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}`, requests, bytes, sockets }
}

function readHead(head: string, connection: number): RecordedRequest {
  const [line = '', ...lines] = head.split('\r\n')
  const fields = lines.map((field): [string, string] => {
    const colon = field.indexOf(':')
    return [field.slice(0, colon), field.slice(colon + 1).trim()]
  })
  return {
    line,
    fields,
    body: '',
    complete: false,
    connection,
    values: (name) =>
      fields.filter(([known]) => known.toLowerCase() === name).map(([, value]) => value),
  }
}

/** How many bytes of the buffer belong to the body; null while it is not complete. */
function takeBody(request: RecordedRequest, buffer: string): number | null {
  const length = request.values('content-length')[0]
  if (length !== undefined) {
    request.body = buffer.slice(0, Number(length))
    return buffer.length >= Number(length) ? Number(length) : null
  }
  if (request.values('transfer-encoding').length === 0) return 0
  let at = 0
  let body = ''
  for (;;) {
    const end = buffer.indexOf('\r\n', at)
    if (end === -1) return null
    const size = Number.parseInt(buffer.slice(at, end), 16)
    if (buffer.length < end + 2 + size + 2) return null
    body += buffer.slice(end + 2, end + 2 + size)
    request.body = body
    at = end + 2 + size + 2
    if (size === 0) return at
  }
}
