import type { Socket } from 'node:net'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { mint } from '../helpers/tokens.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { startGatewayProcess } from './gateway-process.ts'
import type { Peer } from './peers.ts'
import { answerOf, startPeer } from './peers.ts'
import { ask } from './raw-exchange.ts'

// What holds while Onezone does not answer, and when it answers otherwise than before.

const GOOD = answerOf(200, '{"subject":{"type":"user","id":"alice"},"ttl":3600}')
const REVOKED = answerOf(400, '{"error":{"id":"tokenRevoked"}}')

let onezone: Peer
let upstream: Peer
let answer: (socket: Socket, token: string) => void
let questions = 0
const gateways: GatewayProcess[] = []

beforeAll(async () => {
  upstream = await startPeer((_, socket) => void socket.write(answerOf(200, 'ok', null)))
  onezone = await startPeer(({ body }, socket) => {
    questions++
    answer(socket, (JSON.parse(body) as { token: string }).token)
  })
})
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()))
  onezone.close()
  upstream.close()
})

async function startGateway(verdicts: string, totalTimeoutMs = 20_000): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess(`
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
onezone: { url: 'http://127.0.0.1:${onezone.port}', totalTimeoutMs: ${totalTimeoutMs} }
shutdown: { drainMs: 0 }
verdicts: { ${verdicts} }
upstream: 'http://127.0.0.1:${upstream.port}'
`)
  gateways.push(gateway)
  return gateway
}

let count = 0
const newToken = (): string => mint({ id: `out${(count += 1)}`, secret: `secret ${count}` })
const good = (socket: Socket): void => void socket.write(GOOD)
const broken = (socket: Socket): void => void socket.destroy()

async function statusOf(gateway: GatewayProcess, token: string): Promise<number | undefined> {
  const { statuses } = await ask(
    gateway.port,
    `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${token}\r\n\r\n`,
  )
  return statuses[0]
}

test('S-230 R-V1 R-V13 behind an open breaker known tokens pass, new ones are 503 and asked about no more, until it is over', async () => {
  const gateway = await startGateway('maxStalenessMs: 300000')
  answer = good
  const known = newToken()
  expect(await statusOf(gateway, known)).toBe(200)
  answer = broken
  for (let i = 0; i < 20; i++) expect(await statusOf(gateway, newToken())).toBe(503)
  const before = questions
  for (let i = 0; i < 20; i++) expect(await statusOf(gateway, newToken())).toBe(503)
  // One probe at most in so short a time.
  expect(questions - before).toBeLessThanOrEqual(4)
  expect(await statusOf(gateway, known)).toBe(200)
  answer = good
  await expect.poll(() => statusOf(gateway, newToken()), { timeout: 40_000 }).toBe(200)
})

test('S-231 S-232 within staleIfErrorMs a grant serves on, and a denial stands', async () => {
  const gateway = await startGateway('maxStalenessMs: 2000, staleIfErrorMs: 300000', 2_000)
  const [granted, denied] = [newToken(), newToken()]
  answer = (socket, token) => void socket.write(token === denied ? REVOKED : GOOD)
  await expect.poll(() => statusOf(gateway, granted)).toBe(200)
  await expect.poll(() => statusOf(gateway, denied)).toBe(401)
  answer = broken
  await expect
    .poll(async () => {
      expect(await statusOf(gateway, granted)).toBe(200)
      return (await ask(gateway.adminPort, 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')).text
    })
    .toMatch(/^onegate_verdicts_total\{[^}]*source="stale"\} [1-9]/m)
  expect([401, 503]).toContain(await statusOf(gateway, denied))
})

test('S-233 without it nobody is let in beyond the bound', async () => {
  const gateway = await startGateway('maxStalenessMs: 2000', 2_000)
  answer = good
  const token = newToken()
  await expect.poll(() => statusOf(gateway, token)).toBe(200)
  answer = broken
  await expect.poll(() => statusOf(gateway, token)).toBe(503)
  expect(await statusOf(gateway, token)).toBe(503)
})

test('S-163 R-V14 a token that was taken back is refused, and not let in by an answer of before', async () => {
  const gateway = await startGateway('maxStalenessMs: 2000', 2_000)
  answer = good
  const token = newToken()
  await expect.poll(() => statusOf(gateway, token)).toBe(200)
  answer = (socket) => void socket.write(REVOKED)
  await expect.poll(() => statusOf(gateway, token)).toBe(401)
  expect(await statusOf(gateway, token)).toBe(401)
})

test('S-161 a token that has ended is not let in by what is remembered', async () => {
  const gateway = await startGateway('maxStalenessMs: 300000')
  answer = (socket) => void socket.write(GOOD.replace('3600', '   1'))
  const token = newToken()
  expect(await statusOf(gateway, token)).toBe(200)
  await expect.poll(() => statusOf(gateway, token)).toBe(401)
})

test('S-208 R-V2 R-V9 an Onezone that hangs, at once or in the middle, is given up: 503', async () => {
  const gateway = await startGateway('maxStalenessMs: 300000', 500)
  const timers: NodeJS.Timeout[] = []
  const hangs: ((socket: Socket) => void)[] = [
    () => {},
    (socket) => void socket.write(GOOD.slice(0, 30)),
    (socket) => void socket.write(GOOD.slice(0, -3)),
    (socket) => {
      let at = 0
      timers.push(setInterval(() => socket.write(GOOD.charAt(at++) || ' '), 50))
      socket.on('close', () => timers.forEach(clearInterval))
    },
  ]
  let next = 0
  answer = (socket) => hangs[next++ % hangs.length]?.(socket)
  const statuses = await Promise.all(hangs.map(() => statusOf(gateway, newToken())))
  expect(statuses).toEqual([503, 503, 503, 503])
  timers.forEach(clearInterval)
  expect(gateway.isAlive()).toBe(true)
})

test('S-206 R-P11 R-P15 a process that stood still takes the answer that has come meanwhile', async () => {
  const gateway = await startGateway('maxStalenessMs: 300000', 2_000)
  let socket: Socket | undefined
  const arrived = new Promise<void>((resolve) => {
    answer = (which) => {
      socket = which
      resolve()
    }
  })
  const token = newToken()
  const waits = statusOf(gateway, token)
  await arrived
  gateway.signal('SIGSTOP')
  socket?.write(GOOD)
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  gateway.signal('SIGCONT')
  expect(await waits).toBe(200)
  expect(await statusOf(gateway, token)).toBe(200)
})

test('S-167 S-176 R-P8 S-170 strangers’ tokens cost Onezone no more than their budget, and push out nobody', async () => {
  const gateway = await startGateway(
    'maxStalenessMs: 300000, maxRefusals: 10, budget: { perAddressPerSecond: 5 }',
  )
  answer = good
  const known = newToken()
  expect(await statusOf(gateway, known)).toBe(200)
  answer = (socket) => void socket.write(answerOf(400, '{"error":{"id":"tokenInvalid"}}'))
  const before = questions
  const statuses: (number | undefined)[] = []
  for (let i = 0; i < 200; i++) statuses.push(await statusOf(gateway, newToken()))
  expect(new Set(statuses)).toEqual(new Set([401, 429]))
  expect(questions - before).toBe(statuses.filter((status) => status === 401).length)
  expect(await statusOf(gateway, known)).toBe(200)
})
