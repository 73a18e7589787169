/**
 * Three `onegate serve` of the present `dist` before one Onezone in this process, which takes 20 ms, each for itself and
 * with a real store between them: `npm run build && npx tsx test/store/real-replicas.ts [seconds]`. Needs redis-server.
 *
 * @module
 */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execPath, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import autocannon from 'autocannon'

import { seededRandom, zipf } from '../../bench/programs/random.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'

const [seconds = 30] = argv.slice(2).map(Number)
const USERS = 30
const TOKENS_OF_EACH = 5
const REQUESTS_PER_SECOND = 60
const directory = mkdtempSync(join(tmpdir(), 'onegate-replicas-'))
const children: ChildProcess[] = []
const users = Array.from({ length: USERS }, (_, user) => `user${user}`)
const onezone = await createDevOnezone({
  world: { users: Object.fromEntries(users.map((id) => [id, {}])) },
})
onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'latency', latencyMs: 20 }])
const upstream = createServer((_, response) => response.end('ok'))
await once(upstream.listen(0, '127.0.0.1'), 'listening')
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port

/** Starts a program, and returns the first of its lines that holds a word. */
async function start(program: string, args: readonly string[], word: string): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes(word)) continue
    child.stdout.resume()
    return line
  }
  throw new Error(`${program} has ended`)
}

const reserve = createServer()
await once(reserve.listen(0, '127.0.0.1'), 'listening')
const storePort = portOf(reserve)
reserve.close()
const volatile = ['--save', '', '--maxmemory', '64mb', '--maxmemory-policy', 'volatile-ttl']
await start('redis-server', ['--port', String(storePort), ...volatile], 'Ready to accept')
writeFileSync(join(directory, 'secret'), 'f'.repeat(64))

async function startGateways(name: string, store: string): Promise<string[]> {
  writeFileSync(
    join(directory, `${name}.yaml`),
    `
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
accessLog: { to: none }
onezone: { url: '${onezone.url}' }
upstream: 'http://127.0.0.1:${portOf(upstream)}'
verdicts: { budget: { perAddressPerSecond: 1000000, perSubjectPerSecond: 1000000 } }
${store}`,
  )
  const serve = [
    'dist/cli/main.js',
    'serve',
    '--json',
    '--log-level',
    'warn',
    '--config',
    join(directory, `${name}.yaml`),
  ]
  const lines = await Promise.all([1, 2, 3].map(() => start(execPath, serve, '"gateway"')))
  return lines.map((line) => (JSON.parse(line) as { readonly gateway: string }).gateway)
}

const issueOf = (id = 'user0'): string =>
  onezone.createTemporaryToken({ subject: { type: 'user', id } })
const questions = (): number => onezone.calls().verifyAccessToken

/** Asks, and returns the status and how long that took, in milliseconds. */
async function ask(url: string, token: string): Promise<{ status: number; ms: number }> {
  const startMs = performance.now()
  const response = await fetch(url, { headers: { 'X-Auth-Token': token } })
  await response.arrayBuffer()
  return { status: response.status, ms: performance.now() - startMs }
}

/** The middle one, and the one below which 99 of 100 are. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (part: number): string => (sorted[Math.floor(part * sorted.length)] ?? NaN).toFixed(1)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

async function questionsUnderLoad(gateways: readonly string[]): Promise<number> {
  const random = seededRandom(1)
  const [drawUser, drawToken] = [zipf(USERS, 0.9, random), zipf(TOKENS_OF_EACH, 0.9, random)]
  const tokens = users.map((id) => Array.from({ length: TOKENS_OF_EACH }, () => issueOf(id)))
  const before = questions()
  const answers: Promise<{ status: number }>[] = []
  const startMs = performance.now()
  for (let sent = 0; sent < seconds * REQUESTS_PER_SECOND; sent++) {
    const dueMs = startMs + (sent * 1_000) / REQUESTS_PER_SECOND
    if (dueMs > performance.now()) await sleep(dueMs - performance.now())
    const gateway = gateways[Math.floor(random() * gateways.length)] ?? ''
    answers.push(ask(gateway, tokens[drawUser()]?.[drawToken()] ?? ''))
  }
  const others = (await Promise.all(answers)).filter(({ status }) => status !== 200).length
  if (others > 0) throw new Error(`${others} requests got another answer than 200`)
  return (questions() - before) / seconds
}

async function missesAt(url: string, tokens: readonly string[]): Promise<string> {
  const times: number[] = []
  for (const token of tokens) times.push((await ask(url, token)).ms)
  return spread(times)
}

async function hitsAt(url: string, token: string): Promise<number> {
  const options = { url, connections: 10, duration: 3, headers: { 'X-Auth-Token': token } }
  return (await autocannon(options)).requests.average
}

try {
  const alone = await startGateways('alone', '')
  const store = `store: { url: 'redis://127.0.0.1:${storePort}', secretFile: secret }`
  const shared = await startGateways('shared', store)
  const [a = '', b = ''] = shared
  await sleep(2_000)
  const say = (what: string, value: string): void => void stdout.write(`${what}: ${value}\n`)
  const perSecond = [await questionsUnderLoad(alone), await questionsUnderLoad(shared)]
  say(
    'questions a second, alone → with a store',
    perSecond.map((each) => each.toFixed(1)).join(' → '),
  )

  const some = (count: number): string[] => Array.from({ length: count }, () => issueOf())
  const proven = some(1_000)
  await missesAt(a, proven)
  const before = questions()
  say('a miss that the store knows', await missesAt(b, proven))
  say('questions about 1 000 tokens that another one has proven', String(questions() - before))
  say('a miss that nobody knows, with a store', await missesAt(b, some(300)))
  say('a miss that nobody knows, without', await missesAt(alone[0] ?? '', some(300)))

  const toldMs: number[] = []
  for (const id of users) {
    const [token, unproven] = [issueOf(id), issueOf(id)]
    await ask(b, token)
    onezone.revokeTemporaryTokens({ type: 'user', id })
    if ((await ask(a, unproven)).status !== 401) throw new Error('not refused')
    const seenAtMs = performance.now()
    while ((await ask(b, token)).status !== 401);
    toldMs.push(performance.now() - seenAtMs)
  }
  say('from a refusal here to one there', spread(toldMs))

  const token = issueOf()
  const [rates, sharedRates]: [number[], number[]] = [[], []]
  for (let round = 0; round < 5; round++) {
    rates.push(await hitsAt(alone[0] ?? '', token))
    sharedRates.push(await hitsAt(a, token))
  }
  const shown = (values: readonly number[]): string =>
    values.map((each) => each.toFixed(0)).join(' ')
  say('hits a second without a store, five rounds', shown(rates))
  say('and with one, in turns', shown(sharedRates))
} finally {
  for (const child of children) child.kill('SIGKILL')
  upstream.close()
  upstream.closeAllConnections()
  await onezone.close()
  rmSync(directory, { recursive: true })
}
