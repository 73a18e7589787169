import { createAdaptorServer } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import fc from 'fast-check'
import { Hono } from 'hono'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'

import { createAuthenticator } from '../../src/authenticator/index.ts'
import type { SourcedVerdict } from '../../src/verifier/index.ts'
import { createReverseProxy } from '../../src/proxy/index.ts'
import { handlerOf } from '../../src/proxy/onedata-proxy.ts'
import { accepted, AUTHENTICATED, othersAnswered, refused, startRig } from '../helpers/proxy-rig.ts'
import { expectAlive, expectForwarded, startBench } from '../helpers/proxy-rows.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const H = 'Host: gw.test\r\n'
const A = AUTHENTICATED

async function statusOf(port: number, bytes: string): Promise<number> {
  const client = await openRawClient(port)
  client.send(bytes)
  const { status } = readResponse(await client.until(/\r\n\r\n/))
  client.socket.destroy()
  return status
}

describe('a route', () => {
  test.each([
    ['S-048 the prefix', '/pub', 200],
    ['S-048 the prefix with a slash', '/pub/', 200],
    ['S-048 a longer word', '/public', 404],
    ['S-048 a longer word still', '/pubX/x', 404],
    ['S-037 another case', '/Pub/x', 404],
    ['S-037 another case of a guarded one', '/APP/x', 404],
    ['nothing that matches', '/x', 404],
    ['the root', '/', 404],
    ['S-042 another path in the query', '/app?x=/pub/', 401],
    ['S-042 another path as the query', '/app?/pub', 401],
    ['S-064 the guarded prefix itself', '/app', 401],
  ])('S-030… %s: %s is answered %i', async (_what, target, status) => {
    const bench = await startBench()
    expect(await statusOf(bench.rig.port, `GET ${target} HTTP/1.1\r\n${H}\r\n`)).toBe(status)
    expect(bench.upstream.requests.length).toBe(status === 200 ? 1 : 0)
  })

  test('that comes first counts, where several match', async () => {
    const bench = await startBench([
      { path: '/one', base: '/exact' },
      { path: '/one/**', base: '/prefix' },
      { path: '/one', base: '/late' },
      { path: '/**', base: '/rest' },
    ])
    const seen: string[] = []
    for (const target of ['/one', '/one/', '/one/x', '/two', '/app']) {
      const request = await expectForwarded(bench, `GET ${target} HTTP/1.1\r\n${A}\r\n`)
      seen.push(request.line.split(' ')[1] ?? '')
    }
    expect(seen).toEqual(['/exact/one', '/prefix/one/', '/prefix/one/x', '/rest/two', '/app'])
  })

  test('S-061 with a base path never leaves it', async () => {
    const bench = await startBench([{ path: '/**', base: '/base/', policy: { token: 'none' } }])
    const request = await expectForwarded(bench, `GET /x?y HTTP/1.1\r\n${H}\r\n`)
    expect(request.line).toBe('GET /base/x?y HTTP/1.1')
    for (const target of ['/../x', '//x', '/%2e%2e/x', '/..%2fx']) {
      expect(await statusOf(bench.rig.port, `GET ${target} HTTP/1.1\r\n${H}\r\n`)).toBe(400)
    }
  })

  test('S-055…S-057 is found by the path and by nothing else', async () => {
    const bench = await startBench()
    for (const field of [
      'X-Forwarded-Uri: /pub',
      'X-Original-URL: /pub',
      'X-Rewrite-URL: /pub',
      'X-HTTP-Method-Override: OPTIONS',
      'User-Agent: kube-probe/1.30',
      'X-Forwarded-Host: pub',
    ]) {
      expect(await statusOf(bench.rig.port, `GET /app HTTP/1.1\r\n${H}${field}\r\n\r\n`)).toBe(401)
    }
    expect(bench.upstream.requests).toEqual([])
  })

  test('S-060 is the one that a plain reading of the forwarded path gives', async () => {
    const upstream = await startRecordingUpstream()
    const paths = ['/a', '/a/**', '/a/b/**', '/b', '/c.d/**', '/**']
    const rig = await startRig(
      paths.map((path, index) => ({
        path,
        upstream: `${upstream.url}/r${index}`,
        policy: { token: 'none' as const },
      })),
    )
    const expected = (path: string): number =>
      paths.findIndex((pattern) =>
        pattern.endsWith('/**') ? `${path}/`.startsWith(pattern.slice(0, -2)) : path === pattern,
      )
    const client = await openRawClient(rig.port)
    const segment = fc.constantFrom('a', 'b', 'c.d', 'cxd', 'ab', 'x%20y', '%51', '')
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 4 }), async (segments) => {
        const path = `/${segments.join('/')}`
        // Some readings of these take another route.
        if (/\/\/|^\/b\/$/.test(path)) return
        const before = upstream.requests.length
        client.send(`GET ${path} HTTP/1.1\r\n${H}\r\n`)
        await client.untilCount('\r\nok', before + 1)
        expect(upstream.requests[before]?.line).toBe(`GET /r${expected(path)}${path} HTTP/1.1`)
      }),
      { numRuns: 150 },
    )
  })
})

