import { describe, expect, test } from 'vitest'

import type { CorsOptions } from '../../src/proxy/index.ts'
import type { RigRoute } from '../helpers/proxy-rig.ts'
import { startRig, TOKEN } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const PAGE = 'https://app.example.org'
const H = 'Host: gw.test\r\n'
const ORIGIN = `Origin: ${PAGE}\r\n`
const ASKING =
  'Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-auth-token\r\n'

/** A route that these pages may use, before an upstream that answers with these fields. */
async function setUp(
  cors: Partial<CorsOptions> | undefined = {},
  route: Partial<RigRoute> = {},
  answered = '',
) {
  const upstream = await startRecordingUpstream({
    respond: (_request, socket) =>
      void socket.write(`HTTP/1.1 200 OK\r\n${answered}Content-Length: 2\r\n\r\nok`),
  })
  const rig = await startRig([
    {
      path: '/**',
      upstream: upstream.url,
      ...(cors && { cors: { origins: [PAGE], ...cors } }),
      ...route,
    },
  ])
  const ask = async (method: string, fields: string) => {
    const client = await openRawClient(rig.port)
    client.send(`${method} /x HTTP/1.1\r\n${H}${fields}Connection: close\r\n\r\n`)
    const response = readResponse(await client.closed())
    const allowed = response.fields
      .filter(([name]) => name.startsWith('access-control-') || name === 'vary')
      .map(([name, value]) => `${name}: ${value}`)
    return { response, allowed }
  }
  return { rig, upstream, ask }
}

