import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { DIALECT_NAMES } from '../../src/forward-auth/index.ts'
import { askAt, describeRequest, ROUTES, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { mint } from '../helpers/tokens.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'

const UNKNOWN_ALLOWED = `forwardAuth: { listen: '127.0.0.1:0', clientAddress: unknown-allowed }\n`
const NAMES = [
  'subject-type',
  'subject-id',
  'token-id',
  'token-type',
  'token-expires',
  'caveats',
  'scopes',
  'verdict',
]

describe.each(DIALECT_NAMES)('a question in the dialect %s', (dialect) => {
  const setUp = () => startForwardAuthRig(ROUTES, { more: UNKNOWN_ALLOWED })

  test('gets 200 exactly with a good token, and every field that states something', async () => {
    const { ask, token } = await setUp()
    const [path, fields] = describeRequest(dialect)
    const { status, headers, body } = await ask(path, [...fields, 'X-Auth-Token', token])
    expect(status).toBe(200)
    expect(body).toBe('')
    expect(headers).toMatchObject({
      'content-length': '0',
      'cache-control': 'no-store',
      'x-onegate-status': '200',
      'x-onedata-subject-id': 'alice',
      'x-onedata-caveats': '',
    })
    for (const name of NAMES) expect(headers).toHaveProperty(`x-onedata-${name}`)
  })

  test('may carry its token where the route looks for it, and there only', async () => {
    const routes = 'routes: [{ path: /**, credentials: [basic-password] }]\n'
    const { ask, token } = await startForwardAuthRig(routes, { more: UNKNOWN_ALLOWED })
    const [path, fields] = describeRequest(dialect)
    const basic = `Basic ${Buffer.from(`alice:${token}`).toString('base64')}`
    const good = await ask(path, [...fields, 'Authorization', basic])
    expect([good.status, good.headers['x-onedata-subject-id']]).toEqual([200, 'alice'])
    const bad = await ask(path, [...fields, 'X-Auth-Token', token])
    expect([bad.status, bad.code]).toEqual([401, 'credentials_missing'])
    expect(bad.headers['www-authenticate']).toContain('Basic realm="onedata"')
  })

  test('gets the empty identity on a public route, and no grant for a forged one', async () => {
    const { ask, token, onezone } = await setUp()
    const [path, fields] = describeRequest(dialect, { target: '/pub/a' })
    const open = await ask(path, fields)
    expect([open.status, open.headers['x-onedata-subject-id']]).toEqual([200, ''])
    for (const name of [
      'X-Onedata-Subject-Id',
      'X_Onedata_Subject_Id',
      'X.Onedata.Subject.Id',
      'X-Onedata-Scopes',
      'X_Onedata_Consumer_Token',
    ]) {
      const forged = await ask(path, [...fields, 'X-Auth-Token', token, name, 'root'])
      expect([forged.headers['x-onegate-status'], forged.code], name).toEqual([
        '400',
        'identity_forged',
      ])
      expect(forged.headers).not.toHaveProperty('x-onedata-subject-id')
    }
    expect(onezone.calls()['verifyAccessToken'] ?? 0).toBe(0)
  })

  test('gets the true status and the problem, whatever the status on the wire', async () => {
    const { ask, token } = await setUp()
    const narrow = dialect.startsWith('nginx')
    const cases: [Parameters<typeof describeRequest>[1], string[], number, string][] = [
      [{}, [], 401, 'credentials_missing'],
      [{ method: 'OPTIONS' }, [], 401, 'credentials_missing'],
      [{}, ['X-Auth-Token', '%%%'], 401, 'token_malformed'],
      [{ target: '/bob/a' }, ['X-Auth-Token', token], 403, 'subject_not_allowed'],
      [
        {},
        ['X-Auth-Token', token, 'Authorization', `Bearer ${token}x`],
        400,
        'credentials_ambiguous',
      ],
      [
        {},
        ['Authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`],
        400,
        'credentials_ambiguous',
      ],
      [{ target: '/a%2Fb/..;/%70ub' }, ['X-Auth-Token', token], 400, 'request_invalid'],
      [{ target: '/pub/..%2fa' }, ['X-Auth-Token', token], 400, 'request_invalid'],
      [{ host: 'a b' }, ['X-Auth-Token', token], 400, 'request_invalid'],
    ]
    for (const [request, credentials, status, code] of cases) {
      const [path, fields] = describeRequest(dialect, request)
      const method = dialect === 'envoy' ? (request?.method ?? 'GET') : 'GET'
      const answer = await ask(path, [...fields, ...credentials], method)
      const wire = narrow && status === 400 ? 403 : status
      expect([answer.status, answer.headers['x-onegate-status'], answer.code], code).toEqual([
        wire,
        String(status),
        code,
      ])
      expect(answer.headers['x-onegate-problem']).toBe(answer.body)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect('www-authenticate' in answer.headers).toBe(
        status === 401 || status === 403 || code.startsWith('cred'),
      )
    }
  })

  test('is judged by what its own fields say, each exactly once', async () => {
    const { ask, token } = await setUp()
    const [path, fields] = describeRequest(dialect)
    const credential = ['X-Auth-Token', token]
    const optional = new Set(dialect === 'envoy' ? ['X-Forwarded-For'] : [])
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] ?? ''
      const doubled = await ask(path, [...fields, name, fields[i + 1] ?? '', ...credential])
      expect(doubled.headers['x-onegate-status'] ?? '400', `${name} twice`).toBe('400')
      expect(doubled.status, `${name} twice`).not.toBe(200)
      if (name === 'Host' || name === 'X-Forwarded-For' || optional.has(name)) continue
      const missing = await ask(path, [
        ...fields.slice(0, i),
        ...fields.slice(i + 2),
        ...credential,
      ])
      expect(missing.headers['x-onegate-status'], `without ${name}`).toBe('400')
      const empty = await ask(path, fields.with(i + 1, '').concat(credential))
      expect(empty.headers['x-onegate-status'], `${name} empty`).toBe('400')
    }
  })

  test('is not judged by the fields of other dialects, nor by its query', async () => {
    const { ask } = await setUp()
    const [path, fields] = describeRequest(dialect)
    const own = new Set(
      fields.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()),
    )
    const foreign = [
      ['X-Forwarded-Uri', '/pub/a'],
      ['X-Forwarded-Method', 'GET'],
      ['X-Original-URL', 'https://api.example.org/pub/a'],
      ['X-Original-URI', '/pub/a'],
      ['X-Rewrite-URL', '/pub/a'],
      ['Path', '/pub/a'],
    ].filter(([name = '']) => !own.has(name.toLowerCase()))
    const answer = await ask(`${path}?dialect=envoy&uri=/pub/a`, [...fields, ...foreign.flat()])
    expect([answer.status, answer.code]).toEqual([401, 'credentials_missing'])
  })
})

