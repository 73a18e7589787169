import { createServer as createHttpServer } from 'node:http'
import { Agent, request } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { send, startApp, told, values } from '../helpers/front-app.ts'
import { startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import type { FrontProxyName } from '../helpers/front-proxy.ts'
import { isInstalled, shipped, startFrontProxy } from '../helpers/front-proxy.ts'
import { mint } from '../helpers/tokens.ts'
import { KEY } from '../helpers/websocket.ts'

/** A front proxy that asks, by its shipped configuration. */
interface Asking {
  readonly name: FrontProxyName
  readonly file: string
  /** Names with other characters than letters, digits and dashes do not reach onegate. */
  readonly dropsOddNames: boolean
  readonly naive: string
}

const PROXIES: readonly Asking[] = [
  {
    name: 'nginx',
    file: 'nginx/forward-auth.conf',
    dropsOddNames: true,
    naive: `server {
      listen 127.0.0.1:8080;
      location / { auth_request /auth; proxy_pass http://127.0.0.1:3000; }
      location = /auth { internal; proxy_pass http://127.0.0.1:8181/auth/nginx; proxy_pass_request_body off;
        proxy_set_header Content-Length ""; proxy_set_header X-Original-Method $request_method;
        proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
        proxy_set_header X-Forwarded-For $remote_addr; }
    }`,
  },
  {
    name: 'haproxy',
    file: 'haproxy/forward-auth.cfg',
    dropsOddNames: false,
    naive: `global
  lua-load /etc/haproxy/onegate.lua
defaults
  mode http
  timeout connect 3s
  timeout client 10s
  timeout server 10s
frontend clients
  bind 127.0.0.1:8080
  http-request lua.onegate http://127.0.0.1:8181/auth/haproxy
  default_backend app
backend app
  server app 127.0.0.1:3000
`,
  },
  {
    name: 'caddy',
    file: 'caddy/forward-auth.Caddyfile',
    dropsOddNames: false,
    naive: `http://127.0.0.1:8080 {
	forward_auth 127.0.0.1:8181 {
		uri /auth/caddy
		copy_headers X-Onedata-Token-Id
	}
	reverse_proxy 127.0.0.1:3000
}`,
  },
]

async function startFront({ name }: Asking, configuration: string, door: number, app: number) {
  return startFrontProxy(
    name,
    configuration,
    {
      '127.0.0.1:8181': `127.0.0.1:${door}`,
      '127.0.0.1:3000': `127.0.0.1:${app}`,
      '127.0.0.1:8080': 'FRONT',
      ...(name === 'haproxy' ? { '/etc/haproxy/onegate.lua': 'DIR/onegate.lua' } : {}),
    },
    name === 'haproxy' ? { 'onegate.lua': shipped('haproxy/onegate.lua') } : {},
  )
}

describe.each(PROXIES.filter(({ name }) => isInstalled(name)))('behind $name', (proxy) => {
  async function setUp(more = '', configuration = shipped(proxy.file)) {
    const rig = await startForwardAuthRig(undefined, { more })
    const app = await startApp()
    const port = await startFront(proxy, configuration, rig.port, app.port)
    const good = `X-Auth-Token: ${rig.token}`
    const get = (fields: readonly string[] = [], target = '/a') =>
      send(port, `GET ${target}`, fields)
    return { ...rig, app, front: port, good, get }
  }

  test('F-01 a good token: our identity once, no credential, the body as it was', async () => {
    const { app, front, get, good, token } = await setUp()
    expect((await get([good])).status).toBe(200)
    expect(
      (await send(front, 'POST /a?b=c', [`Authorization: Bearer ${token}`], 'hello')).status,
    ).toBe(200)
    expect((await send(front, 'HEAD /a', [good])).status).toBe(200)
    expect(app.seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', '/a', ''],
      ['POST', '/a?b=c', 'hello'],
      ['HEAD', '/a', ''],
    ])
    for (const seen of app.seen) {
      expect(values(seen, 'x-onedata-subject-id')).toEqual(['alice'])
      expect(values(seen, 'x-onedata-subject-type')).toEqual(['user'])
      expect(JSON.stringify(seen.fields)).not.toContain(token)
      for (const name of ['x-forwarded-uri', 'x-forwarded-method', 'x-original-url']) {
        expect(values(seen, name), name).toEqual([])
      }
    }
  })

  test('F-02 to F-04, F-07, F-20, F-21: refused, with the true status, challenge and problem', async () => {
    const { app, front, get, good, onezone, token } = await setUp()
    expect(await told(send(front, 'OPTIONS /a'))).toEqual([401, 'credentials_missing', 1])
    expect(await told(get())).toEqual([401, 'credentials_missing', 1])
    expect(await told(get(['X-Auth-Token: bad']))).toEqual([401, 'token_malformed', 1])
    const challenges = proxy.name === 'nginx' ? 0 : 1
    expect(await told(get([good], '/bob/a'))).toEqual([403, 'subject_not_allowed', challenges])
    const readonly = onezone.createTemporaryToken({
      subject: { type: 'user', id: 'alice' },
      caveats: [{ type: 'data.readonly' }],
    })
    expect((await told(get([`X-Auth-Token: ${readonly}`]))).slice(0, 2), 'F-04').toEqual([
      403,
      'caveat_not_enforced',
    ])
    const [status] = await told(get([good, `Authorization: Bearer ${token}x`]))
    expect(status, 'F-07').toBe(400)
    const [twice] = await told(
      get([`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]),
    )
    expect(twice, 'F-21').toBe(400)
    expect((await told(get([good], '/a%2Fb/..;/%70ub')))[0], 'F-20').toBe(400)
    expect(await told(send(front, 'POST /readers/a', [good, 'Content-Length: 0']))).toEqual([
      200,
      null,
      0,
    ])
    expect(app.seen).toHaveLength(1)
  })

  test('F-05 the verifier is down: 503 with Retry-After; F-06 the budget is spent: 429', async () => {
    const { app, get, good, onezone } = await setUp(
      'verdicts: { budget: { perAddressPerSecond: 1 } }\n',
    )
    onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'status', status: 503 }])
    const down = await get([good])
    expect([down.status, /"code":"(\w+)"/.exec(down.body)?.[1]]).toEqual([
      503,
      'verifier_unavailable',
    ])
    expect(down.field('retry-after')).toMatch(/^\d+$/)
    onezone.setFaults([])
    let spent = down
    for (let i = 0; i < 40 && spent.status !== 429; i++) {
      spent = await get([`X-Auth-Token: ${mint({ id: `t${i}` })}`])
    }
    expect(spent.status).toBe(429)
    expect(spent.field('retry-after')).toMatch(/^\d+$/)
    expect(spent.body).toContain('verification_budget_exceeded')
    expect(app.seen).toEqual([])
  })

  test('F-08 to F-13: no forged identity reaches the application, on a public route neither', async () => {
    const { app, get, good } = await setUp()
    expect((await get([], '/pub/a')).status).toBe(200)
    expect(values(app.seen[0], 'x-onedata-subject-id').join('')).toBe('')
    for (const name of [
      'X-Onedata-Subject-Id',
      'X_Onedata_Subject_Id',
      'X.Onedata.Subject.Id',
      'X-Onedata-Scopes',
      'X-Onedata-Verdict',
      'X-Onedata-Anything',
    ]) {
      for (const [fields, target] of [
        [[good], '/a'],
        [[], '/pub/a'],
      ] as const) {
        const before = app.seen.length
        const { status } = await get([...fields, `${name}: root`], target)
        const odd = /[_.]/.test(name)
        expect(status, name).toBe(odd && proxy.dropsOddNames ? 200 : 400)
        expect(JSON.stringify(app.seen.slice(before)), name).not.toContain('root')
      }
    }
  })

  test('F-14, F-15, F-18, F-19: a protected path stays one, whatever else the client says', async () => {
    const { app, get, good } = await setUp()
    const claims = ['X-Forwarded-Uri', 'X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL', 'Path']
    const all = claims.map((name) => `${name}: /pub/a`)
    for (const claim of all) expect((await get([claim])).status, claim).toBe(401)
    expect((await get([...all, 'X-Forwarded-Method: GET', 'X-Original-Method: GET'])).status).toBe(
      401,
    )
    expect((await get(all, '/a?dialect=envoy&uri=/pub/a')).status).toBe(401)
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
    expect(values(app.seen[0], 'x-forwarded-for').join()).toBe('127.0.0.1')
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
      if (connection.length === 1 && !connection[0]?.includes('X-')) expect(status).toBe(200)
      const reached = app.seen.slice(before)
      expect(reached).toHaveLength(status === 200 ? 1 : 0)
      for (const seen of reached) {
        expect(values(seen, 'x-onedata-subject-id'), connection.join(' + ')).toEqual(['alice'])
      }
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

  test('F-23: 503 with Retry-After where onegate is gone, and where it says nothing', async () => {
    const { app, gateway, get, good } = await setUp()
    await gateway.close()
    const gone = await get([good])
    expect([gone.status, gone.field('retry-after')]).toEqual([503, '2'])
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const held = new Set<Socket>()
    silent.on('connection', (socket) => held.add(socket.on('error', () => {})))
    onTestFinished(() => {
      held.forEach((socket) => socket.destroy())
      silent.close()
    })
    const { port } = silent.address() as AddressInfo
    const front = await startFront(proxy, shipped(proxy.file), port, app.port)
    expect((await send(front, 'GET /a', [good])).status).toBe(503)
    expect(app.seen).toEqual([])
  })

  test('F-24: an identity field of 16 KB, and a token of 9 KB', async () => {
    const { app, get } = await setUp()
    const long = await get([`X-Auth-Token: ${'A'.repeat(9_000)}`])
    expect(long.status).toBe(401)
    expect(long.body).toMatch(/token_(?:malformed|too_large)/)
    const caveats = 'x'.repeat(16_000)
    const door = createHttpServer((_, outgoing) => {
      outgoing.writeHead(200, { 'X-Onegate-Status': '200', 'X-Onedata-Caveats': caveats })
      outgoing.end()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => door.once('listening', resolve))
    onTestFinished(() => {
      door.closeAllConnections()
      door.close()
    })
    const { port } = door.address() as AddressInfo
    const front = await startFront(proxy, shipped(proxy.file), port, app.port)
    expect((await send(front, 'GET /a')).status).toBe(200)
    expect(values(app.seen[0], 'x-onedata-caveats')).toEqual([caveats])
  })

  test('F-26: the shortest configuration lets no forged identity through either', async () => {
    const { app, get, good } = await setUp('', proxy.naive)
    expect((await get([good])).status).toBe(200)
    expect(app.seen).toHaveLength(1)
    for (const name of [
      'X-Onedata-Subject-Id',
      'X_Onedata_Subject_Id',
      'X.Onedata.Subject.Id',
      'X-Onedata-Scopes',
    ]) {
      for (const fields of [[good, `${name}: root`], [`${name}: root`]]) {
        await get(fields)
        await get(fields, '/pub/a')
      }
    }
    expect(JSON.stringify(app.seen)).not.toContain('root')
  })

  test('F-29: 600 requests come over few connections', async () => {
    const { port: door, token } = await startForwardAuthRig()
    const app = await startApp()
    let connections = 0
    const counter = createServer((socket) => {
      connections++
      const onward = connect(door, '127.0.0.1')
      socket.on('error', () => onward.destroy())
      onward.on('error', () => socket.destroy())
      socket.pipe(onward).pipe(socket)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => counter.once('listening', resolve))
    onTestFinished(() => void counter.close())
    const { port } = counter.address() as AddressInfo
    const front = await startFront(proxy, shipped(proxy.file), port, app.port)
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
    const statuses = new Set<number>()
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 75; i++) statuses.add(await ask())
      }),
    )
    expect([...statuses]).toEqual([200])
    expect(app.seen).toHaveLength(600)
    // A check of the front's own may open one each second, and a busy machine takes many of those.
    expect(connections).toBeLessThan(100)
  })
})

test.runIf(isInstalled('nginx'))(
  'F-25: nginx with a cache of verdicts keeps none of them, and still refuses who has no token',
  async () => {
    const [proxy] = PROXIES
    if (proxy === undefined) return
    const rig = await startForwardAuthRig()
    const app = await startApp()
    const cached = shipped(proxy.file)
      .replace(
        'upstream onegate',
        'proxy_cache_path CACHE keys_zone=verdicts:1m;\nupstream onegate',
      )
      .replace(
        '    internal;\n',
        '    internal;\n    proxy_cache verdicts;\n    proxy_cache_valid any 1m;\n',
      )
    const port = await startFrontProxy('nginx', cached, {
      CACHE: 'DIR/cache',
      '127.0.0.1:8181': `127.0.0.1:${rig.port}`,
      '127.0.0.1:3000': `127.0.0.1:${app.port}`,
      '127.0.0.1:8080': 'FRONT',
    })
    expect((await send(port, 'GET /a', [`X-Auth-Token: ${rig.token}`])).status).toBe(200)
    expect((await send(port, 'GET /a')).status).toBe(401)
    expect(app.seen).toHaveLength(1)
  },
)
