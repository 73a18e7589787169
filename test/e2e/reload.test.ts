import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createGateway, loadConfig } from '../../src/gateway/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { eventually } from '../helpers/eventually.ts'
import { readBody, startHttpServer } from '../helpers/http-server.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startUpstream } from '../helpers/upstream.ts'

/** A gateway with a configuration file that the test may change; `$ONEZONE` and the like stand for their URLs. */
async function startReloadable(yaml: string, names: Record<string, string> = {}) {
  const onezone = await startOnezone()
  const directory = mkdtempSync(join(tmpdir(), 'onegate-reload-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'onegate.yaml')
  const write = (text: string): void => {
    const filled = Object.entries(names).reduce(
      (all, [name, url]) => all.replaceAll(name, url),
      text,
    )
    writeFileSync(file, `onezone: { url: '${onezone.url}' }\n${filled}`)
  }
  write(yaml)
  const env = { ONEGATE_LISTEN: '127.0.0.1:0', ONEGATE_ADMIN_LISTEN: '127.0.0.1:0' }
  const load = () => loadConfig({ file, env })
  const lines: { level: string; facts: Readonly<Record<string, unknown>>; message: string }[] = []
  const note = (level: string) => (facts: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push({ level, facts, message })
  const logger = { ...silentLogger, warn: note('warn'), error: note('error') }
  const gateway = await createGateway(await load(), { logger })
  onTestFinished(() => gateway.close())
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const reload = (text: string) => {
    write(text)
    return gateway.reload(load)
  }
  const metrics = async () => (await fetch(`${gateway.adminUrl}/metrics`)).text()
  const port = Number(new URL(gateway.url).port)
  return { onezone, gateway, token, reload, metrics, lines, file, port }
}

const ROUTE = "routes: [{ path: /**, upstream: '$A' }]\n"

describe('a configuration that is reloaded', () => {
  test('has the content of its secret files anew, and tells which limit needs a new start', async () => {
    const { url, seen } = await startUpstream()
    const yaml = `routes:
  - { path: /**, token: none, upstreamHeaders: { X-Api-Key: { file: key } }, upstream: '${url}' }
`
    const directory = mkdtempSync(join(tmpdir(), 'onegate-key-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const key = join(directory, 'key')
    writeFileSync(key, 'first-secret\n')
    const named = yaml.replace('file: key', `file: '${key}'`)
    const { gateway, reload, lines } = await startReloadable(named)
    const ask = async (): Promise<unknown> => {
      await fetch(`${gateway.url}/x`, { headers: { 'X-Api-Key': 'mine' } })
      return seen.at(-1)?.headers['x-api-key']
    }
    expect(await ask()).toBe('first-secret')
    writeFileSync(key, 'second-secret')
    expect(await reload(named)).toBe('applied')
    expect(await ask()).toBe('second-secret')
    expect(await reload(`${named}limits: { requestHeadBytes: 65536, targetBytes: 8 }`)).toBe(
      'refused',
    )
    expect(await reload(`${named}limits: { requestHeadBytes: 65536, requestFields: 20 }`)).toBe(
      'applied',
    )
    expect(lines.at(-1)?.facts).toEqual({ settings: ['limits.requestHeadBytes'] })
  })

  test('is made ready in slices, between which requests are served', async () => {
    const { url } = await startUpstream()
    const routes = (mark: string): string =>
      `routes:\n${Array.from({ length: 1_000 }, (_, at) => `  - { path: /${mark}${at}, token: none, upstream: '${url}' }`).join('\n')}\n`
    const { gateway, reload, file } = await startReloadable(routes('a'))
    expect(await reload(routes('b'))).toBe('applied')
    writeFileSync(file, (await readFile(file, 'utf8')).replaceAll('/b', '/c'))
    const loaded = await loadConfig({ file })
    let turns = 0
    const count = (): void => {
      turns += 1
      timer = setImmediate(count)
    }
    let timer = setImmediate(count)
    const ready = await gateway.reload(async () => loaded)
    clearImmediate(timer)
    expect(ready).toBe('applied')
    expect(turns).toBeGreaterThan(2)
    const statuses = ['b', 'c'].map(async (mark) => (await fetch(`${gateway.url}/${mark}7`)).status)
    expect(await Promise.all(statuses)).toEqual([404, 200])
  })

  test('R-P6 serves new requests, while those under way end by the old one', async () => {
    const waiting: (() => void)[] = []
    const [slow, quick] = [
      await startHttpServer((_request, response) => waiting.push(() => response.end('from slow'))),
      await startHttpServer((_request, response) => response.end('from quick')),
    ]
    const to = (url: string) => `routes: [{ path: /**, token: none, upstream: '${url}' }]\n`
    const { reload, port } = await startReloadable(to(slow.url))
    const underWay = await openRawClient(port)
    underWay.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await eventually(() => waiting.length === 1)
    const idle = await openRawClient(port)
    expect(await reload(to(quick.url))).toBe('applied')
    idle.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await idle.until('from quick')).toContain('from quick')
    expect(underWay.received()).toBe('')
    waiting.forEach((answer) => answer())
    expect(await underWay.until('from slow')).toContain('from slow')
    // Neither connection was dropped, and both are served by the new one.
    for (const client of [underWay, idle]) {
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.untilCount('from quick', client === idle ? 2 : 1)
      expect(client.ended()).toBe('open')
    }
    // The connection to the old upstream goes with its last request.
    await eventually(
      () =>
        new Promise((resolve) =>
          slow.server.getConnections((_error, count) => resolve(count === 0)),
        ),
    )
  })

  test('a body that is being sent arrives whole', async () => {
    const bodies: string[] = []
    const upstream = await startHttpServer(async (request, response) => {
      bodies.push(await readBody(request))
      response.end('ok')
    })
    const yaml = (realm: string) =>
      `realm: ${realm}\nroutes: [{ path: /**, token: none, upstream: '${upstream.url}' }]\n`
    const { reload, port } = await startReloadable(yaml('a'))
    const client = await openRawClient(port)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc')
    expect(await reload(yaml('b'))).toBe('applied')
    client.send('def')
    await client.until('ok')
    expect(bodies).toEqual(['abcdef'])
  })

  test('S-166 remembers what is known of tokens, unless the verifier has changed', async () => {
    const upstream = await startUpstream()
    const rig = await startReloadable(ROUTE, { $A: upstream.url })
    const { gateway, token, reload, onezone, metrics } = rig
    const ask = async () =>
      (await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })).headers.get('x')
    const calls = () => onezone.calls().verifyAccessToken
    await ask()
    expect(calls()).toBe(1)
    expect(await reload(`realm: other\n${ROUTE}`)).toBe('applied')
    await ask()
    expect(calls()).toBe(1)
    expect(await reload(`verdicts: { maxStalenessMs: 9000 }\nrealm: other\n${ROUTE}`)).toBe(
      'applied',
    )
    await ask()
    expect(calls()).toBe(2)
    expect(await metrics()).toContain('onegate_max_staleness_seconds 9\n')
  })

  test('is used by the challenge, the admin API and explanations too', async () => {
    const upstream = await startUpstream()
    const { gateway, reload } = await startReloadable(ROUTE, { $A: upstream.url })
    const explain = async () => {
      const response = await fetch(`${gateway.adminUrl}/explain`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ path: '/open' }),
      })
      return ((await response.json()) as { route: { id: string } }).route.id
    }
    expect(await explain()).toBe('/**')
    await reload(
      `realm: changed\nroutes: [{ path: /open, token: none, upstream: '$A' }, { path: /**, upstream: '$A' }]`,
    )
    expect(await explain()).toBe('/open')
    expect((await fetch(gateway.url)).headers.get('www-authenticate')).toContain('realm="changed"')
    expect((await fetch(`${gateway.url}/open`)).status).toBe(200)
  })
})

