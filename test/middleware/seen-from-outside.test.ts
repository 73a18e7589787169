import { createAdaptorServer } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import { requestId } from 'hono/request-id'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import type { DecisionEvent, OnedataAuthOptions } from '../../src/index.ts'
import { createVerification, onedataAuth } from '../../src/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { parseToken } from '../../src/token/index.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { withOneCharacterChanged } from '../helpers/tokens.ts'
import { startUpstream } from '../helpers/upstream.ts'

// What happens to a request in the middleware is as visible as in the proxy: to an observer, in the log, in the answer.

/** The middleware in an app behind a real server; its handler answers with the id that it knows the request by. */
async function listen(
  onezone: DevOnezone,
  options: Partial<OnedataAuthOptions> = {},
  before: MiddlewareHandler = (_, next) => next(),
): Promise<string> {
  const verification = createVerification({ onezone: { url: onezone.url } })
  const app = new Hono()
    .use(before)
    .use(onedataAuth({ verification, ...options }))
    .all('/*', (c) => c.text(c.var.requestId))
  const server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.close()
    await verification.close()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

interface Problem {
  readonly requestId: string
}

async function refusal(response: Response) {
  const { requestId: inBody } = (await response.json()) as Problem
  return { status: response.status, inBody, inField: response.headers.get('x-request-id') }
}

test('an observer is told the same of each request by middleware and proxy', async () => {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const told: [DecisionEvent[], DecisionEvent[]] = [[], []]
  const logger = silentLogger
  const middleware = await listen(onezone, {
    id: '/**',
    trustedProxies: ['127.0.0.1'],
    logger,
    onDecision: (event) => void told[0].push(event),
  })
  const gateway = await startGateway(
    { onezoneUrl: onezone.url, upstream: upstream.url, yaml: 'trustedProxies: [127.0.0.1]' },
    { logger, onDecision: (event) => void told[1].push(event) },
  )

  const good = onezone.createTemporaryToken({ subject: ALICE })
  const elsewhere = onezone.createTemporaryToken({
    subject: ALICE,
    caveats: [{ type: 'ip', whitelist: ['11.0.0.0/8'] }],
  })
  const forged = withOneCharacterChanged(onezone.createTemporaryToken({ subject: ALICE }))
  const requests: [path: string, token: string | null][] = [
    ['/granted', good],
    ['/without', null],
    ['/elsewhere', elsewhere],
    ['/forged', forged],
    ['/no-token', 'x'],
  ]
  for (const url of [middleware, gateway.url]) {
    for (const [i, [path, token]] of requests.entries()) {
      const headers = { 'X-Request-Id': `r-${i}`, 'X-Forwarded-For': '10.0.0.9' }
      await fetch(url + path, {
        headers: token === null ? headers : { ...headers, 'X-Auth-Token': token },
      })
    }
  }
  onezone.setFaults([{ operation: '*', kind: 'status', status: 500 }])
  const fault = { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE, caveats: [] }) }
  for (const url of [middleware, gateway.url]) {
    await fetch(`${url}/fault`, { headers: { ...fault, 'X-Request-Id': 'r-f' } })
  }

  const comparable = told.map((events) =>
    events.map(({ ageMs, ...event }) => ({ ...event, old: ageMs !== null })),
  )
  expect(comparable[0]).toEqual(comparable[1])
  const by = (token: string) => ({ subject: ALICE, fingerprint: parseToken(token).fingerprint })
  const clientAddress = '10.0.0.9'
  expect(told[0]).toMatchObject([
    {
      outcome: 'granted',
      code: null,
      path: '/granted',
      requestId: 'r-0',
      clientAddress,
      ...by(good),
    },
    {
      outcome: 'refused',
      code: 'credentials_missing',
      path: '/without',
      requestId: 'r-1',
      subject: null,
      fingerprint: null,
    },
    { outcome: 'refused', caveat: 'ip', path: '/elsewhere', requestId: 'r-2', ...by(elsewhere) },
    {
      outcome: 'refused',
      code: 'token_invalid',
      path: '/forged',
      requestId: 'r-3',
      caveat: null,
      ...by(forged),
    },
    { outcome: 'refused', path: '/no-token', requestId: 'r-4', clientAddress },
    {
      outcome: 'fault',
      code: 'verifier_unavailable',
      path: '/fault',
      requestId: 'r-f',
      clientAddress: '127.0.0.1',
    },
  ])
})