describe('who may ask', () => {
  test('only the trusted proxies: others get 403, and nothing of their question is read', async () => {
    const { ask, token, onezone, metrics } = await startForwardAuthRig(ROUTES, {
      more: 'trustedProxies: [10.1.2.3]\n',
    })
    const [path, fields] = describeRequest('caddy')
    const answer = await ask(path, [...fields, 'X-Auth-Token', token])
    expect([answer.status, answer.code]).toEqual([403, 'asker_not_trusted'])
    expect(onezone.calls()['verifyAccessToken'] ?? 0).toBe(0)
    expect(await metrics()).toContain(
      'onegate_forward_auth_requests_total{dialect="unknown",outcome="refused"} 1',
    )
  })

  test('all who may write to the file of a Unix socket, which is left behind by no one', async () => {
    const path = join(tmpdir(), `onegate-door-${process.pid}.sock`)
    const rig = await startForwardAuthRig(ROUTES, {
      listen: `unix:${path}`,
      more: 'trustedProxies: []\n',
    })
    const [target, fields] = describeRequest('nginx')
    const answer = await askAt(rig.url, target, [...fields, 'X-Auth-Token', rig.token])
    expect(answer.headers['x-onedata-subject-id']).toBe('alice')
    await rig.gateway.close()
    expect(existsSync(path)).toBe(false)
  })
})

