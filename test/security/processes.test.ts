import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect } from 'node:net'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { mint } from '../helpers/tokens.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { startGatewayProcess } from './gateway-process.ts'
import type { Peer } from './peers.ts'
import { answerOf, startPeer } from './peers.ts'
import { ask, exchange } from './raw-exchange.ts'

// What a process lives through, and how it ends.

const GOOD = answerOf(200, '{"subject":{"type":"user","id":"alice"},"ttl":3600}')
const PUBLIC = 'GET /pub/x HTTP/1.1\r\nHost: gw.test\r\n\r\n'

let onezone: Peer
let upstream: Peer

beforeAll(async () => {
  upstream = await startPeer(({ head }, socket) => {
    if (!head.includes('/slow/')) socket.write(answerOf(200, 'ok', null))
  })
  onezone = await startPeer((_, socket) => void socket.write(GOOD))
})
afterAll(() => {
  onezone.close()
  upstream.close()
})

const settings = (more = '', routes = ''): string => `
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
onezone: { url: 'http://127.0.0.1:${onezone.port}', totalTimeoutMs: 20000 }
shutdown: { drainMs: 0 }
verdicts: { maxStalenessMs: 300000 }
${more}
routes:
${routes}
  - { id: pub, path: /pub/**, token: none, upstream: 'http://127.0.0.1:${upstream.port}' }
  - { id: app, path: /**, upstream: 'http://127.0.0.1:${upstream.port}' }
`

const statusOf = async (gateway: GatewayProcess, request = PUBLIC): Promise<number | undefined> =>
  (await ask(gateway.port, request)).statuses[0]

