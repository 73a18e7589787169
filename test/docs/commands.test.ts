import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import type { GatewayConfig } from '../../src/config/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import { hasOpenssl, selfSigned } from '../helpers/certificate.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { block, BLOCKS, blocks, ROOT, textOf } from './pages.ts'

const run = promisify(execFile)
const ONEGATE = `${process.execPath} ${join(ROOT, 'dist/cli/main.js')}`

let project: string

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'onegate-docs-'))
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

/** Starts a command in the project, and waits for its first line on standard output. */
async function firstLineOf(line: string, cwd = project): Promise<string> {
  const child = spawn(`exec ${line}`, { cwd, shell: true, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill())
  return new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk) => resolve(String(chunk))),
  )
}

/** Writes a YAML block that begins with its name as a comment into the project. */
function writeNamed(name: string): string {
  const file = join(project, name)
  writeFileSync(file, block('yaml', `# ${name}\n`))
  return file
}

describe('the configurations', () => {
  test.each(['onegate.yaml', 'gateway.yaml'])(
    '%s is one that the gateway takes, and the commands below it check and serve it',
    async (name) => {
      const config = await loadConfig({ file: writeNamed(name) })
      expect(config.routes.map(({ path, token }) => [path, token])).toEqual([
        ['/public/**', 'none'],
        ['/**', 'access'],
      ])
      const [check = '', serve = ''] = block('sh', `serve --config ${name}`)
        .trim()
        .split('\n')
        .map((line) => line.replace('npx onegate', ONEGATE))
      const { stdout } = await run('sh', ['-c', check], { cwd: project })
      expect(stdout).toContain('/public/**')
      const anywhere = '--listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --json'
      expect(await firstLineOf(`${serve} ${anywhere}`)).toContain('"gateway":"http://127.0.0.1:')
    },
  )

  test('the one of the entrance has ten lines', () => {
    expect(block('yaml', '# onegate.yaml\n').split('\n').length).toBeLessThanOrEqual(11)
  })

  test('the one for tokens that are looked up is one that the gateway takes', async () => {
    writeFileSync(join(project, 'api-token'), 'a-secret-of-the-gateway')
    const { verifier, routes } = await loadConfig({ file: writeNamed('lookup.yaml') })
    expect(verifier).toMatchObject({ type: 'token-lookup', apiToken: 'a-secret-of-the-gateway' })
    expect(routes[0]?.scopes).toEqual(['settings.read', 'settings.write'])
  })

  const openssl = hasOpenssl() ? test : test.skip

  openssl('every other piece of configuration is one that the gateway takes too', async () => {
    const { cert, key } = selfSigned('upstream', 'DNS:app.example.org')
    writeFileSync(join(project, 'upstream-ca.pem'), cert)
    writeFileSync(join(project, 'gateway.pem'), cert)
    writeFileSync(join(project, 'clients-ca.pem'), cert)
    writeFileSync(join(project, 'gateway.key'), key)
    writeFileSync(join(project, 'upstream-credential'), 'Basic c2VjcmV0\n')
    writeFileSync(join(project, 'other.pem'), cert)
    writeFileSync(join(project, 'other.key'), key)
    const pieces = blocks('yaml').filter((text) => !text.startsWith('# '))
    const configs: GatewayConfig[] = []
    for (const text of pieces) {
      const file = join(project, 'piece.yaml')
      writeFileSync(file, text)
      configs.push(await loadConfig({ file, env: { ONEGATE_ONEZONE_URL: 'https://o.example' } }))
    }
    const pieceWith = (text: string) => configs[pieces.findIndex((piece) => piece.includes(text))]
    const fields = pieceWith('upstreamHeaders:')
    const credentials = pieceWith('basic-password')
    const cors = pieceWith('cors:')
    const listener = pieceWith('clientCaFile:')
    const routes = pieceWith('stripPrefix:')
    const upstreams = pieceWith('healthCheck:')
    const preflight = pieceWith('[OPTIONS]')
    expect(pieceWith('forwardToken:')?.routes[0]?.forwardToken).toMatchObject({ confine: {} })
    expect(pieceWith('data: enforce')?.routes[0]?.data).toMatchObject({ path: '/:space/**' })
    const listeners = pieceWith('proxyProtocol:')
    expect(fields?.routes[0]?.upstreamHeaders).toMatchObject({ Authorization: 'Basic c2VjcmV0' })
    expect(credentials?.routes[0]?.credentials).toContain('basic-password')
    expect(cors?.routes[0]?.cors).toMatchObject({ origins: ['https://app.example.org'] })
    expect(listener).toMatchObject({
      tls: { certFile: join(project, 'gateway.pem'), clientAuth: 'require', http2: true },
      reload: { watchFiles: true, intervalMs: 2000 },
    })
    expect(listeners).toMatchObject({ proxyProtocol: true, healthPath: '/healthz' })
    expect(routes?.routes[0]).toMatchObject({ methods: ['GET', 'PUT'], stripPrefix: '/users' })
    expect(upstreams?.routes[2]?.upstream).toMatchObject({
      healthCheck: { expect: [200, 204] },
      tls: { serverName: 'app.example.org', key: key.toString() },
    })
    expect(preflight?.routes[0]).toMatchObject({ methods: ['OPTIONS'], token: 'none' })
  })

  test('the piece with upstreams has the defaults for what it need not say', async () => {
    const flags = { onezoneUrl: 'https://o.example', upstream: 'http://a' }
    const { retries, maxConnections, ejection } =
      (await loadConfig({ flags })).routes[0]?.upstream ?? {}
    const piece = block('yaml', 'ejection')
    expect(piece).toContain(`retries: ${retries}\n`)
    expect(piece).toContain(`maxConnections: ${maxConnections}\n`)
    const written = Object.entries(ejection ?? {}).map(([name, value]) => `${name}: ${value}`)
    expect(piece).toContain(`ejection: { ${written.join(', ')} }`)
  })

  test('a preflight request passes by the piece for browsers, and any other needs a token', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const yaml = block('yaml', '[OPTIONS]').replaceAll('http://127.0.0.1:3000', upstream.url)
    const gateway = await startGateway({ onezoneUrl: onezone.url, yaml })
    expect((await fetch(gateway.url, { method: 'OPTIONS' })).status).toBe(200)
    expect((await fetch(gateway.url)).status).toBe(401)
  })
})

