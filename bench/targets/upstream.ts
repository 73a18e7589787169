/**
 * The service behind everything that is measured: a small JSON answer, always the same, by bare node:http. A path that
 * ends in `/echo` answers with the header fields that came.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { SMALL_ANSWER } from './small-answer.ts'

const HEAD = { 'Content-Type': 'application/json', 'Content-Length': SMALL_ANSWER.length }

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  if (request.url?.endsWith('/echo') === true) response.end(JSON.stringify(request.headers))
  else response.writeHead(200, HEAD).end(SMALL_ANSWER)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ upstream: `http://127.0.0.1:${port}` }))
})

// Whoever started it is gone, in whatever way.
process.stdin.once('end', () => process.exit()).resume()