describe('where the client is', () => {
  const caveat = { type: 'ip', whitelist: ['192.0.2.0/24'] } as const

  test('is what the front proxy saw, whatever the client says', async () => {
    const { ask, onezone } = await startForwardAuthRig()
    const token = onezone.createTemporaryToken({
      subject: { type: 'user', id: 'alice' },
      caveats: [caveat],
    })
    const asked = async (dialect: string, address: string) => {
      const [path, fields] = describeRequest(dialect, { address })
      const answer = await ask(path, [
        ...fields,
        'X-Auth-Token',
        token,
        'X-Real-IP',
        '192.0.2.7',
        'Forwarded',
        'for=192.0.2.7',
      ])
      return answer.status
    }
    for (const dialect of ['nginx', 'traefik', 'envoy']) {
      expect(await asked(dialect, '192.0.2.7'), dialect).toBe(200)
      expect(await asked(dialect, '6.6.6.6'), dialect).toBe(401)
      // The proxy appended what it saw to what the client claims.
      expect(await asked(dialect, '192.0.2.7, 6.6.6.6'), dialect).toBe(401)
      // And what it saw is a trusted proxy, which is believed in turn.
      expect(await asked(dialect, '6.6.6.6, 192.0.2.7, 127.0.0.1'), dialect).toBe(200)
    }
  })

  test('must be said: 503 and one line in the log, unless it may be unknown', async () => {
    const lines: string[] = []
    const keep = (_: object, message: string) => void lines.push(message)
    const logger = { debug() {}, info() {}, warn() {}, error: keep }
    const { ask, token } = await startForwardAuthRig(ROUTES, { options: { logger } })
    const [path, fields] = describeRequest('caddy')
    for (let i = 0; i < 3; i++) {
      const answer = await ask(path, [...fields.slice(0, -2), 'X-Auth-Token', token])
      expect([answer.status, answer.code]).toEqual([503, 'gateway_misconfigured'])
      expect(answer.headers['retry-after']).toBe('30')
    }
    expect(lines).toEqual([expect.stringContaining('does not say where clients are')])
  })

  test('may be unknown where that is allowed: then no caveat on the address holds', async () => {
    const { ask, onezone, token } = await startForwardAuthRig(ROUTES, { more: UNKNOWN_ALLOWED })
    const confined = onezone.createTemporaryToken({
      subject: { type: 'user', id: 'alice' },
      caveats: [caveat],
    })
    const [path, fields] = describeRequest('nginx-gateway')
    // The client's own text, which this dialect does not read.
    const claimed = [...fields, 'X-Forwarded-For', '192.0.2.7']
    expect((await ask(path, [...claimed, 'X-Auth-Token', token])).status).toBe(200)
    const answer = await ask(path, [...claimed, 'X-Auth-Token', confined])
    expect([answer.status, answer.code]).toEqual([401, 'caveat_unverified'])
  })

  test('cannot be text that is no address', async () => {
    const { ask, token } = await startForwardAuthRig()
    for (const address of ['unknown', '192.0.2.7:80', '192.0.2.7,', '::1%eth0x, , x', '0x7f.1']) {
      const [path, fields] = describeRequest('haproxy', { address })
      const answer = await ask(path, [...fields, 'X-Auth-Token', token])
      expect([answer.status, answer.code], address).toEqual([400, 'client_address_invalid'])
    }
  })
})

test('nobody could say: 503 with Retry-After, and a spent budget is 429', async () => {
  const { ask, token, onezone } = await startForwardAuthRig(ROUTES, {
    more: 'verdicts: { budget: { perAddressPerSecond: 1 } }\n',
  })
  onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'status', status: 503 }])
  const [path, fields] = describeRequest('nginx')
  const down = await ask(path, [...fields, 'X-Auth-Token', token])
  expect([down.status, down.code]).toEqual([503, 'verifier_unavailable'])
  expect(down.headers['retry-after']).toMatch(/^\d+$/)
  onezone.setFaults([])
  const codes = new Set<string | null>()
  for (let i = 0; i < 30; i++) {
    const bad = mint({ id: `tok${i}` })
    const answer = await ask(path, [...fields, 'X-Auth-Token', bad])
    codes.add(answer.code)
    if (answer.status === 429) expect(answer.headers['retry-after']).toMatch(/^\d+$/)
  }
  expect(codes).toContain('verification_budget_exceeded')
})

test('methods that no route takes are told, and what is no dialect is not found', async () => {
  const { ask, token } = await startForwardAuthRig('routes: [{ path: /**, methods: [GET] }]\n')
  const [path, fields] = describeRequest('traefik', { method: 'POST' })
  const answer = await ask(path, [...fields, 'X-Auth-Token', token])
  expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD'])
  for (const other of [
    '/',
    '/auth',
    '/auth/',
    '/auth/Nginx',
    '/auth/nginx/',
    '/auth/envoyx',
    '/metrics',
  ]) {
    expect((await ask(other, [...fields, 'X-Auth-Token', token])).status, other).toBe(404)
  }
})

test('TRACE, CONNECT and methods that nobody knows are not carried', async () => {
  const { ask, token } = await startForwardAuthRig()
  for (const [method, code] of [
    ['TRACE', 'method_not_allowed'],
    ['CONNECT', 'method_not_allowed'],
    ['get', 'request_invalid'],
    ['FROB', 'request_invalid'],
  ] as const) {
    const [path, fields] = describeRequest('apache', { method })
    expect((await ask(path, [...fields, 'X-Auth-Token', token])).code, method).toBe(code)
  }
})

