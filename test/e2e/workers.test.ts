import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'

import { describe, expect, onTestFinished, test } from 'vitest'

import { runOnegate } from '../cli/onegate-process.ts'
import type { Identity } from '../helpers/certificates.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { isAlive, startClusteredGateway } from '../helpers/clustered-gateway.ts'
import { eventually } from '../helpers/eventually.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { startKeepAliveLoad } from '../helpers/keep-alive-load.ts'
import { ALICE } from '../helpers/onezone.ts'
import { openConnections } from '../helpers/open-connections.ts'
import { jwtOf, worldWith } from '../helpers/provider-tokens.ts'

const all = (status: number, count: number): number[] => Array.from({ length: count }, () => status)

describe('two workers ask Onezone as one process would', () => {
  test('about a new token once, however many ask at the same time', async () => {
    const { onezone, token, statuses, metrics } = await startClusteredGateway()
    expect(await statuses(token, 200)).toEqual(all(200, 200))
    expect(onezone.calls().verifyAccessToken).toBe(1)
    const text = await metrics()
    expect(text).toContain('onegate_requests_total{route="all",method="GET",status="200"} 200\n')
    expect(text).toContain(
      'onegate_onezone_requests_total{operation="verifyAccessToken",outcome="ok"} 1\n',
    )
    // Both carried some of it, and what only one process can know is not added up.
    expect(text).toContain('\nonegate_workers 2\n')
    expect(text).toContain('\nonegate_families 1\n')
    expect(text.match(/^nodejs_version_info\{[^}]*process="(?:primary|1|2)"/gm)).toHaveLength(3)
  })

  test('about a family once per interval', async () => {
    const { onezone, token, gateway } = await startClusteredGateway(
      'verdicts: { maxStalenessMs: 4000 }',
    )
    const startedAt = performance.now()
    const fields = `X-Auth-Token: ${token}\r\n`
    const load = startKeepAliveLoad(gateway, 4, { fields, paceMs: 10 })
    await eventually(() => onezone.calls().verifyAccessToken > 2)
    const { lost } = await load.stop()
    expect(lost).toEqual([])
    const elapsedMs = performance.now() - startedAt
    // It is renewed when it has reached 65 % of the bound at the earliest.
    expect(onezone.calls().verifyAccessToken).toBeLessThanOrEqual(1 + elapsedMs / (0.65 * 4000))
  })

  test('not at all about what the primary refuses already', async () => {
    const { onezone, token, statuses } = await startClusteredGateway()
    onezone.revokeTemporaryTokens(ALICE)
    expect(await statuses(token, 20)).toEqual(all(401, 20))
    expect(onezone.calls().verifyAccessToken).toBe(1)
  })
})

describe('a token of an identity provider, with two workers', () => {
  const JWT = jwtOf({ azp: 'portal-1', exp: 4_000_000_000 })
  const start = (maxStalenessMs = 6_000) =>
    startClusteredGateway(
      `verdicts: { maxStalenessMs: ${maxStalenessMs} }`,
      {},
      undefined,
      undefined,
      undefined,
      {
        world: worldWith({ [JWT]: 'alice' }),
        yaml: "[{ prefix: 'egi:', clients: [portal-1] }]",
      },
    )

  test('is exchanged once for all, until it is taken back', async () => {
    const { onezone, statuses, upstream, post, metrics } = await start(60_000)
    expect(await statuses(`egi:${JWT}`, 200)).toEqual(all(200, 200))
    expect(onezone.calls().createTemporaryToken).toBe(1)
    expect(onezone.calls().verifyIdentityToken).toBe(1)
    expect(upstream.seen).toHaveLength(200)
    expect(await metrics()).toContain(
      'onegate_onezone_requests_total{operation="createTemporaryTokenForCurrentUser",outcome="ok"} 1\n',
    )
    await post('/invalidate', { subject: ALICE })
    expect(await statuses(`egi:${JWT}`, 20)).toEqual(all(200, 20))
    expect(onezone.calls().createTemporaryToken).toBe(2)
  })

  test('is exchanged anew, once, when what it was exchanged for was revoked', async () => {
    const { onezone, statuses } = await start()
    expect(await statuses(`egi:${JWT}`, 10)).toEqual(all(200, 10))
    onezone.revokeTemporaryTokens(ALICE)
    await eventually(async () => {
      await statuses(`egi:${JWT}`, 4)
      return onezone.calls().createTemporaryToken > 1
    })
    expect(await statuses(`egi:${JWT}`, 20)).toEqual(all(200, 20))
    expect(onezone.calls().createTemporaryToken).toBe(2)
  })
})