describe('a request that is denied', () => {
  test('leaves the connection usable, with a body that fits and without', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`GET /app/x HTTP/1.1\r\n${H}\r\n`)
    await client.untilCount(' 401 ', 1)
    client.send(`POST /app/x HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabc`)
    await client.untilCount(' 401 ', 2)
    client.send(`GET /app/x HTTP/1.1\r\n${A}\r\n`)
    await client.until(/ok$/)
    expect(bench.upstream.requests.length).toBe(1)
  })

  test('S-088 does not read a large body to its end', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`POST /app/x HTTP/1.1\r\n${H}Content-Length: 10000000\r\n\r\n`)
    const writer = setInterval(
      () => client.socket.write(Buffer.alloc(16_384, 'GET / HTTP/1.1\r\n')),
      1,
    )
    onTestFinished(() => clearInterval(writer))
    const response = readResponse(await client.closed(3_000))
    expect(response.status).toBe(401)
    expect(response.field('connection')).toBe('close')
    expect(client.received().match(/HTTP\/1\.1 /g)?.length).toBe(1)
    expect(client.socket.bytesWritten).toBeLessThan(5_000_000)
    await expectAlive(bench)
  })

  test.each([
    ['of a length within the bound', 'Content-Length: 60000\r\n\r\nabc'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ])('S-088 does not wait for a body %s that does not come', async (_what, rest) => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`POST /app/x HTTP/1.1\r\n${H}${rest}`)
    await client.until('credentials_missing')
    await client.closed(15_000)
  })

  test('S-092 is not told to continue', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`POST /app/x HTTP/1.1\r\n${H}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n`)
    const received = await client.closed()
    expect(received).toMatch(/^HTTP\/1\.1 401 /)
    expect(received).not.toContain('100 Continue')
  })

  test('S-146 has the same answer to HEAD, without a body', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`HEAD /app/x HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)
    const response = readResponse(await client.closed())
    expect(response.status).toBe(401)
    expect(response.field('www-authenticate')).toContain('Bearer')
    expect(response.body).toBe('')
  })
})

describe('the verdict', () => {
  test('S-091 comes before 100 Continue, which is for the upstream to say', async () => {
    let grant: (verification: SourcedVerdict) => void = () => {}
    const bench = await startBench([], {
      verify: () => new Promise((resolve) => (grant = resolve)),
    })
    const client = await openRawClient(bench.rig.port)
    client.send(`PUT /app/x HTTP/1.1\r\n${A}Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n`)
    await othersAnswered(bench.rig)
    expect(client.received()).toBe('')
    grant(accepted())
    await client.until('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('abc')
    await client.until(/ok$/)
    expect(client.received().match(/100 Continue/g)?.length).toBe(1)
    expect(bench.upstream.requests[0]?.values('expect')).toEqual(['100-continue'])
    expect(bench.upstream.requests[0]?.body).toBe('abc')
  })

  test.each([
    ['GET', ''],
    ['POST', 'Content-Length: 0\r\n'],
  ])('S-093 an expectation of %s without a body is passed over', async (method, fields) => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`${method} /app/x HTTP/1.1\r\n${A}${fields}Expect: 100-continue\r\n\r\n`)
    expect(await client.until(/ok$/)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('S-087 is asked for once for each pipelined request, in order', async () => {
    const answers = [refused(), accepted(), refused()]
    const bench = await startBench([], {
      verify: () => Promise.resolve(answers.shift() ?? refused()),
    })
    const client = await openRawClient(bench.rig.port)
    const body = 'Content-Length: 3\r\n\r\nabc'
    client.send(
      `POST /app/1 HTTP/1.1\r\n${A}${body}GET /app/2 HTTP/1.1\r\n${A}\r\nGET /app/3 HTTP/1.1\r\n${A}Connection: close\r\n\r\n`,
    )
    const statuses = (await client.closed()).match(/HTTP\/1\.1 \d+/g)
    expect(statuses).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200', 'HTTP/1.1 401'])
    expect(bench.upstream.requests.map(({ line }) => line)).toEqual(['GET /app/2 HTTP/1.1'])
  })

  test('that fails unexpectedly is an internal error', async () => {
    const upstream = await startRecordingUpstream()
    const authenticator = createAuthenticator({
      verifier: { verify: () => Promise.reject(new Error('x')), close: () => Promise.resolve() },
    })
    const broken = {
      ...authenticator.route({ id: 'a', token: 'none' }),
      authenticate: () => {
        throw new Error('broken')
      },
    }
    const failing = { ...broken, authenticate: () => Promise.reject(new Error('broken')) }
    const rig = await startRig([
      { path: '/sync', upstream: upstream.url, authenticator: broken },
      { path: '/async', upstream: upstream.url, authenticator: failing },
    ])
    expect(await statusOf(rig.port, `GET /sync HTTP/1.1\r\n${H}\r\n`)).toBe(500)
    expect(await statusOf(rig.port, `GET /async HTTP/1.1\r\n${H}\r\n`)).toBe(500)
    expect(upstream.sockets).toEqual([])
  })
})

describe('observers', () => {
  test('are told of each request and of each upstream request once', async () => {
    const bench = await startBench()
    await statusOf(bench.rig.port, `GET /app/x HTTP/1.1\r\n${A}Connection: close\r\n\r\n`)
    await statusOf(bench.rig.port, `GET /app/x HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)
    await statusOf(bench.rig.port, `GET /nowhere HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)
    await expect.poll(() => bench.rig.requestEvents.length).toBe(3)
    expect(bench.rig.requestEvents).toMatchObject([
      {
        routeId: 'route-1',
        method: 'GET',
        status: 200,
        durationMs: expect.any(Number),
        completed: true,
      },
      {
        routeId: 'route-1',
        method: 'GET',
        status: 401,
        durationMs: expect.any(Number),
        completed: true,
      },
      {
        routeId: 'unmatched',
        method: 'GET',
        status: 404,
        durationMs: expect.any(Number),
        completed: true,
      },
    ])
    expect(bench.rig.upstreamEvents).toEqual([{ routeId: 'route-1', outcome: 'ok' }])
  })

  test('S-204 that throw break no request', async () => {
    const errors: string[] = []
    const silent = (): void => {}
    const broken = (): never => {
      throw new Error('observer')
    }
    const bench = await startBench([], {
      onRequest: broken,
      onUpstream: broken,
      logger: {
        debug: silent,
        info: silent,
        warn: silent,
        error: (_f, message) => errors.push(message),
      },
    })
    await expectAlive(bench)
    await expectAlive(bench)
    expect(new Set(errors)).toEqual(
      new Set(['an observer of requests failed', 'an observer of upstreams failed']),
    )
  })
})

describe('the app', () => {
  test('S-197 survives a client that resets at any moment', async () => {
    const bench = await startBench()
    const bytes = `POST /app/x HTTP/1.1\r\n${A}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`
    for (let at = 0; at <= bytes.length; at += 9) {
      const client = await openRawClient(bench.rig.port)
      client.send(bytes.slice(0, at))
      if (at % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
      client.socket.resetAndDestroy()
    }
    expect(await statusOf(bench.rig.port, `GET /app/x HTTP/1.1\r\n${A}\r\n`)).toBe(200)
  })

  test('says to node-server what node-server says to itself', async () => {
    const upstream = await startRecordingUpstream()
    const authenticator = createAuthenticator({
      verifier: { verify: () => accepted(), close: () => Promise.resolve() },
    })
    const proxy = createReverseProxy({
      routes: [
        {
          id: 'a',
          path: '/**',
          upstream: upstream.url,
          authenticator: authenticator.route({ id: 'a', token: 'none' }),
        },
      ],
    })
    const app = new Hono().all('*', handlerOf(proxy))
    let said: Response | null = null
    const server = createAdaptorServer({
      fetch: async (request, env) => {
        said = await app.fetch(request, env)
        return said
      },
      overrideGlobalObjects: false,
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    onTestFinished(async () => {
      server.close()
      await proxy.close()
    })
    const { port } = server.address() as AddressInfo
    // Behind another's server: what is ambiguous is refused all the same.
    expect(await statusOf(port, `GET /x HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)).toBe(200)
    expect([...(said as unknown as Response).headers]).toEqual([...RESPONSE_ALREADY_SENT.headers])
    for (const target of ['/../x', '/x#y', '/x%00y', 'http://evil/x']) {
      expect(await statusOf(port, `GET ${target} HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)).toBe(
        400,
      )
    }
    expect(await statusOf(port, `GET /x HTTP/1.1\r\n${H}${H}Connection: close\r\n\r\n`)).toBe(400)
    expect(upstream.requests.length).toBe(1)
  })
})