describe('a configuration that cannot be used', () => {
  test('changes nothing; every problem is logged with its place', async () => {
    const upstream = await startUpstream()
    const { gateway, token, reload, lines, file, metrics } = await startReloadable(ROUTE, {
      $A: upstream.url,
    })
    const before = Date.now() / 1000
    expect(await reload('realm: 7\nroutes: [{ path: x }]\n')).toBe('refused')
    expect(lines.map(({ level, facts }) => [level, facts])).toEqual([
      ['error', expect.objectContaining({ source: file, line: 2, column: 8, setting: 'realm' })],
      ['error', expect.objectContaining({ source: file, line: 3, setting: 'routes[0].upstream' })],
      ['error', expect.objectContaining({ source: file, line: 3, setting: 'routes[0].path' })],
    ])
    const response = await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
    expect(response.status).toBe(200)
    expect(await reload(ROUTE)).toBe('unchanged')
    const text = await metrics()
    expect(text).toContain('onegate_config_reloads_total{outcome="refused"} 1\n')
    expect(text).toContain('onegate_config_reloads_total{outcome="unchanged"} 1\n')
    const [, at] = /^onegate_config_last_reload_timestamp_seconds (\S+)$/m.exec(text) ?? []
    expect(Number(at)).toBeLessThanOrEqual(before)
  })

  test('does not stop the next one from being used', async () => {
    const upstream = await startUpstream()
    const { reload, metrics } = await startReloadable(ROUTE, { $A: upstream.url })
    expect(await reload('routes: ')).toBe('refused')
    expect(await reload(`realm: x\n${ROUTE}`)).toBe('applied')
    expect(await metrics()).toContain('onegate_config_reloads_total{outcome="applied"} 1\n')
  })
})

