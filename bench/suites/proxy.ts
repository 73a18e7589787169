import { strict as assert } from 'node:assert'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import type { Child } from '../child.ts'
import { startChild } from '../child.ts'
import { LOAD_COLUMNS, measureLoad } from '../load.ts'
import type { OpenSuite, Scenario, Suite } from '../suite.ts'
import { SMALL_ANSWER } from '../targets/small-answer.ts'

const CONNECTIONS = 64

/** The default, and what the configuration of the bench leaves it at. */
const MAX_STALENESS_MS = 10_000

/** A grant may be asked for anew before it is too old, but not sooner than after this part of the time. */
const EARLIEST_REFRESH = 0.5

const ALICE = { type: 'user', id: 'alice' } as const

const DIRECT = 'direct'
const PUBLIC = 'onegate, public route'
const HIT = 'onegate, verdict hit'

/** A small JSON answer through the gateway, with and without authentication, and past it. */
export const proxySuite: Suite = {
  name: 'proxy',
  about: `a small JSON answer over ${CONNECTIONS} connections: direct, without and with authentication`,
  columns: LOAD_COLUMNS,
  ratios: [
    { title: 'requests/s ÷ direct', column: 'requestsPerSecond', to: DIRECT },
    { title: 'CPU ÷ direct', column: 'cpuMicros', to: DIRECT },
  ],
  comparisons: [
    { title: 'auth: CPU', column: 'cpuMicros', of: HIT, to: PUBLIC, goalAtMost: 1.03 },
    { title: 'auth: requests/s', column: 'requestsPerSecond', of: HIT, to: PUBLIC },
    { title: 'auth: p99', column: 'p99Ms', of: HIT, to: PUBLIC },
  ],
  rounds: 5,
  warmUpSeconds: 4,
  open: openProxySuite,
}