describe('one process', () => {
  let gateway: GatewayProcess
  /** Settles when those have been sent away who have said nothing, or half of a head, since the beginning. */
  let sentAway: Promise<unknown>

  beforeAll(async () => {
    gateway = await startGatewayProcess(settings('limits: { connectionsPerAddress: 0 }'))
    const drips = open('GET /pub/x HTTP/1.1\r\nX: ')
    const timer = setInterval(() => drips.write('a'), 500)
    const slow = [open(), open('G'), open('GET /pub/x HTTP/1.1\r\n'), open('\r\n'), drips]
    sentAway = Promise.all(slow.map(closed)).finally(() => clearInterval(timer))
  })
  afterAll(() => gateway.stop())

  const open = (bytes = ''): Socket => {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.on('error', () => {})
    if (bytes !== '') socket.write(bytes, 'latin1')
    return socket
  }
  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      socket.resume()
      socket.once('close', () => resolve())
      socket.once('end', () => socket.end())
    })

  test.each([
    ['', 'nothing'],
    ['GET /pub', 'half a line'],
    ['GET /pub/x HTTP/1.1\r\nHost: gw', 'half a field'],
    [PUBLIC, 'a request'],
    ['POST /pub/x HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100\r\n\r\nabc', 'half a body'],
    ['GET /pub/slow/x HTTP/1.1\r\nHost: gw.test\r\n\r\n', 'a request that waits'],
    [`GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${mint()}\r\n\r\n`, 'a token'],
    ['\x16\x03\x01\x02\0', 'TLS'],
    ['\0'.repeat(100), 'garbage'],
  ])('S-197 S-198 R-S2 a reset and an end after %j (%s) break nothing', async (bytes) => {
    for (let i = 0; i < 5; i++) {
      const [reset, ended] = [open(bytes), open(bytes)]
      await new Promise((resolve) => setImmediate(resolve))
      reset.resetAndDestroy()
      ended.end()
      ended.destroy()
    }
    expect(await statusOf(gateway)).toBe(200)
    expect(gateway.isAlive()).toBe(true)
  })

  test.skipIf(process.platform !== 'linux')(
    'S-200 R-P10 connections that have come and gone leave no descriptor',
    async () => {
      const count = (): number => readdirSync(`/proc/${gateway.pid}/fd`).length
      await statusOf(gateway)
      const before = count()
      const sockets = Array.from({ length: 500 }, () => open(PUBLIC))
      await Promise.all(
        sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve))),
      )
      expect(count()).toBeGreaterThan(before + 400)
      expect(await statusOf(gateway)).toBe(200)
      for (const socket of sockets) socket.destroy()
      await expect.poll(count).toBeLessThanOrEqual(before + 20)
    },
  )

  const limited = spawnSync('prlimit', ['--version']).error === undefined

  test.skipIf(!limited)('R-P9 without a descriptor left it goes on, and recovers', async () => {
    const used = readdirSync(`/proc/${gateway.pid}/fd`).map(Number)
    const limit = Math.max(...used) + 12
    execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${limit}:`])
    const sockets = Array.from({ length: 60 }, () => open())
    await new Promise((resolve) => setTimeout(resolve, 200))
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => statusOf(gateway)).toBe(200)
    execFileSync('prlimit', ['--pid', String(gateway.pid), '--nofile=4096:'])
    expect(gateway.isAlive()).toBe(true)
  })

  // Last: the others take place meanwhile.
  test('S-102 R-S1 who is silent, or never comes to an end with a head, is sent away', async () => {
    await sentAway
    expect(await statusOf(gateway)).toBe(200)
  })
})

test('S-059 S-263 of a thousand routes, each request takes its own', async () => {
  const at = `http://127.0.0.1:${upstream.port}`
  const routes = Array.from({ length: 1000 }, (_, i) =>
    i % 2 === 0
      ? `  - { id: h${i}, path: /**, hosts: [Host${i}.test], token: none, upstream: '${at}/h${i}' }`
      : `  - { id: p${i}, path: /p${i}/**, token: none, upstream: '${at}/p${i}' }`,
  ).join('\n')
  const gateway = await startGatewayProcess(settings('', routes))
  try {
    for (const i of [0, 498, 998]) {
      const before = upstream.received.length
      const host = `hOsT${i}.TEST`
      expect(await statusOf(gateway, `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toBe(200)
      expect(upstream.received.slice(before)).toContain(`GET /h${i}/x HTTP/1.1`)
    }
    for (const i of [1, 499, 999]) {
      const before = upstream.received.length
      expect(await statusOf(gateway, `GET /p${i}/x HTTP/1.1\r\nHost: other.test\r\n\r\n`)).toBe(200)
      expect(upstream.received.slice(before)).toContain(`GET /p${i}/p${i}/x HTTP/1.1`)
    }
    expect(await statusOf(gateway, 'GET /p1000/x HTTP/1.1\r\nHost: host1.test\r\n\r\n')).toBe(401)
  } finally {
    await gateway.stop()
  }
})

test('R-P4 one that is killed leaves nothing that keeps the next from starting', async () => {
  const first = await startGatewayProcess(settings())
  expect(await statusOf(first)).toBe(200)
  first.signal('SIGKILL')
  await first.stop()
  const second = await startGatewayProcess(settings())
  expect(await statusOf(second)).toBe(200)
  expect(await second.stop()).toBe(0)
})

test('S-166 R-P6 R-P3 a configuration that is stricter counts for those who are known, and a broken one not at all', async () => {
  const gateway = await startGatewayProcess(settings())
  try {
    const request = `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${mint({ id: 'reload' })}\r\n\r\n`
    expect(await statusOf(gateway, request)).toBe(200)
    gateway.configure('routes: [')
    gateway.signal('SIGHUP')
    await expect.poll(() => gateway.written()).toMatch(/the last good one stays/)
    expect(await statusOf(gateway, request)).toBe(200)
    gateway.configure(settings().replace('id: app,', 'id: app, subjects: { ids: [bob] },'))
    gateway.signal('SIGHUP')
    await expect.poll(() => statusOf(gateway, request)).toBe(403)
  } finally {
    await gateway.stop()
  }
})

test('R-P12 whose output nobody reads goes on, and counts what it could not say', async () => {
  const gateway = await startGatewayProcess(settings('accessLog: { only: all }'))
  try {
    gateway.readNoMore()
    const refused = 'GET /x HTTP/1.1\r\nHost: gw.test\r\n\r\n'
    const dropped = async (): Promise<number> => {
      const { text } = await ask(
        gateway.adminPort,
        'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      )
      return Number(/^onegate_log_lines_dropped_total\{log="access"\} (\d+)/m.exec(text)?.[1] ?? 0)
    }
    for (let batch = 0; batch < 200 && (await dropped()) === 0; batch++) {
      const { statuses } = await exchange(gateway.port, refused.repeat(200), { responses: 200 })
      expect(new Set(statuses)).toEqual(new Set([401]))
    }
    expect(await dropped()).toBeGreaterThan(0)
    expect(await statusOf(gateway)).toBe(200)
  } finally {
    gateway.signal('SIGKILL')
    await gateway.stop()
  }
})

test('S-254 a secret is refused alike wherever it is wrong', async () => {
  const file = `${process.cwd()}/node_modules/.cache/onegate-test/admin-token`
  const secret = 'correct-horse-battery-staple-0123456789'
  writeFileSync(file, secret, { mode: 0o600 })
  const gateway = await startGatewayProcess(settings(`adminTokenFile: '${file}'`))
  try {
    const answers = [
      secret,
      `X${secret.slice(1)}`,
      `${secret.slice(0, -1)}X`,
      '',
      secret.slice(1),
    ].map(async (text) => {
      const { text: answer } = await exchange(
        gateway.adminPort,
        `GET /refusals HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${text}\r\nConnection: close\r\n\r\n`,
      )
      return answer.replace(/^(?:Date|X-Request-Id): .*$/gim, '').replace(/"requestId":"[^"]*"/, '')
    })
    const [right, ...wrong] = await Promise.all(answers)
    expect(right).toMatch(/^HTTP\/1\.1 200 /)
    expect(wrong[0]).toMatch(/^HTTP\/1\.1 401 /)
    expect(new Set(wrong).size).toBeLessThanOrEqual(2)
    expect(wrong[0]).toBe(wrong[1])
  } finally {
    await gateway.stop()
  }
})