describe('what one of them learns, all know', () => {
  test('an invalidation has reached every worker when it is answered', async () => {
    const { onezone, token, statuses, post } = await startClusteredGateway()
    expect(await statuses(token, 4)).toEqual(all(200, 4))
    onezone.revokeTemporaryTokens(ALICE)
    expect(await statuses(token, 4)).toEqual(all(200, 4))
    expect(await post('/invalidate', { subject: ALICE })).toMatchObject({ families: 1, tokens: 1 })
    expect(await statuses(token, 20)).toEqual(all(401, 20))
  })

  test('a generation that is over is over in all, long before the bound', async () => {
    const { onezone, token, statuses } = await startClusteredGateway(
      'verdicts: { maxStalenessMs: 300000 }',
    )
    expect(await statuses(token, 4)).toEqual(all(200, 4))
    onezone.revokeTemporaryTokens(ALICE)
    const next = onezone.createTemporaryToken({ subject: ALICE })
    expect(await statuses(next, 1)).toEqual([200])
    await eventually(async () => (await statuses(token, 4)).every((status) => status === 401))
    expect(await statuses(token, 20)).toEqual(all(401, 20))
    expect(await statuses(next, 20)).toEqual(all(200, 20))
  })

  test('the watch of the primary reads what only workers use', async () => {
    const { onezone, token, statuses, sample } = await startClusteredGateway(
      'verdicts: { maxStalenessMs: 300000 }',
      {},
      undefined,
      250,
    )
    const reads = 'onegate_watch_reads_total{outcome="ok"}'
    expect(await statuses(token, 4)).toEqual(all(200, 4))
    // Far more than there would be of what is used no longer.
    await eventually(async () => {
      expect(await statuses(token, 2)).toEqual(all(200, 2))
      return (await sample(reads)) >= 8
    })
    expect(onezone.calls().verifyAccessToken).toBe(1)
    onezone.revokeTemporaryTokens(ALICE)
    await eventually(async () => (await statuses(token, 2)).every((status) => status === 401))
  })

  test('a token that one of them was refused is let in by none while Onezone is away', async () => {
    const { onezone, statuses } = await startClusteredGateway(
      'verdicts: { maxStalenessMs: 1000, negativeTtlMs: 0, staleIfErrorMs: 300000 }',
    )
    onezone.createUser('alice', { sessions: ['one'] })
    const type = { accessToken: { sessionId: 'one' } }
    const token = onezone.createTemporaryToken({ subject: ALICE, type })
    expect(await statuses(token, 4)).toEqual(all(200, 4))
    onezone.createUser('alice', { sessions: [] })
    await eventually(async () => (await statuses(token, 1))[0] === 401)
    await onezone.close()
    expect(await statuses(token, 10)).toEqual(all(503, 10))
  })

  test('an event stream goes on beyond the bound, and ends when its tokens are revoked', async () => {
    const { url } = await startHttpServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      const timer = setInterval(() => response.write('data: tick\n\n'), 50)
      response.on('close', () => clearInterval(timer))
    })
    const { onezone, token, gateway } = await startClusteredGateway(
      'verdicts: { maxStalenessMs: 1500 }',
      {},
      url,
    )
    const response = await fetch(gateway, { headers: { 'X-Auth-Token': token } })
    const reader = response.body?.getReader()
    let ended = false
    const reading = (async () => {
      while (reader !== undefined && !(await reader.read()).done);
      ended = true
    })()
    // Each is asked for when the one before has reached 60 % of the bound at the earliest.
    await eventually(() => onezone.calls().verifyAccessToken >= 4)
    expect(ended).toBe(false)
    onezone.revokeTemporaryTokens(ALICE)
    await eventually(() => ended)
    await reading
  })

  test('a fault is a fault, with its Retry-After', async () => {
    const { onezone, token, gateway } = await startClusteredGateway()
    await onezone.close()
    const response = await fetch(gateway, { headers: { 'X-Auth-Token': token } })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).not.toBeNull()
    expect(await response.json()).toMatchObject({ code: 'verifier_unavailable' })
  })

  test('the admin listener explains from what the primary knows', async () => {
    const { token, statuses, post } = await startClusteredGateway()
    await statuses(token, 2)
    expect(await post('/explain', { token, path: '/x' })).toMatchObject({
      verification: { proven: true },
      decision: { outcome: 'granted', source: 'cache' },
    })
  })
})