describe('the command lines', () => {
  test('that need no file protect an upstream', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const line = block('sh', 'serve --onezone-url')
      .trim()
      .replace('npx onegate', ONEGATE)
      .replace('https://onezone.example.org', onezone.url)
      .replace('http://127.0.0.1:3000', upstream.url)
    const ready = await firstLineOf(
      `${line} --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --json`,
    )
    const { gateway: url } = JSON.parse(ready) as { gateway: string }
    const token = onezone.createTemporaryToken({ subject: ALICE })
    expect((await fetch(url, { headers: { 'X-Auth-Token': token } })).status).toBe(200)
    expect((await fetch(url)).status).toBe(401)
  })

  test('for tokens create one and revoke it', async () => {
    const onezone = await startOnezone()
    const { token } = onezone.createNamedToken({ subject: ALICE, name: 'mine' })
    writeFileSync(join(project, 'me.token'), token)
    const lines = block('sh', '--output build.token')
      .replaceAll('npx onegate', ONEGATE)
      .replaceAll('https://onezone.example.org', onezone.url)
    await run('sh', ['-e', '-c', lines], { cwd: project })
    const client = createOnezoneClient({ url: onezone.url, credentials: { token } })
    onTestFinished(() => client.close())
    expect(await client.getNamedTokenOfCurrentUserByName('build')).toMatchObject({ revoked: true })
  })

  test('for operators answer how much they would take back, with a token where there is one', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const line = block('sh', '/invalidate').trim()
    const field = /add `(-H "Authorization: .*?")`/.exec(textOf('docs/operations.md'))?.[1] ?? ''
    writeFileSync(join(project, 'admin-token'), 'a-secret-of-the-operator')
    for (const adminToken of [undefined, 'a-secret-of-the-operator']) {
      const gateway = await startGateway({
        onezoneUrl: onezone.url,
        upstream: upstream.url,
        ...(adminToken !== undefined && {
          yaml: '{ adminTokenFile: admin-token }',
          files: { 'admin-token': adminToken },
        }),
      })
      const token = onezone.createTemporaryToken({ subject: ALICE })
      await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
      const order = line.replace('http://127.0.0.1:9090', gateway.adminUrl)
      const given = adminToken === undefined ? order : `${order} ${field}`
      const { stdout } = await run('sh', ['-c', given], { cwd: project })
      expect(JSON.parse(stdout)).toEqual({ families: 1, tokens: 1, dryRun: true })
      if (adminToken === undefined) continue
      const without = await run('sh', ['-c', order], { cwd: project })
      expect(JSON.parse(without.stdout)).toMatchObject({ status: 401 })
    }
  })

  test('for an Onezone in a process of its own do what is said of it', async () => {
    const page = 'docs/dev-onezone.md'
    const directory = mkdtempSync(join(tmpdir(), 'onegate-onezone-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    writeFileSync(join(directory, 'world.json'), '{ "users": { "alice": {} } }')
    const line = block('sh', 'onegate onezone', page)
      .trim()
      .replace('npx onegate', ONEGATE)
      .replace('127.0.0.1:9443', '127.0.0.1:0')
    const ready = await firstLineOf(`${line} --json`, directory)
    const { onezone: url } = JSON.parse(ready) as { onezone: string }
    const send = (path: string, method: string, body?: string) =>
      fetch(url + path, { method, ...(body !== undefined && { body }) })

    const clock = /`(\{ "now": \d+ \})`/.exec(textOf(page))?.[1] ?? ''
    expect((await send('/control/clock', 'PUT', clock)).status).toBe(204)
    const time = await send('/api/v3/onezone/provider/public/get_current_time', 'GET')
    expect(await time.json()).toEqual({ timeMillis: 1_750_000_000_000 })
    expect((await send('/control/world', 'PATCH', '{ "users": { "bob": {} } }')).status).toBe(204)
    expect((await send('/control/faults', 'PUT', '[]')).status).toBe(204)
    expect((await send('/control/calls', 'GET')).status).toBe(200)
    expect((await send('/control/calls', 'DELETE')).status).toBe(204)
    expect(readFileSync(join(directory, 'state.json'), 'utf8')).toContain('"bob"')
    const generation = await fetch(`${url}/api/v3/onezone/user/tokens/temporary`, {
      headers: { 'X-Control-Auth': 'user:bob' },
    })
    expect(await generation.json()).toEqual({ generation: 1 })
  })

  test('of the entrance are the ones that continuous integration runs', () => {
    const script = readFileSync(join(ROOT, '.ci/run'), 'utf8')
    expect(blocks('sh', 'README.md').slice(0, 3)).toEqual([
      'npm ci && npm pack\n',
      'npm ci && npm start\n',
      'npm cit\n',
    ])
    expect(script).toMatch(/^TEST_REPORT=.* npm cit /m)
    expect(script).toMatch(/^ +npm start /m)
    expect(script).toMatch(/^npm pack /m)
  })

  test('for contributors name what there is', () => {
    const [, script, tests] = blocks('sh', 'CONTRIBUTING.md')[0]?.trim().split('\n') ?? []
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    expect(scripts).toHaveProperty(script?.replace('npm run ', '') ?? '')
    expect(tests).toMatch(/^npx vitest run --config /)
    for (const path of tests?.split(' ').slice(4) ?? []) {
      expect(existsSync(join(ROOT, path)), path).toBe(true)
    }
  })

  test('that are listed here are all there are', () => {
    const beginnings = BLOCKS.filter(({ language }) => language === 'sh').map(
      ({ page, text }) => `${page}: ${text.trim().split('\n')[0]?.slice(0, 24)}`,
    )
    expect(beginnings.sort()).toEqual([
      'CONTRIBUTING.md: npm ci',
      'README.md: npm ci && npm pack',
      'README.md: npm ci && npm start',
      'README.md: npm cit',
      'README.md: npx onegate check --conf',
      'docs/cli.md: npx onegate --help',
      'docs/cli.md: npx onegate token create',
      'docs/configuration.md: npx onegate check --conf',
      'docs/configuration.md: npx onegate serve --onez',
      'docs/dev-onezone.md: npx onegate onezone --li',
      'docs/forward-auth.md: npx onegate echo --liste',
      'docs/operations.md: curl -s http://127.0.0.1',
      'docs/signed-identity.md: openssl genpkey -algorit',
    ])
  })
})