describe('the id of a request', () => {
  test('is one in event, answer, log and handler', async () => {
    const onezone = await startOnezone()
    const events: DecisionEvent[] = []
    const logged: unknown[] = []
    const note = ({ requestId }: Readonly<Record<string, unknown>>) => void logged.push(requestId)
    const url = await listen(onezone, {
      logger: { ...silentLogger, warn: note, error: note },
      onDecision: (event) => void events.push(event),
    })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const granted = await (await fetch(url, { headers: { 'X-Auth-Token': token } })).text()
    const refused = await refusal(await fetch(url))
    onezone.setFaults([{ operation: '*', kind: 'status', status: 500 }])
    const other = onezone.createTemporaryToken({ subject: { type: 'user', id: 'bob' } })
    const failed = await refusal(await fetch(url, { headers: { 'X-Auth-Token': other } }))
    expect(events.map(({ requestId }) => requestId)).toEqual([
      granted,
      refused.inField,
      failed.inField,
    ])
    expect(new Set(events.map(({ requestId }) => requestId)).size).toBe(3)
    expect([refused.status, failed.status]).toEqual([401, 503])
    expect(refused.inBody).toBe(refused.inField)
    expect(failed.inBody).toBe(failed.inField)
    expect(logged).toEqual([failed.inField])
  })

  test('of a stranger is not believed', async () => {
    const onezone = await startOnezone()
    const url = await listen(onezone)
    const { inField } = await refusal(await fetch(url, { headers: { 'X-Request-Id': 'mine' } }))
    expect(inField).not.toBe('mine')
    expect(inField).toMatch(/^[\da-f]{12}-\w+$/)
  })

  test('is the one that the app has given it', async () => {
    const onezone = await startOnezone()
    const ids = requestId({ generator: () => 'of-the-app', headerName: '' })
    const events: DecisionEvent[] = []
    const url = await listen(onezone, { onDecision: (event) => void events.push(event) }, ids)
    const { inField, inBody } = await refusal(await fetch(url))
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const granted = await (await fetch(url, { headers: { 'X-Auth-Token': token } })).text()
    expect([inField, inBody, granted]).toEqual(Array(3).fill('of-the-app'))
    expect(events.map((event) => event.requestId)).toEqual(['of-the-app', 'of-the-app'])
  })

  test.each(['', 'a b', 'x'.repeat(129), 'a\r\nX-Evil: 1', '"'])(
    'that an app has given it is not taken where no field could carry it: %j',
    async (id) => {
      const onezone = await startOnezone()
      const url = await listen(onezone, {}, (c, next) => {
        c.set('requestId', id)
        return next()
      })
      expect((await refusal(await fetch(url))).inField).toMatch(/^[\da-f]{12}-\w+$/)
    },
  )
})

describe('where no logger is named', () => {
  test('a fault is written to the console, and a refusal or a grant is not', async () => {
    const written = { warn: [] as string[], error: [] as string[], log: [] as string[] }
    for (const level of ['warn', 'error', 'log'] as const) {
      const spy = vi.spyOn(console, level)
      spy.mockImplementation((text: string) => void written[level].push(text))
      onTestFinished(() => spy.mockRestore())
    }
    const onezone = await startOnezone()
    const url = await listen(onezone, {
      id: 'files',
      onDecision: ({ path }) => {
        if (path === '/observed') throw new Error(`seen with ${token}`)
      },
    })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const headers = { 'X-Auth-Token': token }
    expect((await fetch(url, { headers })).status).toBe(200)
    expect((await fetch(url)).status).toBe(401)
    expect(written).toEqual({ warn: [], error: [], log: [] })

    expect((await fetch(`${url}/observed`, { headers })).status).toBe(200)
    const [line = ''] = written.error
    expect(JSON.parse(line)).toMatchObject({
      level: 'error',
      err: { type: 'Error', message: 'seen with (a token, not shown)' },
      msg: 'an observer of decisions failed',
    })
    expect(line).not.toContain(token.slice(-20))

    onezone.setFaults([{ operation: '*', kind: 'status', status: 500 }])
    const other = onezone.createTemporaryToken({ subject: { type: 'user', id: 'bob' } })
    const { status, inField } = await refusal(
      await fetch(url, { headers: { 'X-Auth-Token': other } }),
    )
    expect(status).toBe(503)
    expect(written.warn.map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { level: 'warn', route: 'files', requestId: inField, code: expect.any(String) as string },
    ])
    expect(written.error).toHaveLength(1)
    expect(written.log).toEqual([])
    expect(written.warn.join('')).not.toContain(other.slice(-20))
  })
})