describe('the life of workers', () => {
  test('one that dies under load is replaced, and only its connections break', async () => {
    const { gateway, token, pids, sample, admin } = await startClusteredGateway()
    const fields = `X-Auth-Token: ${token}\r\n`
    const load = startKeepAliveLoad(gateway, 8, { fields, persistent: true })
    await eventually(() => load.answered() > 200)
    const [dying = 0] = pids()
    const itsConnections = openConnections(dying, Number(new URL(gateway).port))
    process.kill(dying, 'SIGKILL')
    await eventually(() => pids().length === 3)
    expect((await fetch(`${admin}/readyz`)).status).toBe(200)
    const answered = load.answered()
    await eventually(() => load.answered() > answered + 200)
    const { lost, turnedAway, refused } = await load.stop()
    expect(lost.length + turnedAway).toBeLessThanOrEqual(itsConnections)
    expect(lost.every((how) => how.startsWith('closed'))).toBe(true)
    expect(refused).toBe(0)
    expect(await sample('onegate_worker_restarts_total')).toBe(1)
  })

  test('F7 one that hangs gets no more connections, is ended, and another takes its place', async () => {
    const { pids, statuses, metrics, token, ...gateway } = await startClusteredGateway()
    const [hung = 0] = pids()
    process.kill(hung, 'SIGSTOP')
    onTestFinished(() => void (isAlive(hung) && process.kill(hung, 'SIGKILL')))
    await expect.poll(metrics).toMatch(/^onegate_worker_hangs_total 1$/m)
    expect(await metrics()).toMatch(/^onegate_workers 1$/m)
    expect(await statuses(token, 10)).toEqual(all(200, 10))
    await expect.poll(() => isAlive(hung)).toBe(false)
    await expect.poll(metrics).toMatch(/^onegate_worker_restarts_total 1$/m)
    await expect.poll(metrics).toMatch(/^onegate_workers 2$/m)
    expect(pids()).toHaveLength(3)
    expect(gateway.stderr()).toContain('a worker does not react and gets no connections')
  })

  test('F7 /readyz does not say that it may get requests while what it has hangs', async () => {
    const { pids, admin } = await startClusteredGateway()
    const ready = async () => (await fetch(`${admin}/readyz`)).status
    expect(await ready()).toBe(200)
    const stopped = new Set<number>()
    onTestFinished(() => stopped.forEach((pid) => isAlive(pid) && process.kill(pid, 'SIGKILL')))
    await eventually(async () => {
      for (const pid of pids()) {
        if (!stopped.has(pid) && isAlive(pid)) process.kill(pid, 'SIGSTOP')
        stopped.add(pid)
      }
      return (await ready()) === 503
    })
    await eventually(async () => (await ready()) === 200)
  })

  test('a sum never goes back when a worker is replaced', async () => {
    const { pids, sample, statuses, token } = await startClusteredGateway()
    await statuses(token, 20)
    const name = 'onegate_requests_total{route="all",method="GET",status="200"}'
    expect(await sample(name)).toBe(20)
    process.kill(pids()[0] ?? 0, 'SIGKILL')
    await eventually(async () => (await sample('onegate_workers')) === 1)
    expect(await sample(name)).toBe(20)
    await eventually(() => pids().length === 3)
    await statuses(token, 10)
    expect(await sample(name)).toBe(30)
  })

  test('they end with the primary, even if that is killed', async () => {
    const { child, pids, ended } = await startClusteredGateway()
    expect(pids().filter(isAlive)).toHaveLength(2)
    child.kill('SIGKILL')
    await ended
    await eventually(() => !pids().some(isAlive))
  })

  test('a signal to the whole group drains as one to the primary, and loses nothing', async () => {
    const yaml = 'shutdown: { drainMs: 25000 }'
    const { child, pids, ended, gateway, token } = await startClusteredGateway(yaml)
    const load = startKeepAliveLoad(gateway, 8, { fields: `X-Auth-Token: ${token}\r\n` })
    await eventually(() => load.answered() > 200)
    for (const pid of [child.pid ?? 0, ...pids()]) process.kill(pid, 'SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
    const { lost, turnedAway } = await load.stop()
    expect(lost).toEqual([])
    expect(turnedAway).toBe(0)
    expect(pids().filter(isAlive)).toEqual([])
    expect(pids()).toHaveLength(2)
  })

  test('a port in use is told with the flag, and nothing is left running', async () => {
    const { url } = await startHttpServer(() => {})
    const urls = ['--onezone-url', url, '--upstream', 'http://127.0.0.1:9']
    urls.push('--admin-listen', '127.0.0.1:0')
    const taken = url.slice('http://'.length)
    const { code, stderr } = await runOnegate([
      'serve',
      ...urls,
      '--workers',
      '2',
      '--listen',
      taken,
    ])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `cannot listen on ${taken}: the port is in use; choose another with --listen`,
    )
  })
})

