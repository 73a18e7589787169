/**
 * The small server that the peers ask about tokens, and that asks Onezone:
 *
 * * `/auth`: 200 with `X-Onedata-Subject-Id`, or 401; for the bearer token of the request, each time asked anew;
 * * `/remembered`: the same, remembered for as long as onegate trusts a fact; for peers that remember nothing;
 * * `/introspect`: RFC 7662, for the token in the form that is posted.
 *
 * Arguments: the URL of Onezone and, for https beside http, files with a key and its certificate.
 */

import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'

import { LRUCache } from 'lru-cache'

import { createOnezoneClient } from '../../src/onezone/index.ts'
import type { VerifyAnswer } from '../../src/onezone/index.ts'

const GRANT_MS = 10_000
const REFUSAL_MS = 2_000
const KEEP_ALIVE = { keepAliveTimeout: 65_000 }

const [url = '', keyFile, certFile] = process.argv.slice(2)
const onezone = createOnezoneClient({ url })
const remembered = new LRUCache<string, { readonly subjectId: string | null }>({ max: 10_000 })

const ask = (token: string): Promise<VerifyAnswer> =>
  onezone.verifyAccessToken({ token, peerIp: '127.0.0.1', interface: 'rest' })

async function subjectOf(token: string): Promise<string | null> {
  const answer = await ask(token)
  return answer.ok ? (answer.subject.id ?? null) : null
}

async function rememberedSubjectOf(token: string): Promise<string | null> {
  const known = remembered.get(token)
  if (known !== undefined) return known.subjectId
  const subjectId = await subjectOf(token)
  remembered.set(token, { subjectId }, { ttl: subjectId === null ? REFUSAL_MS : GRANT_MS })
  return subjectId
}

async function introspect(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await ask(new URLSearchParams(await text(request)).get('token') ?? '')
  const seconds = Math.floor(Date.now() / 1000) + (answer.ok ? (answer.ttl ?? 3600) : 0)
  const body = answer.ok
    ? { active: true, sub: answer.subject.id, token_type: 'Bearer', exp: seconds }
    : { active: false }
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/introspect') return introspect(request, response)
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  const find = request.url === '/remembered' ? rememberedSubjectOf : subjectOf
  const subjectId = token === undefined ? null : await find(token)
  if (subjectId === null) response.writeHead(401, { 'Content-Length': 0 }).end()
  else response.writeHead(200, { 'X-Onedata-Subject-Id': subjectId, 'Content-Length': 0 }).end()
}

const listener: RequestListener = (request, response) => {
  answer(request, response).catch(() => response.writeHead(503, { 'Content-Length': 0 }).end())
}

async function portOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return String((server.address() as AddressInfo).port)
}

const port = await portOf(createServer(KEEP_ALIVE, listener))
const secured = keyFile !== undefined && certFile !== undefined
const tls = secured ? { key: readFileSync(keyFile), cert: readFileSync(certFile) } : null
const tlsPort =
  tls === null ? '' : await portOf(createTlsServer({ ...KEEP_ALIVE, ...tls }, listener))
console.log(JSON.stringify({ port, tlsPort }))

// Whoever started it is gone, in whatever way.
process.stdin.once('end', () => process.exit()).resume()
