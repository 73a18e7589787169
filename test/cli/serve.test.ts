import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDevOnezone, type DevOnezone } from '../../src/dev-onezone/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { readBody, startHttpServer } from '../helpers/http-server.ts'
import { runOnegate, startOnegate, type OnegateProcess } from './onegate-process.ts'
import { runDispatch } from './run-dispatch.ts'

interface Addresses {
  readonly gateway: string
  readonly admin: string
  readonly forwardAuth?: string
  readonly forwardAuthGrpc?: string
}

const ANY_PORTS = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0']
const ALICE = { type: 'user', id: 'alice' } as const

async function startOnezone(): Promise<DevOnezone> {
  const onezone = await createDevOnezone()
  onTestFinished(() => onezone.close())
  return onezone
}

async function serve(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<OnegateProcess & Addresses> {
  const onegate = startOnegate(['serve', ...ANY_PORTS, '--json', ...args], { env })
  onTestFinished(async () => void (await onegate.stop()))
  return { ...onegate, ...(await onegate.ready<Addresses>()) }
}

function respond(response: ServerResponse, body: string): void {
  response.end(body)
}

describe('onegate serve', () => {
  test('says with --json where front proxies ask', async () => {
    const onezone = await startOnezone()
    const gateway = await serve(['--onezone-url', onezone.url, '--trusted-proxy', '127.0.0.1/32'], {
      ONEGATE_UPSTREAM: 'http://127.0.0.1:9',
      ONEGATE_FORWARD_AUTH_LISTEN: '127.0.0.1:0',
      ONEGATE_FORWARD_AUTH_GRPC_LISTEN: '127.0.0.1:0',
    })
    expect((await fetch(`${gateway.forwardAuth}/auth/none`)).status).toBe(404)
    expect(gateway.forwardAuthGrpc).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  test('puts authentication in front of an upstream; logs are JSON without tokens', async () => {
    const onezone = await startOnezone()
    const seen: IncomingMessage[] = []
    const upstream = await startHttpServer((request, response) => {
      seen.push(request)
      respond(response, 'from upstream')
    })
    const gateway = await serve([
      '--onezone-url',
      onezone.url,
      '--upstream',
      upstream.url,
      '--log-level',
      'debug',
    ])
    const token = onezone.createTemporaryToken({ subject: ALICE })

    const granted = await fetch(`${gateway.gateway}/x`, { headers: { 'X-Auth-Token': token } })
    expect([granted.status, await granted.text()]).toEqual([200, 'from upstream'])
    expect(seen[0]?.headers['x-onedata-subject-id']).toBe('alice')
    expect(seen[0]?.headers['x-auth-token']).toBeUndefined()
    expect((await fetch(`${gateway.gateway}/x`)).status).toBe(401)
    expect(seen).toHaveLength(1)
    expect((await fetch(`${gateway.admin}/readyz`)).status).toBe(200)

    const { code, stdout, stderr } = await gateway.stop()
    expect(code).toBe(0)
    const [ready, ...refusals] = stdout.trimEnd().split('\n')
    expect(ready).toBe(JSON.stringify({ gateway: gateway.gateway, admin: gateway.admin }))
    expect(refusals.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { status: 401, code: 'credentials_missing', path: '/x' },
    ])
    expect(stderr).not.toContain('MDA')
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string })
    expect(lines.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['the gateway is ready', 'stopped']),
    )
  })

  test('takes its settings from a file, and flags and variables win', async () => {
    const onezone = await startOnezone()
    const upstream = await startHttpServer((_, response) => respond(response, 'ok'))
    const directory = await directoryWith({})
    const config = join(directory, 'onegate.yaml')
    await writeFile(
      config,
      `listen: 127.0.0.1:1
realm: from-file
onezone: { url: "http://127.0.0.1:1" }
routes:
  - { path: /open/**, token: none, upstream: "${upstream.url}" }
`,
    )
    const env = { ONEGATE_REALM: 'from-env', ONEGATE_ONEZONE_URL: onezone.url }
    const gateway = await serve(['--config', config], env)
    expect((await fetch(`${gateway.gateway}/open/x`)).status).toBe(200)
    expect((await fetch(`${gateway.gateway}/closed`)).status).toBe(404)
  })

  test('believes X-Forwarded-For from a trusted proxy only', async () => {
    const onezone = await startOnezone()
    const upstream = await startHttpServer((_, response) => respond(response, 'ok'))
    const urls = ['--onezone-url', onezone.url, '--upstream', upstream.url]
    const caveats = [{ type: 'ip', whitelist: ['192.0.2.7/32'] }] as const
    const headers = {
      'X-Auth-Token': onezone.createNamedToken({ subject: ALICE, name: 'there', caveats }).token,
      'X-Forwarded-For': '192.0.2.7',
    }
    const [trusting, wary] = await Promise.all([
      serve([...urls, '--trusted-proxy', '127.0.0.1', '--trusted-proxy', '10.0.0.0/8']),
      serve(urls),
    ])
    expect((await fetch(trusting.gateway, { headers })).status).toBe(200)
    expect((await fetch(wary.gateway, { headers })).status).toBe(401)
  })

  test('R-P1 R-P3 SIGTERM: the request under way finishes, idle connections are closed, and it exits with 0', async () => {
    const onezone = await startOnezone()
    const held: ServerResponse[] = []
    const upstream = createServer((request, response) => {
      if (request.url === '/held') held.push(response)
      else respond(response, 'at once')
      if (request.url === '/held') upstream.emit('held')
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void upstream.close())
    const { port } = upstream.address() as { port: number }
    const gateway = await serve([
      '--onezone-url',
      onezone.url,
      '--upstream',
      `http://127.0.0.1:${port}`,
    ])
    const headers = { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) }
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const request = async (path: string): Promise<string> => {
      const [response] = (await once(
        get(gateway.gateway + path, { agent, headers }),
        'response',
      )) as [IncomingMessage]
      return `${response.statusCode} ${await readBody(response)}`
    }

    const arrived = once(upstream, 'held')
    const [underWay] = [request('/held'), await arrived]
    expect(await request('/idle')).toBe('200 at once')
    const silent = connect(Number(new URL(gateway.gateway).port), '127.0.0.1')
    await once(silent, 'connect')
    onTestFinished(() => void silent.destroy())

    gateway.child.kill('SIGTERM')
    await expect.poll(() => gateway.stderr(), { timeout: 20_000 }).toContain('stopping')
    expect(gateway.child.exitCode).toBeNull()
    held[0]?.end('late')
    expect(await underWay).toBe('200 late')
    expect(await gateway.ended).toMatchObject({ code: 0 })
  })

  test.each([[[]], [['--workers', '2']]])(
    'SIGUSR1 opens no debugger, SIGUSR2 ends nothing, SIGQUIT drains: %j',
    async (more) => {
      const gateway = await serve([
        '--onezone-url',
        'http://127.0.0.1:9',
        '--upstream',
        'http://127.0.0.1:9',
        ...more,
      ])
      const workers = [...gateway.stderr().matchAll(/"pid":(\d+)/g)].map((match) =>
        Number(match[1]),
      )
      for (const pid of new Set([gateway.child.pid ?? 0, ...workers])) {
        process.kill(pid, 'SIGUSR1')
        process.kill(pid, 'SIGUSR2')
      }
      expect((await fetch(gateway.gateway)).status).toBe(401)
      gateway.child.kill('SIGQUIT')
      expect(await gateway.ended).toMatchObject({ code: 0 })
      expect(gateway.stderr()).not.toContain('Debugger')
    },
  )

  test('S-205 an exception that nothing caught drains, too, and is no success', async () => {
    const held: ServerResponse[] = []
    const upstream = await startHttpServer((_request, response) => void held.push(response))
    const onezone = await startOnezone()
    const gateway = await serve(['--onezone-url', onezone.url, '--upstream', upstream.url], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
        "process.on('SIGURG',()=>{throw new Error('unforeseen')})",
      )}`,
    })
    const headers = { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) }
    const underWay = fetch(gateway.gateway, { headers }).then((response) => response.text())
    await once(upstream.server, 'request')
    gateway.child.kill('SIGURG')
    await expect.poll(() => gateway.stderr(), { timeout: 20_000 }).toContain('unforeseen')
    held[0]?.end('late')
    expect(await underWay).toBe('late')
    expect(await gateway.ended).toMatchObject({ code: 70 })
  })

  test('R-P3 a second signal ends it at once', async () => {
    const onezone = await startOnezone()
    const upstream = await startHttpServer(() => {})
    const gateway = await serve(['--onezone-url', onezone.url, '--upstream', upstream.url])
    const headers = { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) }
    const underWay = fetch(gateway.gateway, { headers }).catch(() => 'broken off')
    await once(upstream.server, 'request')
    gateway.child.kill('SIGTERM')
    await expect.poll(() => gateway.stderr(), { timeout: 20_000 }).toContain('stopping')
    gateway.child.kill('SIGINT')
    expect(await gateway.ended).toMatchObject({ code: 130 })
    expect(await underWay).toBe('broken off')
  })

  test('a changed file or SIGHUP makes it read the configuration anew', async () => {
    const directory = await directoryWith({})
    const config = join(directory, 'onegate.yaml')
    const write = (watchFiles: boolean, rest: string) =>
      writeFile(
        config,
        `onezone: { url: "http://127.0.0.1:1" }
upstream: "http://127.0.0.1:1"
reload: { intervalMs: 100, watchFiles: ${watchFiles} }
${rest}`,
      )
    const realm = async (url: string) => (await fetch(url)).headers.get('www-authenticate')
    await write(true, 'realm: first')
    const watching = await serve(['--config', config])
    await write(true, 'realm: second')
    await expect.poll(() => realm(watching.gateway), { timeout: 20_000 }).toContain('"second"')
    await write(true, 'realm: 3')
    await expect
      .poll(() => watching.stderr(), { timeout: 20_000 })
      .toMatch(/"line":4,"column":8,"setting":"realm","problem":"must be a text, not 3"/)
    expect(await realm(watching.gateway)).toContain('"second"')

    await write(false, 'realm: fourth')
    const waiting = await serve(['--config', config])
    await expect.poll(() => realm(watching.gateway), { timeout: 20_000 }).toContain('"fourth"')
    await write(false, 'realm: fifth\nlog: { level: debug }')
    await expect.poll(() => realm(watching.gateway), { timeout: 20_000 }).toContain('"fifth"')
    expect(await realm(waiting.gateway)).toContain('"fourth"')
    waiting.child.kill('SIGHUP')
    await expect.poll(() => realm(waiting.gateway), { timeout: 20_000 }).toContain('"fifth"')
    expect(await waiting.stop()).toMatchObject({ code: 0 })
  })

  test('a port in use is told with the flag', async () => {
    const { url } = await startHttpServer(() => {})
    const taken = url.slice('http://'.length)
    const urls = ['--onezone-url', url, '--upstream', 'http://127.0.0.1:9']
    const [traffic, admin] = await Promise.all([
      runOnegate(['serve', ...urls, '--listen', taken, '--admin-listen', '127.0.0.1:0']),
      runOnegate(['serve', ...urls, '--listen', '127.0.0.1:0', '--admin-listen', taken]),
    ])
    const message = `onegate serve: cannot listen on ${taken}: the port is in use; choose another with`
    expect(traffic.code).toBe(1)
    expect(traffic.stderr).toContain(`${message} --listen\n`)
    expect(admin.code).toBe(1)
    expect(admin.stderr).toContain(`${message} --admin-listen\n`)
  })

  test('S-236 R-P5 a configuration that is refused is told with every problem, and exit code 78', async () => {
    const args = ['serve', '--listen', 'x', '--upstream', 'y']
    const { code, stdout, stderr } = await runDispatch(args)
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^--listen: listen: must be HOST:PORT/),
      expect.stringMatching(/^--upstream: upstream: must be a URL/),
      expect.stringMatching(/^configuration: onezone\.url: is missing/),
      'onegate serve: the configuration has 3 problems',
      '',
    ])
  })
})