test('a configuration that is reloaded reaches every worker', async () => {
  const { write, gateway, post, token } = await startClusteredGateway()
  await post('/explain', { token })
  write('realm: changed')
  const realm = async () =>
    (await fetch(gateway, { headers: { Connection: 'close' } })).headers.get('www-authenticate')
  await eventually(async () => {
    const realms = await Promise.all(Array.from({ length: 8 }, realm))
    return realms.every((each) => each?.includes('"changed"'))
  })
})

tlsTest('all of them show a new certificate when its files change', async () => {
  const authority = createAuthority('a')
  const filesOf = ({ cert, key }: Identity) => ({ 'cert.pem': cert, 'key.pem': key })
  const { gateway, replace, sample } = await startClusteredGateway(
    'tls: { certFile: cert.pem, keyFile: key.pem }',
    filesOf(authority.issue('gateway', { days: 2 })),
  )
  const serial = async (): Promise<string | undefined> => {
    const sent = request(gateway, { ca: authority.cert, agent: false }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(401)
    return (response.socket as TLSSocket).getPeerX509Certificate()?.serialNumber
  }
  const serials = async () => new Set(await Promise.all(Array.from({ length: 8 }, serial)))
  const [first] = await serials()
  replace(filesOf(authority.issue('gateway', { days: 30 })))
  await eventually(async () => {
    const seen = await serials()
    return seen.size === 1 && !seen.has(first)
  })
  const ends = await sample('onegate_tls_certificate_expiry_seconds{listener="traffic"}')
  expect(Math.round((ends - Date.now() / 1000) / 86_400)).toBe(30)
})

test.skipIf(spawnSync('promtool', ['--version']).error !== undefined)(
  'promtool has nothing to object to in merged metrics',
  async () => {
    const { statuses, token, metrics } = await startClusteredGateway()
    await statuses(token, 4)
    const promtool = spawn('promtool', ['check', 'metrics'])
    let output = ''
    for (const stream of [promtool.stdout, promtool.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    }
    promtool.stdin.end(await metrics())
    await new Promise((resolve) => promtool.once('close', resolve))
    expect(output).toBe('')
  },
)
