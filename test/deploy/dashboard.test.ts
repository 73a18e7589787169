import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { env } from 'node:process'

import { expect, onTestFinished, test } from 'vitest'

import { describeRequest, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { DEPLOY, shipped } from '../helpers/front-proxy.ts'
import { hasProgram, temporaryDirectory } from '../helpers/programs.ts'
import { mint } from '../helpers/tokens.ts'

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }[]
}

/** A Prometheus with the shipped rules that scrapes one address, until the test ends. */
async function startPrometheus(target: string): Promise<string> {
  const directory = temporaryDirectory('prometheus')
  const file = join(directory, 'prometheus.yaml')
  const configuration = shipped('prometheus/prometheus.yaml')
    .replaceAll('15s', '200ms')
    .replace('127.0.0.1:9090', target)
    .replaceAll(/(rules|alerts)\.yaml/g, (name) => join(DEPLOY, 'prometheus', name))
  writeFileSync(file, configuration)
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let log = ''
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      const address = /msg="Listening on" address=(\S+)/.exec(log)?.[1]
      if (address !== undefined) resolve(`http://${address}`)
    })
    child.once('close', () => reject(new Error(`prometheus ended: ${log}`)))
  })
}

/** Answers at once, but for an event stream, which goes on. */
async function startApp(): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
    } else {
      response.end('{}')
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.runIf(hasProgram('prometheus', '--version'))(
  'a Prometheus that has scraped a gateway under load answers every query of the dashboard',
  async () => {
    const log = join(temporaryDirectory('access-log'), 'access.log')
    const app = await startApp()
    const { ask, gateway, token } = await startForwardAuthRig(
      `listen: 127.0.0.1:0\naccessLog: { to: ${log} }\nroutes: [{ path: '/**', upstream: '${app}' }]\n`,
    )
    const prometheus = await startPrometheus(new URL(gateway.adminUrl).host)
    const [path, fields] = describeRequest('nginx')
    let minted = 0
    async function load(): Promise<void> {
      const headers = { 'X-Auth-Token': token }
      await fetch(gateway.url, { headers })
      await fetch(gateway.url, { headers: { 'X-Auth-Token': mint({ id: `t${minted++}` }) } })
      await fetch(gateway.url)
      await ask(path, [...fields, 'X-Auth-Token', token])
      const stream = await fetch(`${gateway.url}/events`, { headers })
      await stream.body?.cancel()
    }
    async function query(expr: string): Promise<readonly string[]> {
      const about = new URLSearchParams({ query: expr.replaceAll('$__rate_interval', '1m') })
      const answer = await fetch(`${prometheus}/api/v1/query?${about.toString()}`)
      const { status, data } = (await answer.json()) as {
        status: string
        data: { result: readonly { value: readonly [number, string] }[] }
      }
      expect(status, expr).toBe('success')
      return data.result.map(({ value: [, text] }) => text)
    }

    const { panels } = JSON.parse(shipped('grafana/onegate.json')) as Dashboard
    const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    expect(queries.length).toBeGreaterThan(20)
    const series = new Map<string, readonly string[]>()
    await expect
      .poll(
        async () => {
          await load()
          for (const expr of queries) series.set(expr, await query(expr))
          const isEmpty = (expr: string) => series.get(expr)?.every((value) => value === 'NaN')
          return queries.filter(isEmpty)
        },
        { timeout: 60_000, interval: 200 },
      )
      .toEqual([])
    if (env['SHOW_QUERIES'] !== undefined) {
      for (const [expr, values] of series) process.stdout.write(`${values.length} | ${expr}\n`)
    }

    // The recording rules found something, too, and no alert has anything to complain about but what the load does.
    for (const [, name = ''] of shipped('prometheus/rules.yaml').matchAll(/record: (\S+)/g)) {
      await expect
        .poll(async () => (await query(name)).length, { timeout: 60_000, interval: 200 })
        .toBeGreaterThan(0)
    }
    const rules = (await (await fetch(`${prometheus}/api/v1/rules?type=alert`)).json()) as {
      data: { groups: readonly { rules: readonly { name: string; health: string }[] }[] }
    }
    const alerts = rules.data.groups.flatMap((group) => group.rules)
    expect(alerts.length).toBeGreaterThan(10)
    expect(alerts.filter(({ health }) => health === 'err')).toEqual([])
  },
  130_000,
)
