import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Agent, request } from 'node:http'

import { describe, expect, onTestFinished, test } from 'vitest'

import { send, startApp, told, values } from '../helpers/front-app.ts'
import { isInstalled, shipped, startFrontProxy } from '../helpers/front-proxy.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { mint } from '../helpers/tokens.ts'
import { KEY } from '../helpers/websocket.ts'

/** TLS itself is seen in `reverse-proxy.test.ts`; here the bytes of a request are the test's to decide. */
const WITHOUT_TLS = shipped('apache/reverse-proxy.conf')
  .replace('SSLEngine on', '')
  .replace(/^ *SSLCertificate.*$/gm, '')
  .replaceAll('127.0.0.1:8443', 'FRONT')

/** What a tutorial says, and no more. */
const NAIVE = `Listen FRONT
<VirtualHost FRONT>
  ProxyPass / http://127.0.0.1:8080/
</VirtualHost>`

const startApache = (configuration: string, port: number | string) =>
  startFrontProxy('apache', configuration, { '127.0.0.1:8080': `127.0.0.1:${port}` })

async function setUp(more = '', configuration = WITHOUT_TLS) {
  const app = await startApp()
  const upstream = `upstream: 'http://127.0.0.1:${app.port}'`
  const rig = await startGatewayRig({
    yaml: () => `trustedProxies: [127.0.0.1/32]
${more}routes:
  - { id: public, path: /pub/**, token: none, ${upstream} }
  - { id: readers, path: /readers/**, methods: [GET], ${upstream} }
  - { id: bob, path: /bob/**, subjects: { ids: [bob] }, ${upstream} }
  - { id: all, path: /**, ${upstream} }
`,
  })
  const front = await startApache(configuration, new URL(rig.gateway.url).port)
  const get = (fields: readonly string[] = [], target = '/a') =>
    send(front, `GET ${target}`, fields)
  return { ...rig, app, front, get, good: `X-Auth-Token: ${rig.token}` }
}

const FORGED = [
  'X-Onedata-Subject-Id',
  'X_Onedata_Subject_Id',
  'X.Onedata.Subject.Id',
  'X-Onedata-Scopes',
]

