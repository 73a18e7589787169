/**
 * The small server that the peers ask about tokens, and that asks Onezone:
 *
 * * `/auth`: 200 with `X-Onedata-Subject-Id`, or 401; for the bearer token of the request, each time asked anew;
 * * `/remembered`: the same, remembered for as long as onegate trusts a fact; for peers that remember nothing.
 *
 * Argument: the URL of Onezone.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'

import { LRUCache } from 'lru-cache'

import { createOnezoneClient } from '../../src/onezone/index.ts'
import { runAsServer } from './run-as-program.ts'

const GRANT_MS = 10_000
const REFUSAL_MS = 2_000

const [url = ''] = process.argv.slice(2)
const onezone = createOnezoneClient({ url })
const remembered = new LRUCache<string, { readonly subjectId: string | null }>({ max: 10_000 })

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const known = request.url === '/remembered' ? remembered.get(token) : undefined
  const subjectId = known === undefined ? await subjectOf(token) : known.subjectId
  if (subjectId === null) response.writeHead(401, { 'Content-Length': 0 }).end()
  else response.writeHead(200, { 'X-Onedata-Subject-Id': subjectId, 'Content-Length': 0 }).end()
}

async function subjectOf(token: string): Promise<string | null> {
  if (token === '') return null
  const asked = { token, peerIp: '127.0.0.1', interface: 'rest' } as const
  const verdict = await onezone.verifyAccessToken(asked)
  const subjectId = verdict.ok ? (verdict.subject.id ?? null) : null
  remembered.set(token, { subjectId }, { ttl: subjectId === null ? REFUSAL_MS : GRANT_MS })
  return subjectId
}

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  answer(request, response).catch(() => response.writeHead(503, { 'Content-Length': 0 }).end())
})
runAsServer(server)