test('what cannot change while it runs is named, and the rest is applied', async () => {
  const upstream = await startUpstream()
  const { gateway, reload, lines } = await startReloadable(ROUTE, { $A: upstream.url })
  const yaml = `reload: { intervalMs: 777 }\nworkers: 3\nrealm: applied\n${ROUTE}`
  expect(await reload(yaml)).toBe('applied')
  expect(lines).toEqual([
    {
      level: 'warn',
      facts: { settings: ['workers', 'reload'] },
      message: 'these settings have changed, but need a new start',
    },
  ])
  expect((await fetch(gateway.url)).headers.get('www-authenticate')).toContain('realm="applied"')
  expect(await reload(yaml)).toBe('unchanged')
})

test('an invalidation reaches requests that are still served by the old verifier', async () => {
  const upstream = await startUpstream()
  const { gateway, token, reload, onezone } = await startReloadable(ROUTE, { $A: upstream.url })
  const ask = () => fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
  expect((await ask()).status).toBe(200)
  await reload(`verdicts: { maxStalenessMs: 9000 }\n${ROUTE}`)
  expect((await ask()).status).toBe(200)
  onezone.revokeTemporaryTokens(ALICE)
  gateway.invalidate({ subject: ALICE })
  expect((await ask()).status).toBe(401)
})

test('an event stream goes on by the old configuration, and ends with its token all the same', async () => {
  const streams: ServerResponse[] = []
  const upstream = await startHttpServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write('data: first\n\n')
    streams.push(response)
  })
  const rig = await startReloadable(ROUTE, { $A: upstream.url })
  const client = await openRawClient(rig.port)
  client.send(`GET / HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${rig.token}\r\n\r\n`)
  await client.until('data: first')
  await rig.reload(`verdicts: { maxStalenessMs: 300000 }\nrealm: other\n${ROUTE}`)
  streams[0]?.write('data: second\n\n')
  await client.until('data: second')
  expect(client.ended()).toBe('open')
  rig.onezone.revokeTemporaryTokens(ALICE)
  rig.gateway.invalidate({ subject: ALICE })
  // A clean end: the last chunk.
  await client.until('\r\n0\r\n\r\n')
  expect(client.ended()).toBe('open')
})
