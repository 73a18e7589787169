/**
 * The service behind the soak: a small answer, an upload that is counted, a download of so many bytes, an event stream
 * of one event a second. The last segment of the path says which. Every WebSocket is an echo.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { echoWebSocket } from './echo-websocket.ts'
import { SMALL_ANSWER } from './small-answer.ts'

type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  size: number,
) => Promise<void> | void

const PIECE = Buffer.alloc(64 * 1024, 'x')

const ANSWERS: Readonly<Record<string, Answer>> = {
  upload: async (request, response) => {
    let bytes = 0
    for await (const piece of request) bytes += (piece as Buffer).length
    response.end(JSON.stringify({ bytes }))
  },
  download: async (_, response, size) => {
    response.writeHead(200, { 'Content-Length': size })
    await pipeline(Readable.from(pieces(size)), response)
  },
  events: async (_, response, size) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    for (let event = 0; event < size && !response.destroyed; event++) {
      response.write(`data: ${event}\n\n`)
      await sleep(1000)
    }
    response.end()
  },
}

function* pieces(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= PIECE.length) yield PIECE.subarray(0, left)
}

const HEAD = { 'Content-Type': 'application/json', 'Content-Length': SMALL_ANSWER.length }

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://upstream')
  const answer = ANSWERS[pathname.slice(pathname.lastIndexOf('/') + 1)]
  if (answer === undefined) {
    response.writeHead(200, HEAD).end(SMALL_ANSWER)
    return
  }
  Promise.resolve(answer(request, response, Number(searchParams.get('size')))).catch(() =>
    response.destroy(),
  )
})
server.on('upgrade', echoWebSocket)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ upstream: `http://127.0.0.1:${port}` }))
})

// Whoever started it is gone, in whatever way.
process.stdin.once('end', () => process.exit()).resume()
