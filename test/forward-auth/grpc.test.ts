import { connect } from 'node:http2'
import { fileURLToPath } from 'node:url'

import type { ServiceClientConstructor } from '@grpc/grpc-js'
import { credentials, loadPackageDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { describe, expect, onTestFinished, test } from 'vitest'

import { ROUTES, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

const proto = (name: string) => fileURLToPath(new URL(`./proto/${name}.proto`, import.meta.url))

const loaded = loadPackageDefinition(
  loadSync([proto('authorization'), proto('health')], { keepCase: true, enums: String }),
) as unknown as {
  envoy: { service: { auth: { v3: { Authorization: ServiceClientConstructor } } } }
  grpc: { health: { v1: { Health: ServiceClientConstructor } } }
}
const { Authorization } = loaded.envoy.service.auth.v3
const { Health } = loaded.grpc.health.v1

interface CheckResponse {
  readonly status: { readonly code: number } | null
  readonly ok_response?: { readonly headers: Stated[]; readonly headers_to_remove: string[] }
  readonly denied_response?: {
    readonly status: { readonly code: number }
    readonly headers: Stated[]
    readonly body: string
  }
}

interface Stated {
  readonly header: { readonly key: string; readonly value: string }
}

interface Asking {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** In `header_map` in place of `headers`. */
  readonly raw?: readonly (readonly [string, string])[]
  readonly address?: string | null
  readonly body?: string
}

type Unary = (
  message: object,
  done: (error: (Error & { readonly code?: number }) | null, response: CheckResponse) => void,
) => void

const call = (client: object, method: string, message: object): Promise<CheckResponse> =>
  new Promise((resolve, reject) => {
    const unary = (client as Record<string, Unary>)[method]
    unary?.call(client, message, (error, response) => {
      if (error === null) resolve(response)
      else reject(error)
    })
  })

function checkRequest({ method = 'GET', path = '/a', address = '192.0.2.7', ...more }: Asking) {
  const { headers = {}, raw, body } = more
  return {
    attributes: {
      source:
        address === null ? {} : { address: { socket_address: { address, port_value: 4711 } } },
      destination: { principal: 'spiffe://a' },
      request: {
        time: { seconds: 1, nanos: 1 },
        http: {
          id: '1',
          method,
          path,
          host: 'api.example.org',
          scheme: 'https',
          protocol: 'HTTP/1.1',
          body,
          ...(raw === undefined
            ? { headers: { ':path': path, ':method': method, ...headers } }
            : {
                header_map: {
                  headers: raw.map(([key, value]) => ({ key, raw_value: Buffer.from(value) })),
                },
              }),
        },
      },
      context_extensions: { any: 'thing' },
    },
  }
}

const GRPC = `forwardAuth: { listen: '127.0.0.1:0', grpcListen: '127.0.0.1:0' }\n`

async function startGrpc(yaml = ROUTES, more = GRPC) {
  const rig = await startForwardAuthRig(yaml, { more })
  const url = rig.gateway.forwardAuthGrpcUrl ?? ''
  const address = url.startsWith('unix:') ? url : new URL(url).host
  const client = new Authorization(address, credentials.createInsecure())
  const health = new Health(address, credentials.createInsecure())
  onTestFinished(() => {
    client.close()
    health.close()
  })
  const check = (asking: Asking) => call(client, 'Check', checkRequest(asking))
  const isServing = (service = '') => call(health, 'Check', { service })
  return { ...rig, grpcUrl: url, client, check, isServing }
}

const fieldsOf = (stated: readonly Stated[] = []) =>
  Object.fromEntries(stated.map(({ header }) => [header.key.toLowerCase(), header.value]))

const codeOf = ({ denied_response: denied }: CheckResponse) => {
  const { code } = JSON.parse(denied?.body ?? '{}') as { code?: string }
  return [denied?.status.code ?? 200, code ?? null]
}

describe('ext_authz by gRPC, asked by a stock client', () => {
  test('lets a request pass with its identity, and has credentials removed', async () => {
    const { check, token, metrics } = await startGrpc()
    for (const asking of [
      { headers: { 'x-auth-token': token } },
      { raw: [['Authorization', `Bearer ${token}`]] as const },
    ]) {
      const { status, ok_response: ok } = await check(asking)
      expect(status?.code ?? 0).toBe(0)
      const stated = fieldsOf(ok?.headers)
      expect(stated['x-onedata-subject-id']).toBe('alice')
      expect(stated['x-onedata-caveats']).toBe('')
      expect(stated['x-request-id']).toMatch(/./)
      expect(ok?.headers_to_remove.sort()).toEqual([
        'authorization',
        'macaroon',
        'x-auth-token',
        'x-onedata-consumer-token',
      ])
    }
    expect(await metrics()).toContain(
      'onegate_forward_auth_requests_total{dialect="grpc",outcome="granted"} 2',
    )
  })

  test('removes what a client forges, in every spelling, and overwrites the rest', async () => {
    const { check, token } = await startGrpc()
    const forged = {
      'x-onedata-subject-id': 'root',
      x_onedata_subject_id: 'root',
      'x.onedata.subject.type': 'root',
      'x-onedata-scopes': 'all',
      'x-onedata-caveats': 'none',
      'x-onedata-assertion': 'a.b.c',
    }
    for (const path of ['/a', '/pub/a']) {
      const headers = { ...forged, ...(path === '/a' ? { 'x-auth-token': token } : {}) }
      const { ok_response: ok } = await check({ path, headers })
      const stated = fieldsOf(ok?.headers)
      for (const name of Object.keys(forged)) {
        const isGone = ok?.headers_to_remove.includes(name) === true
        expect(isGone || stated[name] === 'alice', name).toBe(true)
        // Envoy removes after it has set.
        if (isGone) expect(stated).not.toHaveProperty([name])
      }
    }
  })

  test.each([
    ['without a token', {}, [401, 'credentials_missing']],
    ['with a bad token', { headers: { 'x-auth-token': 'nonsense' } }, [401, 'token_malformed']],
    [
      'with two',
      { headers: { 'x-auth-token': 'a', macaroon: 'b' } },
      [400, 'credentials_ambiguous'],
    ],
    [
      'with a field twice',
      {
        raw: [
          ['authorization', 'Bearer a'],
          ['authorization', 'Bearer a'],
        ],
      },
      [400, 'credentials_ambiguous'],
    ],
    ['of a path with two readings', { path: '/pub/..%2fa' }, [400, 'request_invalid']],
    ['of another method', { method: 'PUT', path: '/readers/a' }, [401, 'credentials_missing']],
    ['of no method', { method: 'BREW' }, [400, 'request_invalid']],
    ['without a path', { path: '' }, [400, 'request_invalid']],
    ['without an address', { address: null }, [503, 'gateway_misconfigured']],
    ['from an address that is none', { address: 'unknown' }, [400, 'client_address_invalid']],
  ] as [string, Asking, unknown[]][])(
    'refuses a request %s, as the other dialects do',
    async (...row) => {
      const [, asking, expected] = row
      const { check } = await startGrpc()
      const response = await check(asking)
      expect(codeOf(response)).toEqual(expected)
      expect(response.status?.code).toBeGreaterThan(0)
      expect(response.ok_response).toBeUndefined()
      const stated = fieldsOf(response.denied_response?.headers)
      expect(stated['cache-control']).toBe('no-store')
      expect(stated['content-type']).toBe('application/problem+json')
      if (expected[0] === 401) expect(stated['www-authenticate']).toMatch(/^Bearer/)
    },
  )

  test('says 503 with Retry-After in a denied response, where nobody could say', async () => {
    const { check, onezone, token } = await startGrpc()
    onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'status', status: 500 }])
    const response = await check({ headers: { 'x-auth-token': token } })
    expect(codeOf(response)).toEqual([503, 'verifier_unavailable'])
    expect(fieldsOf(response.denied_response?.headers)['retry-after']).toMatch(/^\d+$/)
  })

  test('judges ip caveats by the address of the socket, and by what trusted proxies said before it', async () => {
    const { check, onezone } = await startGrpc(
      ROUTES,
      `${GRPC}trustedProxies: [127.0.0.1, 10.0.0.1]\n`,
    )
    const bound = onezone.createTemporaryToken({
      subject: ALICE,
      caveats: [{ type: 'ip', whitelist: ['192.0.2.7'] }],
    })
    const from = async (address: string, forwardedFor?: string) =>
      codeOf(
        await check({
          address,
          headers: {
            'x-auth-token': bound,
            ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
          },
        }),
      )[0]
    expect(await from('192.0.2.7')).toBe(200)
    expect(await from('192.0.2.7', '6.6.6.6')).toBe(200)
    expect(await from('6.6.6.6', '192.0.2.7')).toBe(401)
    expect(await from('10.0.0.1', '6.6.6.6, 192.0.2.7')).toBe(200)
    expect(await from('10.0.0.1', '192.0.2.7, 6.6.6.6')).toBe(401)
  })

  test('refuses who is not trusted, without reading what was asked', async () => {
    const { check, onezone, token } = await startGrpc(ROUTES, `${GRPC}trustedProxies: [10.0.0.1]\n`)
    expect(codeOf(await check({ headers: { 'x-auth-token': token } }))).toEqual([
      403,
      'asker_not_trusted',
    ])
    expect(onezone.calls()['verifyAccessToken'] ?? 0).toBe(0)
  })

  test('answers 4 000 calls, 100 at once, each with its own answer', async () => {
    const { check, token } = await startGrpc()
    let wrong = 0
    const worker = async () => {
      for (let n = 0; n < 40; n++) {
        const isGood = n % 2 === 0
        const response = await check(isGood ? { headers: { 'x-auth-token': token } } : {})
        const isRight = isGood
          ? fieldsOf(response.ok_response?.headers)['x-onedata-subject-id'] === 'alice'
          : response.denied_response?.status.code === 401
        if (!isRight) wrong++
      }
    }
    await Promise.all(Array.from({ length: 100 }, worker))
    expect(wrong).toBe(0)
  }, 300_000)

  test('reads a message of 300 KB, and refuses one of 2 MB', async () => {
    const { check, token } = await startGrpc()
    const headers = { 'x-auth-token': token }
    const large = await check({ headers, body: 'a'.repeat(300_000) })
    expect(large.status?.code ?? 0).toBe(0)
    await expect(check({ headers, body: 'a'.repeat(2_000_000) })).rejects.toThrow(
      /RESOURCE_EXHAUSTED/,
    )
    expect((await check({ headers })).status?.code ?? 0).toBe(0)
  })

  test('is asked at a Unix socket, too, which its file mode protects', async () => {
    const path = `/tmp/onegate-grpc-${process.pid}.sock`
    const { check, token } = await startGrpc(
      ROUTES,
      `forwardAuth: { listen: '127.0.0.1:0', grpcListen: 'unix:${path}' }\n`,
    )
    expect((await check({ headers: { 'x-auth-token': token } })).status?.code ?? 0).toBe(0)
  })

  test('goes by another configuration after a reload', async () => {
    const { check, gateway, load, token } = await startGrpc()
    await gateway.reload(() =>
      load(
        `trustedProxies: [127.0.0.1]\n${GRPC}routes: [{ path: /**, subjects: { ids: [bob] } }]\n`,
      ),
    )
    expect(codeOf(await check({ headers: { 'x-auth-token': token } }))).toEqual([
      403,
      'subject_not_allowed',
    ])
  })
})

