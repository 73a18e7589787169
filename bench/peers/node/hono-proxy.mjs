/** `hono/proxy` behind a cached check. Arguments: port, upstream, introspection server. */

import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'

import { createCachedCheck } from './cached-check.mjs'

const [port, upstream, authUrl] = process.argv.slice(2)
const check = createCachedCheck(authUrl)

const app = new Hono()
app.all('*', async (c) => {
  const subject = await check(c.req.header('Authorization'))
  if (subject === null) return c.text('Unauthorized', 401)
  return proxy(`${upstream}${c.req.path}`, {
    ...c.req,
    headers: { ...c.req.header(), authorization: undefined, 'x-onedata-subject-id': subject },
  })
})

serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' })
process.stdin.once('end', () => process.exit()).resume()
