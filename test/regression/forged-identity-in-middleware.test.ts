import type { AddressInfo } from 'node:net'

import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { some } from 'hono/combine'
import { describe, expect, onTestFinished, test } from 'vitest'

import { createVerification, onedataAuth } from '../../src/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'

const FORGED = { 'X-Onedata-Subject-Id': 'root', X_Onedata_Subject_Type: 'oneprovider' }

async function setUp() {
  const onezone = await startOnezone()
  const verification = createVerification({ onezone: { url: onezone.url } })
  onTestFinished(() => verification.close())
  const token = onezone.createTemporaryToken({ subject: ALICE })
  return { auth: onedataAuth({ verification }), token, onezone }
}

/** How a request gets to the application: without a server, and from a socket. */
const WAYS: [
  way: string,
  start: (app: Hono) => Promise<(init: RequestInit) => Promise<Response>>,
][] = [
  ['without a server', async (app) => async (init) => app.request('/', init)],
  [
    'on Node',
    async (app) => {
      const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(async () => {
        await new Promise((resolve) => server.close(resolve))
      })
      const { port } = server.address() as AddressInfo
      const headers = { Connection: 'close' }
      return (init) =>
        fetch(`http://127.0.0.1:${port}/`, { ...init, headers: { ...init.headers, ...headers } })
    },
  ],
]

describe.each(WAYS)('%s, a forged identity', (_way, start) => {
  test('is hidden without a fault where an earlier middleware has read the body', async () => {
    const { auth, token } = await setUp()
    const bodies: unknown[] = []
    const app = new Hono()
    app.use(async (c, next) => {
      bodies.push(await c.req.json())
      await next()
    })
    app
      .use(auth)
      .post('/', async (c) =>
        c.json({ body: (await c.req.json()) as unknown, seen: c.req.header() }),
      )
    const send = await start(app)
    const response = await send({
      method: 'POST',
      body: '{"a":1}',
      headers: { ...FORGED, 'X-Auth-Token': token, 'Content-Type': 'application/json' },
    })
    expect(response.status).toBe(200)
    const { body, seen } = (await response.json()) as { body: unknown; seen: object }
    expect([body, ...bodies]).toEqual([{ a: 1 }, { a: 1 }])
    expect(seen).not.toHaveProperty('x-onedata-subject-id')
    expect(seen).not.toHaveProperty('x_onedata_subject_type')
    expect(seen).toHaveProperty('content-type', 'application/json')
  })

  test.each([
    ['no token', {}],
    ['a bad token', { 'X-Auth-Token': 'rubbish' }],
  ])('is hidden too where %s leads to a fallback', async (_title, credentials) => {
    const { auth, onezone } = await setUp()
    const app = new Hono()
    app.use(some(auth, async (_c, next) => next())).get('/', (c) => c.json(c.req.header()))
    const send = await start(app)
    const response = await send({ headers: { ...FORGED, ...credentials, 'X-Other': 'kept' } })
    expect(response.status).toBe(200)
    const seen = await response.json()
    expect(seen).toHaveProperty('x-other', 'kept')
    expect(seen).not.toHaveProperty('x-onedata-subject-id')
    expect(seen).not.toHaveProperty('x_onedata_subject_type')
    expect(onezone.calls().verifyAccessToken).toBe(0)
  })

  test('beside a good token costs no fault either', async () => {
    const { auth, token } = await setUp()
    const app = new Hono()
    app
      .use(auth)
      .post('/', async (c) =>
        c.json({ body: await c.req.text(), seen: c.req.header('x-onedata-subject-id') ?? null }),
      )
    const send = await start(app)
    const headers = { ...FORGED, 'X-Auth-Token': token }
    const response = await send({ method: 'POST', body: 'kept', headers })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ body: 'kept', seen: null })
  })

  test('is not suspected behind an honest consumer token', async () => {
    const { auth, onezone } = await setUp()
    const bob = { type: 'user', id: 'bob' } as const
    const consumer = onezone.createTemporaryToken({ subject: bob, type: { identityToken: {} } })
    const caveats = [{ type: 'consumer' as const, whitelist: ['usr-bob'] }]
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const app = new Hono()
    app.use(auth).get('/', (c) => c.text('in'))
    const send = await start(app)
    const headers = { 'X-Auth-Token': token, 'X-Onedata-Consumer-Token': consumer }
    expect((await send({ headers })).status).toBe(200)
  })
})