describe('a preflight request', () => {
  test('is answered here, without a token, and reaches nobody', async () => {
    const { rig, upstream, ask } = await setUp({
      methods: ['GET', 'PUT'],
      headers: ['X-Auth-Token', 'Content-Type'],
      credentials: true,
      maxAgeSeconds: 60,
    })
    const { response, allowed } = await ask('OPTIONS', ORIGIN + ASKING)
    expect(response.status).toBe(204)
    expect(response.body).toBe('')
    expect(allowed).toEqual([
      `access-control-allow-origin: ${PAGE}`,
      'access-control-allow-credentials: true',
      'access-control-allow-methods: GET, PUT',
      'access-control-allow-headers: X-Auth-Token, Content-Type',
      'access-control-max-age: 60',
      'vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    ])
    expect(upstream.requests).toEqual([])
    expect(rig.verifications()).toBe(0)
    expect(rig.requestEvents).toMatchObject([{ routeId: 'route-0', status: 204 }])
  })

  test('allows what the route takes, where nothing else is said', async () => {
    const { ask } = await setUp(
      {},
      { methods: ['GET', 'PUT'], policy: { credentials: ['bearer'] } },
    )
    const { allowed } = await ask('OPTIONS', ORIGIN + ASKING)
    expect(allowed).toContain('access-control-allow-methods: GET, HEAD, PUT')
    expect(allowed).toContain(
      'access-control-allow-headers: Authorization, X-Onedata-Consumer-Token, Content-Type',
    )
  })

  test.each([
    ['another origin', 'Origin: https://evil.example\r\n'],
    ['an origin with more than the name', `Origin: ${PAGE}.evil.example\r\n`],
    ['the same name without TLS', 'Origin: http://app.example.org\r\n'],
    ['the origin that is none', 'Origin: null\r\n'],
    ['two origins', ORIGIN + ORIGIN],
  ])('allows nothing to %s', async (_title, origin) => {
    const { upstream, ask } = await setUp({ credentials: true })
    const { response, allowed } = await ask('OPTIONS', origin + ASKING)
    expect(allowed.filter((field) => field.startsWith('access-control'))).toEqual([])
    if (origin !== ORIGIN + ORIGIN) expect(response.status).toBe(204)
    else expect(response.status).toBe(401)
    expect(upstream.requests).toEqual([])
  })

  test('is for the route that the request would take, and no other', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([
      { path: '/x', methods: ['PUT'], upstream: upstream.url, cors: { origins: [PAGE] } },
      { path: '/**', upstream: upstream.url },
    ])
    const ask = async (method: string) => {
      const client = await openRawClient(rig.port)
      client.send(
        `OPTIONS /x HTTP/1.1\r\n${H}${ORIGIN}Access-Control-Request-Method: ${method}\r\nConnection: close\r\n\r\n`,
      )
      return readResponse(await client.closed())
    }
    expect((await ask('PUT')).field('access-control-allow-methods')).toBe('PUT')
    const other = await ask('DELETE')
    expect([other.status, other.field('access-control-allow-origin')]).toEqual([401, undefined])
    expect(upstream.requests).toEqual([])
  })

  test('needs a token as any other, where the route says nothing of pages', async () => {
    const { upstream, ask } = await setUp(undefined, { cors: undefined })
    expect((await ask('OPTIONS', ORIGIN + ASKING)).response.status).toBe(401)
    expect(upstream.requests).toEqual([])
  })

  test('is none without what it asks about: an OPTIONS of the page itself needs a token', async () => {
    const { upstream, ask } = await setUp()
    expect((await ask('OPTIONS', ORIGIN)).response.status).toBe(401)
    expect(upstream.requests).toEqual([])
    await ask('OPTIONS', `${ORIGIN}X-Auth-Token: ${TOKEN}\r\n`)
    expect(upstream.requests).toHaveLength(1)
  })
})

describe('an answer', () => {
  test('of the gateway itself can be read by the page', async () => {
    const { ask } = await setUp({ exposeHeaders: ['X-Total'] })
    const { response, allowed } = await ask('GET', ORIGIN)
    expect(response.status).toBe(401)
    expect(allowed).toEqual([
      `access-control-allow-origin: ${PAGE}`,
      'access-control-expose-headers: WWW-Authenticate, Retry-After, X-Request-Id, X-Total',
      'vary: Origin',
    ])
  })

  test('that no upstream gave can be read, too', async () => {
    const { ask } = await setUp({}, { upstream: 'http://127.0.0.1:1' })
    const { response, allowed } = await ask('GET', `${ORIGIN}X-Auth-Token: ${TOKEN}\r\n`)
    expect(response.status).toBe(502)
    expect(allowed).toContain(`access-control-allow-origin: ${PAGE}`)
  })

  test('of the upstream says it once, and what else it says stays', async () => {
    const { ask } = await setUp(
      { exposeHeaders: ['ETag'], credentials: true },
      {},
      'Access-Control-Allow-Origin: *\r\naccess-control-allow-credentials: true\r\nAccess-Control-Expose-Headers: X-Own\r\nETag: "1"\r\nVary: Accept-Encoding, origin\r\nCache-Control: no-store\r\n',
    )
    const { response, allowed } = await ask('GET', `${ORIGIN}X-Auth-Token: ${TOKEN}\r\n`)
    expect(response.status).toBe(200)
    expect(response.body).toBe('ok')
    expect(response.field('etag')).toBe('"1"')
    expect(allowed).toEqual([
      'vary: Accept-Encoding, origin',
      `access-control-allow-origin: ${PAGE}`,
      'access-control-allow-credentials: true',
      'access-control-expose-headers: ETag',
    ])
  })

  test('to a page that is not listed lets it read nothing, whatever the upstream says', async () => {
    const { ask } = await setUp({}, {}, 'Access-Control-Allow-Origin: *\r\n')
    const { allowed } = await ask(
      'GET',
      `Origin: https://evil.example\r\nX-Auth-Token: ${TOKEN}\r\n`,
    )
    expect(allowed.filter((field) => field.startsWith('access-control'))).toEqual([])
    expect(allowed.join()).toMatch(/vary: .*Origin$/)
  })

  test('is the upstream’s own where the route says nothing of pages', async () => {
    const { ask } = await setUp(
      undefined,
      { cors: undefined },
      'Access-Control-Allow-Origin: *\r\n',
    )
    const { allowed } = await ask('GET', `${ORIGIN}X-Auth-Token: ${TOKEN}\r\n`)
    expect(allowed).toContain('access-control-allow-origin: *')
  })

  test('may be for every page, but never with what browsers send by themselves', async () => {
    const { ask } = await setUp({ origins: ['*'] })
    expect((await ask('GET', 'Origin: null\r\n')).allowed[0]).toBe('access-control-allow-origin: *')
    await expect(setUp({ origins: ['*'], credentials: true })).rejects.toThrow(
      /"routes\[0\].cors".*"origins" may not be "\*" with "credentials"/,
    )
  })
})
