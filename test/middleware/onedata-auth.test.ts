import { connect } from 'node:net'

import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { some } from 'hono/combine'
import { describe, expect, onTestFinished, test } from 'vitest'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import type { OnedataAuthOptions } from '../../src/index.ts'
import { createVerification, onedataAuth } from '../../src/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'

/** An application behind the middleware, and whether its handler has run. */
function createApp(onezone: DevOnezone, options: Partial<OnedataAuthOptions> = {}) {
  const verification = createVerification({ onezone: { url: onezone.url } })
  onTestFinished(() => verification.close())
  const handled: string[] = []
  const app = new Hono().use(onedataAuth({ verification, ...options })).all('/*', (c) => {
    handled.push(c.req.path)
    return c.json({
      identity: c.var.onedata as unknown,
      seen: c.req.header('x-onedata-subject-id') ?? c.req.raw.headers.get('x_onedata_subject_id'),
    })
  })
  return { app, handled }
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

describe('a request with a good token', () => {
  test('reaches the handler, which knows whose it is', async () => {
    const onezone = await startOnezone()
    const { app, handled } = createApp(onezone)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const response = await app.request('/hello', bearer(token))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      identity: { subject: ALICE, token: { type: 'access', persistence: 'temporary' } },
    })
    expect(handled).toEqual(['/hello'])
  })

  test('costs Onezone one call, however often it comes', async () => {
    const onezone = await startOnezone()
    const { app } = createApp(onezone)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await Promise.all(Array.from({ length: 20 }, async () => app.request('/', bearer(token))))
    await app.request('/', bearer(token))
    expect(onezone.calls()).toMatchObject({ verifyAccessToken: 1 })
  })

  test('S-029 may not claim another identity in a header of its own', async () => {
    const onezone = await startOnezone()
    const { app } = createApp(onezone)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    for (const name of ['X-Onedata-Subject-Id', 'x_onedata_subject_id']) {
      const response = await app.request('/', {
        headers: { 'X-Auth-Token': token, [name]: 'root' },
      })
      expect(await response.json()).toMatchObject({ identity: { subject: ALICE }, seen: null })
    }
  })

  test('keeps its body when a forged header is taken away', async () => {
    const onezone = await startOnezone()
    const verification = createVerification({ onezone: { url: onezone.url } })
    onTestFinished(() => verification.close())
    const app = new Hono()
      .use(onedataAuth({ verification }))
      .post('/', async (c) => c.text(await c.req.text()))
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const response = await app.request('/', {
      method: 'POST',
      body: 'kept',
      headers: { 'X-Auth-Token': token, 'X-Onedata-Subject-Id': 'root' },
    })
    expect(await response.text()).toBe('kept')
  })
})

describe('any other request is refused before the handler', () => {
  test.each([
    ['without credentials', {}, 401, 'credentials_missing'],
    ['with garbage', { 'X-Auth-Token': 'rubbish-123' }, 401, 'token_malformed'],
    [
      'with two credentials',
      { 'X-Auth-Token': 'a', Authorization: 'Bearer b' },
      400,
      'credentials_ambiguous',
    ],
  ])('%s', async (_title, headers, status, code) => {
    const onezone = await startOnezone()
    const { app, handled } = createApp(onezone)
    const response = await app.request('/', { headers: headers as Record<string, string> })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ status, code })
    expect(handled).toEqual([])
    expect(onezone.calls()['verifyAccessToken'] ?? 0).toBe(0)
  })

  test('with a revoked token', async () => {
    const onezone = await startOnezone()
    const { app, handled } = createApp(onezone)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    onezone.revokeTemporaryTokens(ALICE)
    const response = await app.request('/', bearer(token))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await response.json()).toMatchObject({ code: 'token_revoked' })
    expect(handled).toEqual([])
  })

  test('while Onezone is down, by 503 and not by 401', async () => {
    const onezone = await startOnezone()
    const { app, handled } = createApp(onezone)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await onezone.close()
    const response = await app.request('/', bearer(token))
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(response.headers.get('www-authenticate')).toBeNull()
    expect(handled).toEqual([])
  })
})

describe('optional authentication', () => {
  test('lets nobody in as nobody, and refuses bad credentials all the same', async () => {
    const onezone = await startOnezone()
    const { app } = createApp(onezone, { optional: true })
    expect(await (await app.request('/')).json()).toMatchObject({ identity: null })
    expect((await app.request('/', bearer('x'))).status).toBe(401)
  })
})

describe('as Hono middleware', () => {
  test('its refusals reach app.onError', async () => {
    const onezone = await startOnezone()
    const { app } = createApp(onezone)
    app.onError((error, c) => c.text(`own page: ${error.message}`, 418))
    expect(await (await app.request('/')).text()).toBe('own page: credentials_missing')
  })

  test('it composes with hono/combine', async () => {
    const onezone = await startOnezone()
    const verification = createVerification({ onezone: { url: onezone.url } })
    onTestFinished(() => verification.close())
    const app = new Hono()
      .use(some(onedataAuth({ verification }), async (_c, next) => next()))
      .get('/', (c) => c.text('let in by the second'))
    expect((await app.request('/')).status).toBe(200)
  })

  test('its handler has a name for stack traces', async () => {
    expect(onedataAuth({ onezoneUrl: 'http://127.0.0.1:1' }).name).toBe('onedataAuth')
  })
})

describe('on Node', () => {
  async function listen(app: Hono): Promise<number> {
    const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      await new Promise((resolve) => server.close(resolve))
    })
    return (server.address() as { port: number }).port
  }

  test('the socket is the client: an ip caveat holds or does not', async () => {
    const onezone = await startOnezone()
    const { app } = createApp(onezone)
    const port = await listen(app as unknown as Hono)
    const statusWith = async (whitelist: string[]) => {
      const caveats = [{ type: 'ip' as const, whitelist }]
      const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        ...bearer(token),
        headers: { 'X-Auth-Token': token, 'X-Forwarded-For': '10.0.0.1', Connection: 'close' },
      })
      return response.status
    }
    expect(await statusWith(['127.0.0.0/8'])).toBe(200)
    expect(await statusWith(['10.0.0.0/8'])).toBe(401)
  })

  test('two Authorization lines are seen as two, although node keeps one', async () => {
    const onezone = await startOnezone()
    const { app, handled } = createApp(onezone)
    const port = await listen(app as unknown as Hono)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => (text += String(chunk)))
      socket.on('close', () => resolve(text))
      const line = `Authorization: Bearer ${token}\r\n`
      socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${line}${line}Connection: close\r\n\r\n`)
    })
    expect(reply).toMatch(/^HTTP\/1\.1 400 /)
    expect(reply).toContain('credentials_ambiguous')
    expect(handled).toEqual([])
  })
})

test.each([
  [undefined, 'needs options'],
  [{}, 'exactly one of "onezoneUrl" and "verification"'],
  [{ onezoneUrl: 'ftp://onezone.example.org' }, '"url"'],
  [{ onezoneUrl: 'http://onezone.example.org' }, 'allowInsecureHttp'],
  [{ onezoneUrl: 'https://onezone.example.org', trustedProxies: ['0.0.0.0/0'] }, 'trust everybody'],
  [{ onezoneUrl: 'https://onezone.example.org', interface: 'REST' }, '"interface"'],
])('the options %j are refused at construction', (options, message) => {
  expect(() => onedataAuth(options as unknown as OnedataAuthOptions)).toThrow(message)
})