test('the health service says that it serves, and of which services', async () => {
  const { isServing, client } = await startGrpc()
  expect(await isServing()).toEqual({ status: 'SERVING' })
  expect(await isServing('envoy.service.auth.v3.Authorization')).toEqual({ status: 'SERVING' })
  await expect(isServing('other')).rejects.toThrow(/NOT_FOUND/)
  await expect(call(client, 'Unknown', checkRequest({}))).rejects.toThrow(/UNIMPLEMENTED/)
})

describe('what no client of gRPC sends', () => {
  const CHECK = '/envoy.service.auth.v3.Authorization/Check'

  function frame(body: Buffer, { flag = 0, length = body.length } = {}): Buffer {
    const prefix = Buffer.alloc(5)
    prefix[0] = flag
    prefix.writeUInt32BE(length, 1)
    return Buffer.concat([prefix, body])
  }

  async function post(url: string, bytes: Buffer, headers: Record<string, string> = {}) {
    const session = connect(url)
    onTestFinished(() => session.destroy())
    return new Promise<Record<string, unknown>>((resolve, reject) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': CHECK,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      })
      let answer: Record<string, unknown> = {}
      stream.on('response', (fields) => (answer = { ...answer, ...fields }))
      stream.on('trailers', (fields) => (answer = { ...answer, ...fields }))
      stream.on('close', () => resolve(answer))
      stream.on('error', reject)
      stream.resume()
      stream.end(bytes)
    })
  }

  test.each([
    ['no message at all', Buffer.alloc(0), '3'],
    ['half a prefix', Buffer.from([0, 0]), '3'],
    ['a frame that is cut off', frame(Buffer.from('abc'), { length: 300 }), '3'],
    ['two messages', Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))]), '3'],
    ['a message that is compressed', frame(Buffer.from('abc'), { flag: 1 }), '12'],
    ['a field that is cut off', frame(Buffer.from([0x0a, 0x7f, 1])), '3'],
    ['a number without end', frame(Buffer.alloc(11, 0xff)), '3'],
    ['a group', frame(Buffer.from([0x0b])), '3'],
    ['a field without number', frame(Buffer.from([0x02, 0])), '3'],
  ])('%s is refused', async (_, bytes, status) => {
    const { grpcUrl, check, token } = await startGrpc()
    const answer = await post(grpcUrl, bytes)
    expect(answer['grpc-status']).toBe(status)
    expect((await check({ headers: { 'x-auth-token': token } })).status?.code ?? 0).toBe(0)
  })

  test('an empty message is a request that cannot be read: denied, not an error', async () => {
    const { grpcUrl } = await startGrpc()
    const answer = await post(grpcUrl, frame(Buffer.alloc(0)))
    expect(answer['grpc-status']).toBe('0')
  })

  test('other content and other methods get an answer of HTTP', async () => {
    const { grpcUrl } = await startGrpc()
    const json = await post(grpcUrl, Buffer.from('{}'), { 'content-type': 'application/json' })
    expect(json[':status']).toBe(415)
    const other = await post(grpcUrl, frame(Buffer.alloc(0)), { ':path': '/other/Method' })
    expect(other['grpc-status']).toBe('12')
  })
})
