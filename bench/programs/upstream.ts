/**
 * The service behind everything that is measured, by bare node:http: a small JSON answer, always the same, but where
 * the last segment of the path is one of `ANSWERS`. Every WebSocket is an echo.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  CLOSE,
  decodeFrame,
  encodeFrame,
  switchingHead,
} from '../../test/helpers/websocket-frames.ts'
import { runAsServer } from './run-as-program.ts'
import { BODY_BYTES, EVENTS, SMALL_ANSWER } from './small-answer.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const PIECE = Buffer.alloc(64 * 1024, 'x')

const ANSWERS: Readonly<Record<string, Answer>> = {
  /** The header fields that came. */
  echo: async ({ headers }, response) => {
    response.end(JSON.stringify(headers))
  },
  upload: async (request, response) => {
    let bytes = 0
    for await (const piece of request) bytes += (piece as Buffer).length
    response.end(JSON.stringify({ bytes }))
  },
  download: async (_, response) => {
    response.writeHead(200, { 'Content-Length': BODY_BYTES })
    await pipeline(Readable.from(Array(BODY_BYTES / PIECE.length).fill(PIECE)), response)
  },
  events: async (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    for (let event = 0; event < EVENTS && !response.destroyed; event++) {
      response.write(`data: ${event}\n\n`)
      await sleep(1000)
    }
    response.end()
  },
}

/** Sends every message back, the last one too: a close frame. */
function echoWebSocket(request: IncomingMessage, socket: Duplex, first: Buffer): void {
  socket.write(switchingHead(request))
  let pending = first
  const echo = (chunk: Buffer): void => {
    pending = Buffer.concat([pending, chunk])
    for (let next = decodeFrame(pending); next !== null; next = decodeFrame(pending)) {
      pending = pending.subarray(next.size)
      const { opcode, payload } = next.frame
      socket.write(encodeFrame(opcode, payload, false))
      if (opcode === CLOSE) socket.end()
    }
  }
  socket.on('data', echo).on('error', () => socket.destroy())
  echo(Buffer.alloc(0))
}

const HEAD = { 'Content-Type': 'application/json', 'Content-Length': SMALL_ANSWER.length }

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  const { url = '' } = request
  const answer = ANSWERS[url.slice(url.lastIndexOf('/') + 1)]
  if (answer === undefined) response.writeHead(200, HEAD).end(SMALL_ANSWER)
  else answer(request, response).catch(() => response.destroy())
})
runAsServer(server.on('upgrade', echoWebSocket))