describe('odd questions', () => {
  const head = (path: string, fields: readonly string[], version = '1.1') => {
    let text = `GET ${path} HTTP/${version}\r\nHost: door\r\n`
    for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
    return `${text}\r\n`
  }

  test('with Upgrade, with Expect, with a body that never comes, in HTTP/1.0: answered like any other', async () => {
    const { port, token } = await startForwardAuthRig()
    const [path, described] = describeRequest('caddy')
    const fields = [...described, 'X-Auth-Token', token]
    const websocket = [
      'Connection',
      'Upgrade',
      'Upgrade',
      'websocket',
      'Sec-WebSocket-Version',
      '13',
    ]
    const odd: [more: string[], version: string][] = [
      [websocket, '1.1'],
      [['Expect', '100-continue', 'Content-Length', '5'], '1.1'],
      [['Expect', 'anything'], '1.1'],
      [['Content-Length', '5'], '1.1'],
      [['Transfer-Encoding', 'chunked'], '1.1'],
      [[], '1.0'],
    ]
    for (const [more, version] of odd) {
      const client = await openRawClient(port)
      client.send(head(path, [...fields, ...more], version))
      const response = readResponse(await client.until('\r\n\r\n'))
      expect(response.status, more.join()).toBe(200)
      expect(response.field('x-onedata-subject-id')).toBe('alice')
      if (more.includes('Content-Length') || version === '1.0') await client.closed()
    }
  })

  test('with a field of 1 MB, or 200 of them, are refused', async () => {
    const { port, token, ask } = await startForwardAuthRig()
    const [path, fields] = describeRequest('caddy', { target: `/${'a'.repeat(1_000_000)}` })
    const client = await openRawClient(port)
    client.send(head(path, [...fields, 'X-Auth-Token', token]))
    expect(readResponse(await client.closed()).status).toBe(431)
    const [, described] = describeRequest('caddy')
    const many = Array.from({ length: 200 }, (_, i) => [`X-${i}`, '1']).flat()
    const answer = await ask('/auth/caddy', [...described, 'X-Auth-Token', token, ...many])
    expect([answer.status, answer.code]).toEqual([431, 'headers_too_large'])
    const [, long] = describeRequest('caddy', { target: `/${'a'.repeat(17_000)}` })
    expect((await ask('/auth/caddy', [...long, 'X-Auth-Token', token])).code).toBe(
      'target_too_long',
    )
  })

  test('with HEAD get no body', async () => {
    const { ask } = await startForwardAuthRig()
    const [path, fields] = describeRequest('caddy')
    expect(await ask(path, fields, 'HEAD')).toMatchObject({ status: 401, body: '' })
  })
})

test('Envoy is told which credentials to remove, and only where they are not to pass', async () => {
  const { ask, token } = await startForwardAuthRig(
    'routes: [{ path: /raw/**, forwardToken: true }, { path: /** }]\n',
  )
  const removed = async (dialect: string, target: string) => {
    const [path, fields] = describeRequest(dialect, { target })
    return (await ask(path, [...fields, 'X-Auth-Token', token])).headers[
      'x-envoy-auth-headers-to-remove'
    ]
  }
  const credentials = 'x-auth-token,authorization,macaroon,x-onedata-consumer-token'
  expect(await removed('envoy', '/a?b=c')).toBe(credentials)
  expect(await removed('envoy', '/raw/a')).toBeUndefined()
  expect(await removed('traefik', '/a')).toBeUndefined()
})

test('what names another route may have for the identity cannot be forged on any', async () => {
  const { ask, token } = await startForwardAuthRig(
    'routes: [{ path: /a/**, headers: { subjectId: Remote-User } }, { path: /** }]\n',
  )
  const [path, fields] = describeRequest('nginx', { target: '/b' })
  const answer = await ask(path, [...fields, 'X-Auth-Token', token, 'remote_user', 'root'])
  expect(answer.code).toBe('identity_forged')
})

test('10 000 questions on a few connections, each counted once', async () => {
  const { port, token, metrics } = await startForwardAuthRig()
  const [path, fields] = describeRequest('haproxy')
  let text = `GET ${path} HTTP/1.1\r\nHost: door\r\nX-Auth-Token: ${token}\r\n`
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  const clients = await Promise.all(Array.from({ length: 4 }, () => openRawClient(port)))
  await Promise.all(
    clients.map(async (client) => {
      for (let done = 0; done < 2_500; done += 100) {
        client.send(`${text}\r\n`.repeat(100))
        await client.untilCount('HTTP/1.1 200 OK', done + 100)
      }
    }),
  )
  expect(await metrics()).toContain(
    'onegate_forward_auth_requests_total{dialect="haproxy",outcome="granted"} 10000',
  )
})