describe('what is printed', () => {
  test('by the demo is what the entrance shows', async () => {
    const ports = '--port 0 --admin-port 0 --onezone-port 0'
    const child = spawn(`exec ${ONEGATE} demo ${ports}`, {
      shell: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill())
    let printed = ''
    for await (const chunk of child.stdout) {
      printed += String(chunk)
      if (printed.includes('Ctrl-C')) break
    }
    // Ports and tokens are others each time: what is compared is which of them stands where.
    const withoutChance = (text: string): string => {
      const [admin = '', gateway = '', onezone = ''] =
        text.match(/http:\/\/127\.0\.0\.1:\d+/g) ?? []
      return text
        .replaceAll(gateway, 'GATEWAY')
        .replaceAll(onezone, 'ONEZONE')
        .replaceAll(admin, 'ADMIN')
        .replace(/(TOKEN|NAMED)=MDAx\S+/g, '$1=…')
    }
    const shown = block('text', 'onegate demo', 'README.md').trim()
    expect(withoutChance(printed)).toContain(withoutChance(shown))
    expect(withoutChance(shown)).toMatch(/ADMIN[^]*GATEWAY[^]*ONEZONE[^]*TOKEN=…/)
  })

  test('stands in one more place only: the picture of the way of a request', () => {
    expect(BLOCKS.filter(({ language }) => language === 'text').map(({ page }) => page)).toEqual([
      'README.md',
      'docs/architecture.md',
    ])
  })
})