describe.runIf(isInstalled('apache'))('apache in front of the proxy door', () => {
  test('F-01 a good token: our identity once, no credential, the body as it was', async () => {
    const { app, front, get, good, token } = await setUp()
    expect((await get([good])).status).toBe(200)
    const bearer = [`Authorization: Bearer ${token}`]
    expect((await send(front, 'POST /a?b=c', bearer, 'hello')).status).toBe(200)
    expect((await send(front, 'HEAD /a', [good])).status).toBe(200)
    expect(app.seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', '/a', ''],
      ['POST', '/a?b=c', 'hello'],
      ['HEAD', '/a', ''],
    ])
    for (const seen of app.seen) {
      expect(values(seen, 'x-onedata-subject-id')).toEqual(['alice'])
      expect(JSON.stringify(seen.fields)).not.toContain(token)
    }
  })

  test('F-02 to F-04, F-07, F-20, F-21: refused, with the true status, challenge and problem', async () => {
    const { app, front, get, good, onezone, token } = await setUp()
    expect(await told(send(front, 'OPTIONS /a'))).toEqual([401, 'credentials_missing', 1])
    expect(await told(get())).toEqual([401, 'credentials_missing', 1])
    expect(await told(get(['X-Auth-Token: bad']))).toEqual([401, 'token_malformed', 1])
    expect(await told(get([good], '/bob/a'))).toEqual([403, 'subject_not_allowed', 1])
    const readonly = onezone.createTemporaryToken({
      subject: { type: 'user', id: 'alice' },
      caveats: [{ type: 'data.readonly' }],
    })
    expect((await told(get([`X-Auth-Token: ${readonly}`]))).slice(0, 2)).toEqual([
      403,
      'caveat_not_enforced',
    ])
    const bearer = `Authorization: Bearer ${token}`
    expect((await get([good, `${bearer}x`])).status, 'F-07').toBe(400)
    expect([400, 401], 'F-21').toContain((await get([bearer, bearer])).status)
    expect([400, 404], 'F-20').toContain((await get([good], '/a%2Fb/..;/%70ub')).status)
    expect(app.seen).toEqual([])
  })

  test('F-05 the verifier is down: 503 with Retry-After; F-06 the budget is spent: 429', async () => {
    const { app, get, good, onezone } = await setUp(
      'verdicts: { budget: { perAddressPerSecond: 1 } }\n',
    )
    onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'status', status: 503 }])
    const down = await get([good])
    expect(down.status).toBe(503)
    expect(down.body).toContain('verifier_unavailable')
    expect(down.field('retry-after')).toMatch(/^\d+$/)
    onezone.setFaults([])
    let spent = down
    for (let i = 0; i < 40 && spent.status !== 429; i++) {
      spent = await get([`X-Auth-Token: ${mint({ id: `t${i}` })}`])
    }
    expect(spent.status).toBe(429)
    expect(spent.field('retry-after')).toMatch(/^\d+$/)
    expect(app.seen).toEqual([])
  })

  test.each([
    ['F-08 to F-13', WITHOUT_TLS],
    ['F-26, by the shortest configuration', NAIVE],
  ])('%s: no forged identity reaches the application, on a public route neither', async (_, by) => {
    const { app, get, good } = await setUp('', by)
    expect((await get([good])).status).toBe(200)
    expect((await get([], '/pub/a')).status).toBe(200)
    expect(values(app.seen[1], 'x-onedata-subject-id').join('')).toBe('')
    for (const name of FORGED) {
      expect((await get([`${name}: root`])).status).toBe(401)
      await get([good, `${name}: root`])
      await get([`${name}: root`], '/pub/a')
    }
    expect(app.seen.length).toBeGreaterThan(2)
    expect(JSON.stringify(app.seen)).not.toContain('root')
  })

  test('F-14, F-15, F-18, F-19: a protected path stays one, whatever else the client says', async () => {
    const { app, get, good } = await setUp()
    const claims = ['X-Forwarded-Uri', 'X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL']
    const all = claims.map((name) => `${name}: /pub/a`)
    for (const claim of all) expect((await get([claim])).status, claim).toBe(401)
    expect((await get([...all, 'X-Forwarded-Method: OPTIONS'], '/a?uri=/pub/a')).status).toBe(401)
    const named = await get([...all, 'Connection: X-Forwarded-Uri, X-Original-URL'])
    expect([400, 401]).toContain(named.status)
    expect(app.seen).toEqual([])
    expect((await get([good, 'X-Forwarded-Method: DELETE'], '/readers/a')).status).toBe(200)
  })

  test('F-16: the address is that of the socket', async () => {
    const { app, get, onezone } = await setUp()
    const from = (whitelist: string) =>
      `X-Auth-Token: ${onezone.createTemporaryToken({
        subject: { type: 'user', id: 'alice' },
        caveats: [{ type: 'ip', whitelist: [whitelist] }],
      })}`
    const claims = ['X-Forwarded-For: 6.6.6.6', 'X-Real-IP: 6.6.6.6', 'Forwarded: for=6.6.6.6']
    expect((await get([from('6.6.6.6/32'), ...claims])).status).toBe(401)
    expect(app.seen).toEqual([])
    expect((await get([from('127.0.0.1/32'), ...claims])).status).toBe(200)
    expect(JSON.stringify(app.seen)).not.toContain('6.6.6.6')
  })

  test('F-17: no Connection field takes the identity away', async () => {
    const { app, get, good } = await setUp()
    for (const connection of [
      ['close'],
      ['keep-alive'],
      ['keep-alive, Upgrade'],
      ['X-Onedata-Subject-Id'],
      ['X-Onedata-Subject-Id, close'],
      ['Upgrade, X-Onedata-Subject-Id'],
      ['close', 'X-Onedata-Subject-Id'],
    ]) {
      const before = app.seen.length
      const { status } = await get([good, ...connection.map((value) => `Connection: ${value}`)])
      expect([200, 400], connection.join(' + ')).toContain(status)
      const reached = app.seen.slice(before)
      expect(reached).toHaveLength(status === 200 ? 1 : 0)
      for (const seen of reached) expect(values(seen, 'x-onedata-subject-id')).toEqual(['alice'])
    }
  })

  test('F-22: a WebSocket passes with the identity, and not without a token', async () => {
    const { app, get, good } = await setUp()
    const handshake = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${KEY}`,
    ]
    expect((await get(handshake)).status).toBe(401)
    expect(app.seen).toEqual([])
    expect((await get([good, ...handshake])).status).toBe(101)
    expect(values(app.seen[0], 'x-onedata-subject-id')).toEqual(['alice'])
  })

  test('F-23: 503 where onegate is gone, 502 or 504 where it says nothing', async () => {
    const { app, gateway, get, good } = await setUp()
    await gateway.close()
    expect((await get([good])).status).toBe(503)
    const held = new Set<Socket>()
    const silent = createServer((socket) => held.add(socket.on('error', () => {})))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    onTestFinished(() => {
      held.forEach((socket) => socket.destroy())
      silent.close()
    })
    const { port } = silent.address() as AddressInfo
    const front = await startApache(WITHOUT_TLS.replace('timeout=75', 'timeout=1'), port)
    expect([502, 504]).toContain((await send(front, 'GET /a', [good])).status)
    expect(app.seen).toEqual([])
  })

  test('F-24: a token of 9 KB is read by onegate', async () => {
    const { get } = await setUp()
    const long = await get([`X-Auth-Token: ${'A'.repeat(9_000)}`])
    expect(long.status).toBe(401)
    expect(long.body).toMatch(/token_(?:malformed|too_large)/)
  })

  test('F-29: 500 requests come over few connections', async () => {
    const { app, front, token, metrics } = await setUp()
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    onTestFinished(() => agent.destroy())
    const ask = () =>
      new Promise<number>((resolve, reject) => {
        const headers = { 'X-Auth-Token': token }
        request({ host: '127.0.0.1', port: front, agent, headers }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
        })
          .on('error', reject)
          .end()
      })
    const statuses = await Promise.all(Array.from({ length: 500 }, ask))
    expect([...new Set(statuses)]).toEqual([200])
    expect(app.seen).toHaveLength(500)
    const open = /^onegate_client_connections (\d+)$/m.exec(await metrics())?.[1]
    expect(Number(open)).toBeLessThan(100)
  })
})
