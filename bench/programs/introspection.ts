/**
 * The small server that the peers ask about tokens, and that asks Onezone:
 *
 * * `/auth`: 200 with `X-Onedata-Subject-Id`, or 401; for the bearer token of the request, each time asked anew;
 * * `/remembered`: the same, remembered for as long as onegate trusts a fact; for peers that remember nothing.
 *
 * Argument: the URL of Onezone.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { LRUCache } from 'lru-cache'

import { createOnezoneClient } from '../../src/onezone/index.ts'

const GRANT_MS = 10_000
const REFUSAL_MS = 2_000

const [url = ''] = process.argv.slice(2)
const onezone = createOnezoneClient({ url })
const remembered = new LRUCache<string, { readonly subjectId: string | null }>({ max: 10_000 })

async function subjectOf(token: string): Promise<string | null> {
  const answer = await onezone.verifyAccessToken({ token, peerIp: '127.0.0.1', interface: 'rest' })
  return answer.ok ? (answer.subject.id ?? null) : null
}

async function rememberedSubjectOf(token: string): Promise<string | null> {
  const known = remembered.get(token)
  if (known !== undefined) return known.subjectId
  const subjectId = await subjectOf(token)
  remembered.set(token, { subjectId }, { ttl: subjectId === null ? REFUSAL_MS : GRANT_MS })
  return subjectId
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  const find = request.url === '/remembered' ? rememberedSubjectOf : subjectOf
  const subjectId = token === undefined ? null : await find(token)
  if (subjectId === null) response.writeHead(401, { 'Content-Length': 0 }).end()
  else response.writeHead(200, { 'X-Onedata-Subject-Id': subjectId, 'Content-Length': 0 }).end()
}

const listener: RequestListener = (request, response) => {
  answer(request, response).catch(() => response.writeHead(503, { 'Content-Length': 0 }).end())
}

const server = createServer({ keepAliveTimeout: 65_000 }, listener)
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: String((server.address() as AddressInfo).port) }))
})

// Whoever started it is gone, in whatever way.
process.stdin.once('end', () => process.exit()).resume()
