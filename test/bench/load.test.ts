import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, onTestFinished, test } from 'vitest'

import { pathOf } from '../../bench/installed.ts'
import { runWrk } from '../../bench/load/wrk.ts'
import type { ClosedLoop, ClosedLoopResult } from '../../bench/programs/closed-loop.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BODY = 'the answer'
const FRESH = Array.from({ length: 100_000 }, (_, index) => `fresh-${index}`)

async function runAutocannon(load: ClosedLoop): Promise<ClosedLoopResult> {
  const program = join(ROOT, 'bench/programs/closed-loop.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify(load))
  return JSON.parse(await text(child.stdout)) as ClosedLoopResult
}

async function runWrkSomewhere(load: ClosedLoop): Promise<ClosedLoopResult> {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-load-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return runWrk(load, directory)
}

/** A server that gives the answer, every so many requests a status of its own, and counts the tokens that came. */
async function startCountingServer(
  failEvery = Infinity,
): Promise<{ url: string; tokens: Map<string, number> }> {
  const tokens = new Map<string, number>()
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    const token = request.headers.authorization ?? 'none'
    tokens.set(token, (tokens.get(token) ?? 0) + 1)
    response.writeHead(requests % failEvery === 0 ? 503 : 200).end(BODY)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, tokens }
}

const load = { expectBody: BODY, connections: 4, seconds: 1 }

const PROGRAMS = [
  ['autocannon', runAutocannon, true],
  ['wrk', runWrkSomewhere, pathOf('wrk') !== null],
] as const

for (const [name, run, available] of PROGRAMS) {
  test.skipIf(!available)(
    `${name} counts what it sends, and sends each fresh token once`,
    async () => {
      const { url, tokens } = await startCountingServer()
      const headers = { Authorization: 'Bearer usual' }
      const result = await run({ ...load, url, headers, fresh: { every: 10, tokens: FRESH } })
      const sent = [...tokens.values()].reduce((sum, count) => sum + count, 0)
      expect(result.wrong).toBe(0)
      expect(result.requests).toBeGreaterThan(0)
      // The answers to the last requests of each connection are not waited for.
      expect(sent - result.requests).toBeGreaterThanOrEqual(0)
      expect(sent - result.requests).toBeLessThanOrEqual(2 * load.connections)
      expect(result.p50Ms).toBeLessThanOrEqual(result.p99Ms)
      expect(result.p99Ms).toBeLessThanOrEqual(result.p999Ms)

      const usual = tokens.get('Bearer usual') ?? 0
      expect(
        [...tokens].filter(([token, count]) => token !== 'Bearer usual' && count !== 1),
      ).toEqual([])
      expect(Math.abs(sent - usual - sent / 10)).toBeLessThanOrEqual(load.connections)
    },
  )

  test.skipIf(!available)(`${name} tells of answers that were not the right ones`, async () => {
    const { url } = await startCountingServer(5)
    const { wrong } = await run({ ...load, url, headers: {}, fresh: null })
    expect(wrong).toBeGreaterThan(0)
  })
}
