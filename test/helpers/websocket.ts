import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { onTestFinished } from 'vitest'

import { startHttpServer } from './http-server.ts'
import type { Frame } from './websocket-frames.ts'
import { CLOSE, decodeFrame, encodeFrame, switchingHead, TEXT } from './websocket-frames.ts'

export { BINARY, CLOSE, decodeFrame, encodeFrame, TEXT } from './websocket-frames.ts'
export type { Frame } from './websocket-frames.ts'

/** One end of a WebSocket whose every byte the test decides. It answers nothing by itself. */
export interface WebSocketEnd {
  readonly socket: Socket
  readonly frames: readonly Frame[]
  /** Bytes after the last whole frame. */
  readonly rest: () => number
  send(opcode: number, payload: string | Buffer): void
  /** Waits for frames, or for the end of the connection. */
  until(holds: (frames: readonly Frame[]) => boolean, ms?: number): Promise<void>
  /** Waits for the end of the connection; rejects if it does not come within `ms`. */
  closed(ms?: number): Promise<void>
  isOpen(): boolean
  texts(): string[]
  /** Code and reason of the close frame that came, or null. */
  closing(): [code: number, reason: string] | null
}

/** The key and accept of RFC 6455 §1.3. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

/** The fields of a handshake. */
export const HANDSHAKE = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n`

/** The head of a 101, without the empty line. */
export const SWITCHING = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`

function createEnd(socket: Socket, masks: boolean): WebSocketEnd {
  const frames: Frame[] = []
  let buffer = Buffer.alloc(0)
  let open = true
  const watchers = new Set<() => void>()
  const notify = (): void => watchers.forEach((watcher) => watcher())
  socket.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk])
    for (;;) {
      const next = decodeFrame(buffer)
      if (next === null) break
      frames.push(next.frame)
      buffer = buffer.subarray(next.size)
    }
    notify()
  })
  const over = (): void => {
    open = false
    notify()
  }
  socket.on('end', over).on('error', over).on('close', over)

  const when = (what: string, holds: () => boolean, ms = 5_000): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (): void => {
        if (!holds()) return
        clearTimeout(timer)
        watchers.delete(settle)
        resolve()
      }
      const timer = setTimeout(() => {
        watchers.delete(settle)
        reject(new Error(`waited ${ms} ms for ${what}; ${frames.length} frames came`))
      }, ms)
      watchers.add(settle)
      settle()
    })

  return {
    socket,
    frames,
    rest: () => buffer.length,
    send: (opcode, payload) => void socket.write(encodeFrame(opcode, payload, masks)),
    until: (holds, ms) => when('frames', () => !open || holds(frames), ms),
    closed: (ms) => when('the end of the connection', () => !open, ms),
    isOpen: () => open,
    texts: () =>
      frames.filter(({ opcode }) => opcode === TEXT).map(({ payload }) => payload.toString()),
    closing() {
      const payload = frames.find(({ opcode }) => opcode === CLOSE)?.payload
      if (payload === undefined) return null
      return payload.length < 2
        ? [1005, '']
        : [payload.readUInt16BE(0), payload.subarray(2).toString()]
    },
  }
}

export interface WebSocketClient extends WebSocketEnd {
  /** Head of the answer to the handshake. */
  readonly head: string
}

/** Opens a WebSocket; rejects if the answer is not 101. */
export async function openWebSocket(
  port: number,
  fields: string,
  path = '/ws',
): Promise<WebSocketClient> {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  socket.write(`GET ${path} HTTP/1.1\r\n${fields}${HANDSHAKE}\r\n`)
  const head = await new Promise<string>((resolve, reject) => {
    let received = Buffer.alloc(0)
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      const text = received.subarray(0, end + 4).toString('latin1')
      socket.off('data', onData)
      if (!text.startsWith('HTTP/1.1 101 ')) {
        reject(new Error(`no WebSocket: ${received.toString('latin1')}`))
        return
      }
      socket.pause()
      socket.unshift(received.subarray(end + 4))
      resolve(text)
    }
    socket.on('data', onData)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection ended in the handshake')))
  })
  const end = createEnd(socket, true)
  socket.resume()
  return { ...end, head }
}

export interface WebSocketUpstream {
  readonly url: string
  /** The server's ends, in the order of their handshakes. */
  readonly ends: readonly WebSocketEnd[]
  readonly requests: readonly IncomingMessage[]
}

/** An upstream that accepts every WebSocket and sends each text back, until the test ends. */
export async function startEchoUpstream({
  delayMs = 0,
}: { delayMs?: number } = {}): Promise<WebSocketUpstream> {
  const ends: WebSocketEnd[] = []
  const requests: IncomingMessage[] = []
  const { url, server } = await startHttpServer((_request, response) => response.end('ok'))
  server.on('upgrade', (request: IncomingMessage, _socket, head: Buffer) => {
    if (delayMs === 0) accept(request, head)
    else setTimeout(() => accept(request, head), delayMs)
  })
  const accept = (request: IncomingMessage, head: Buffer): void => {
    const { socket } = request
    socket.on('error', () => {})
    socket.write(switchingHead(request))
    if (head.length > 0) socket.unshift(head)
    const end = createEnd(socket, false)
    ends.push(end)
    requests.push(request)
    onTestFinished(() => void socket.destroy())
    let echoed = 0
    socket.on('data', () => {
      while (echoed < end.texts().length) end.send(TEXT, end.texts()[echoed++]!)
    })
  }
  return { url, ends, requests }
}