async function openProxySuite(product: string): Promise<OpenSuite> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  const start = async (name: string, args: readonly string[]): Promise<Child> => {
    const child = await startChild(name, args)
    closers.push(() => child.stop())
    return child
  }

  try {
    // In this process: its calls are counted exactly, and one call in seconds is no load.
    const onezone = await createDevOnezone()
    closers.push(() => onezone.close())
    const upstream = await start('the upstream', ['--import', 'tsx', 'targets/upstream.ts'])
    const upstreamUrl = upstream.ready['upstream'] ?? ''
    const config = writeGatewayConfig(product, onezone.url, upstreamUrl)
    const serve = [join(product, 'dist/cli/main.js'), 'serve', '--json', '--config', config]
    // One process per scenario: each is compiled by V8 for its own kind of request only.
    const openGateway = await start('the gateway of the public route', serve)
    const authGateway = await start('the gateway of the verdict hit', serve)

    const hit = verdictHit(authGateway, onezone)
    return {
      scenarios: [direct(upstream, upstreamUrl), publicRoute(openGateway, onezone), hit],
      notes: () => [
        'CPU is that of the process in front, the one that the load is sent to: the upstream itself in the row ' +
          `“${DIRECT}”, the gateway in the others.`,
        'The load is a closed loop in the process of the bench, on the same machine: requests/s and latency are ' +
          'those of a machine that is full, and the load itself takes a good part of it, most in the row ' +
          `“${DIRECT}”. CPU per request depends on that least.`,
        hit.note(),
      ],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function direct(upstream: Child, url: string): Scenario {
  return {
    name: DIRECT,
    check: () => assertSmallAnswer(`${url}/files/1`),
    ...underLoad(upstream, `${url}/files/1`),
  }
}

function publicRoute(gateway: Child, onezone: DevOnezone): Scenario {
  const url = gateway.ready['gateway'] ?? ''
  const assertNobodyAsked = (): void => {
    assert.equal(onezone.calls().verifyAccessToken, 0, 'a public route asked Onezone')
  }
  return {
    name: PUBLIC,
    async check() {
      await assertSmallAnswer(`${url}/public/files/1`)
      const seen = await echo(`${url}/public/echo`, { 'X-Onedata-Subject-Id': 'mallory' })
      assert.equal(seen['x-onedata-subject-id'], '', 'a forged identity reached the upstream')
      assertNobodyAsked()
    },
    ...underLoad(gateway, `${url}/public/files/1`),
  }
}

function verdictHit(gateway: Child, onezone: DevOnezone): Scenario & { note(): string } {
  const url = gateway.ready['gateway'] ?? ''
  const newToken = (): string => onezone.createTemporaryToken({ subject: ALICE })
  const verifyCalls = (): number => onezone.calls().verifyAccessToken
  const token = newToken()
  const headers = { 'X-Auth-Token': token }
  let callsBefore = 0
  let firstUse = 0
  let summary = ''
  return {
    name: HIT,
    async check() {
      assert.equal((await fetch(`${url}/files/1`)).status, 401, 'let in without a token')
      const forged = { 'X-Auth-Token': `${token.slice(0, -8)}00000000` }
      assert.equal((await fetch(`${url}/files/1`, { headers: forged })).status, 401, 'forged token')

      const seen = await echo(`${url}/echo`, { 'X-Auth-Token': newToken() })
      assert.equal(seen['x-onedata-subject-id'], ALICE.id, 'the upstream does not know who it is')
      assert.equal(seen['x-auth-token'], undefined, 'the token reached the upstream')

      callsBefore = verifyCalls()
      firstUse = performance.now()
      const burst = Array.from({ length: CONNECTIONS }, () =>
        assertSmallAnswer(`${url}/files/1`, headers),
      )
      await Promise.all(burst)
      assert.equal(verifyCalls() - callsBefore, 1, 'calls for one cold token')
    },
    ...underLoad(gateway, `${url}/files/1`, headers),
    async confirm() {
      const calls = verifyCalls() - callsBefore
      const elapsedMs = performance.now() - firstUse
      const allowed = 1 + Math.floor(elapsedMs / (MAX_STALENESS_MS * EARLIEST_REFRESH))
      const seconds = (elapsedMs / 1000).toFixed(1)
      summary =
        `Onezone was asked ${calls === 1 ? 'once' : `${calls} times`} for the one token in ${seconds} s ` +
        `(maxStaleness ${MAX_STALENESS_MS / 1000} s).`
      assert.ok(calls <= allowed, `${summary} No more than ${allowed} are needed.`)
    },
    note: () => summary,
  }
}

/** What all scenarios have in common: the same load, on one process. */
function underLoad(
  target: Child,
  url: string,
  headers?: Readonly<Record<string, string>>,
): Pick<Required<Scenario>, 'warmUp' | 'measure'> {
  const measure = (seconds: number): ReturnType<typeof measureLoad> =>
    measureLoad({
      url,
      headers,
      expectBody: SMALL_ANSWER,
      connections: CONNECTIONS,
      seconds,
      pids: [target.pid],
    })
  return {
    async warmUp(seconds) {
      await measure(seconds)
    },
    measure,
  }
}

async function assertSmallAnswer(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const response = await fetch(url, { headers })
  assert.equal(response.status, 200, `status of ${url}`)
  assert.equal(response.headers.get('content-type'), 'application/json')
  assert.equal(await response.text(), SMALL_ANSWER, `answer of ${url}`)
}

async function echo(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Record<string, string | undefined>> {
  const response = await fetch(url, { headers })
  assert.equal(response.status, 200, `status of ${url}`)
  return (await response.json()) as Record<string, string | undefined>
}

function writeGatewayConfig(product: string, onezoneUrl: string, upstream: string): string {
  const file = join(product, 'proxy-suite.yaml')
  const config = {
    listen: '127.0.0.1:0',
    adminListen: '127.0.0.1:0',
    onezone: { url: onezoneUrl },
    routes: [
      { path: '/public/**', token: 'none', upstream },
      { path: '/**', token: 'access', upstream },
    ],
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  return file
}
