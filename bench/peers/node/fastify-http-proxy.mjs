/** `@fastify/http-proxy` behind a cached check. Arguments: port, upstream, introspection server. */

import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'

import { createCachedCheck } from './cached-check.mjs'

const [port, upstream, authUrl] = process.argv.slice(2)
const check = createCachedCheck(authUrl)

const app = fastify({ logger: false, keepAliveTimeout: 65_000 })
app.decorateRequest('subject', null)
await app.register(httpProxy, {
  upstream,
  undici: { connections: 64, pipelining: 1, keepAliveTimeout: 65_000 },
  preHandler: async (request, reply) => {
    request.subject = await check(request.headers.authorization)
    if (request.subject === null) return reply.code(401).send('Unauthorized')
  },
  replyOptions: {
    rewriteRequestHeaders: (request, headers) => {
      const { authorization: _, ...others } = headers
      return { ...others, 'x-onedata-subject-id': request.subject }
    },
  },
})
await app.listen({ port: Number(port), host: '127.0.0.1' })
process.stdin.once('end', () => process.exit()).resume()
