import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { ANSWER_CODES, answerFor, createHeaderPolicy } from '../src/authenticator/index.ts'
import { ROW } from '../bench/proxy/rows.ts'
import { proxySuite } from '../bench/suites/proxy.ts'
import { COMMAND_SUMMARIES } from '../src/cli/help.ts'
import { loadConfig } from '../src/config/index.ts'
import { createOnezoneClient } from '../src/onezone/index.ts'
import { hasOpenssl, selfSigned } from './helpers/certificate.ts'
import { startGateway } from './helpers/gateway.ts'
import { ALICE, startOnezone } from './helpers/onezone.ts'
import { methodOf, TOKEN_API_OPERATIONS } from './helpers/token-api-operations.ts'
import { startUpstream } from './helpers/upstream.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    (match) => match[1] ?? '',
  )
}

function block(language: string, containing: string): string {
  const found = blocks(language).filter((text) => text.includes(containing))
  expect(found, `one ${language} block with ${containing}`).toHaveLength(1)
  return found[0] ?? ''
}

/** The cells of every table row of a section. */
function rows(section: string): string[][] {
  const text = README.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? ''
  return text
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('| -'))
    .slice(1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

function names(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
}

describe('the tables are true', () => {
  test('every answer is listed with its status and challenge, and no other', () => {
    const listed = rows('Answers').map(([, status, challenge, code]) => [
      names(code ?? '')[0],
      Number(status),
      names(challenge ?? '')[0] ?? null,
    ])
    const expected = ANSWER_CODES.map((code) => {
      const { status, challenge } = answerFor(code)
      const error = /error="(\w+)"/.exec(challenge ?? '')?.[1]
      return [code, status, challenge === null ? null : (error ?? 'Bearer realm="…"')]
    })
    expect(listed.sort()).toEqual(expected.sort())
  })

  test('every metric is listed with its labels, and no other', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const gateway = await startGateway({
      onezoneUrl: onezone.url,
      yaml: `routes: [{ path: '/**', upstream: '${upstream.url}', forwardToken: true }]`,
    })
    await fetch(gateway.url, {
      headers: { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) },
    })
    await fetch(gateway.url)
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    const shown = [...text.matchAll(/^# TYPE (onegate_\w+)/gm)].map((match) => match[1])
    const listed = rows('Metrics').map(([metric]) => names(metric ?? '')[0])
    expect(listed.sort()).toEqual(shown.sort())
    for (const [metric, labels] of rows('Metrics')) {
      const sample = new RegExp(`^${names(metric ?? '')[0]}(?:_sum)?\\{(.*?)\\}`, 'm').exec(text)
      const inUse = [...(sample?.[1] ?? '').matchAll(/(\w+)="/g)].map((match) => match[1])
      if (sample !== null) expect(names(labels ?? '').sort(), metric).toEqual(inUse.sort())
    }
  })

  test('every identity field is listed', () => {
    const stated = createHeaderPolicy()
      .state(null)
      .filter((_, i) => i % 2 === 0)
    const listed = rows('Header fields').flatMap(([field]) => names(field ?? ''))
    expect(listed.filter((name) => name.startsWith('X-Onedata-'))).toEqual(stated)
  })

  test('every command is listed', async () => {
    const { stdout } = await run(process.execPath, [join(ROOT, 'dist/cli/main.js'), '--help'])
    const section = stdout.split('Commands:\n')[1]?.split('\n\n')[0] ?? ''
    const commands = [...section.matchAll(/^ {2}(\S+(?: \S+)?) {2,}/gm)].map((match) => match[1])
    const listed = rows('Commands').map(([command]) =>
      (names(command ?? '')[0] ?? '').replace('onegate ', ''),
    )
    expect(listed).toEqual(commands)
  })

  test('every operation of the Token API is listed, with a client method and commands that exist', () => {
    const client = createOnezoneClient({ url: 'http://127.0.0.1:1' })
    const listed = rows('Token API')
    expect(
      listed.map(([method, path, call]) => [method, names(path!)[0], names(call!)[0]]).sort(),
    ).toEqual(
      TOKEN_API_OPERATIONS.map((operation) => [
        operation.method,
        operation.path,
        methodOf(operation),
      ]).sort(),
    )
    const commands = listed.flatMap(([, , , command]) => names(command!))
    for (const command of commands) {
      expect(Object.keys(COMMAND_SUMMARIES)).toContain(command.replace('onegate ', ''))
    }
    // All but the one that asks no Onezone, or not about the token alone.
    const tokenCommands = Object.keys(COMMAND_SUMMARIES).filter((name) => name.startsWith('token'))
    expect([...new Set(commands), 'onegate token explain'].sort()).toEqual(
      tokenCommands.map((name) => `onegate ${name}`).sort(),
    )
    for (const [, , call] of listed) {
      expect(client).toHaveProperty(names(call!)[0]!, expect.any(Function))
    }
  })
})

describe('the measured table', () => {
  const measured = /<!-- bench:proxy -->\n(.*?)<!-- \/bench:proxy -->/s.exec(README)?.[1] ?? ''
  const [head = [], ...body] = measured
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('| -'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

  test('stands between its markers, a row per contender, every value a number', () => {
    expect(head.slice(1)).toEqual(
      [...proxySuite.columns, ...proxySuite.ratios].map(({ title }) => title),
    )
    const rows = body.map(([row]) => row)
    expect(rows).toEqual(expect.arrayContaining([ROW.direct, ROW.open, ROW.hit, ROW.misses]))
    for (const [row, ...values] of body) {
      expect(values, row).toHaveLength(head.length - 1)
      expect(values.map(Number).filter(Number.isNaN), row).toEqual([])
    }
  })

  test('comes with the machine, and with every goal met or missed', () => {
    expect(measured).toMatch(/^- .* cores, .* GiB/m)
    expect(measured).toMatch(/^- Node \d+\.\d+\.\d+, commit [0-9a-f]{10}/m)
    for (const { title, of, to } of proxySuite.comparisons.filter(
      ({ goal }) => goal !== undefined,
    )) {
      const lines = measured
        .split('\n')
        .filter((line) => line.startsWith(`- ${title}, “${of}” against “${to}”`))
      const verdict = /(?:; goal: .*, (?:met|\*\*missed\*\*.*)|: not measured)$/
      expect(
        lines.filter((line) => verdict.test(line)),
        `${of} against ${to}`,
      ).toHaveLength(1)
    }
  })
})

describe('the samples run as they stand', () => {
  let project: string
  const env = { ...process.env, PATH: '' }

  /** A project of a user: the package under its name, and what the samples import. */
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'onegate-readme-'))
    env.PATH = `${join(project, 'bin')}:${process.env['PATH'] ?? ''}`
    symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    for (const text of blocks('ts')) {
      writeFileSync(join(project, fileNameOf(text)), text.replaceAll(/'onegate(\/\w+)?'/g, toDist))
    }
  })
  afterAll(() => rmSync(project, { recursive: true, force: true }))

  function fileNameOf(text: string): string {
    return /^\/\/ (\S+)/.exec(text)?.[1] ?? 'sample.ts'
  }

  function toDist(_match: string, subpath: string | undefined): string {
    const rooms: Record<string, string> = {
      '/dev': 'dev.js',
      '/onezone': 'onezone/index.js',
      '/token': 'token/index.js',
    }
    return JSON.stringify(join(ROOT, 'dist', rooms[subpath ?? ''] ?? 'index.js'))
  }

  test('the TypeScript samples type-check strictly', async () => {
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: 'ES2022',
          module: 'NodeNext',
          types: ['node'],
          skipLibCheck: true,
        },
        include: ['*.ts'],
      }),
    )
    await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project])
  }, 60_000)

  test('the middleware sample greets alice and nobody else', async () => {
    const onezone = await startOnezone()
    const port = await freePort()
    const server = spawn(process.execPath, ['--import', 'tsx', 'server.ts'], {
      cwd: project,
      env: { ...process.env, ONEZONE_URL: onezone.url, PORT: String(port) },
      stdio: 'inherit',
    })
    onTestFinished(() => void server.kill())
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const response = await eventually(() =>
      fetch(`http://127.0.0.1:${port}/hello`, { headers: { 'X-Auth-Token': token } }),
    )
    expect(await response.json()).toEqual({ hello: 'alice' })
    expect((await fetch(`http://127.0.0.1:${port}/hello`)).status).toBe(401)
  })

  test('the sample for tests runs', async () => {
    await run(process.execPath, ['--import', 'tsx', 'onezone.test.ts'], { cwd: project })
  })

  test('the sample of the client creates a token and revokes it', async () => {
    const onezone = await startOnezone()
    const { token } = onezone.createNamedToken({ subject: ALICE, name: 'mine' })
    await run(process.execPath, ['--import', 'tsx', 'tokens.ts'], {
      cwd: project,
      env: { ...process.env, ONEZONE_URL: onezone.url, MY_TOKEN: token },
    })
    const client = createOnezoneClient({ url: onezone.url, credentials: { token } })
    onTestFinished(() => client.close())
    expect(await client.getNamedTokenOfCurrentUserByName('build')).toMatchObject({ revoked: true })
  })

  test('the lines for the shell create a token and revoke it', async () => {
    const onezone = await startOnezone()
    const { token } = onezone.createNamedToken({ subject: ALICE, name: 'mine' })
    writeFileSync(join(project, 'me.token'), token)
    const lines = block('sh', '--output build.token')
      .replaceAll('npx onegate', `${process.execPath} ${join(ROOT, 'dist/cli/main.js')}`)
      .replaceAll('https://onezone.example.org', onezone.url)
    await run('sh', ['-e', '-c', lines], { cwd: project })
    const client = createOnezoneClient({ url: onezone.url, credentials: { token } })
    onTestFinished(() => client.close())
    expect(await client.getNamedTokenOfCurrentUserByName('build')).toMatchObject({ revoked: true })
  })

  test('the configuration is one that the gateway takes', async () => {
    const file = join(project, 'onegate.yaml')
    writeFileSync(file, block('yaml', 'onegate.yaml'))
    const config = await loadConfig({ file })
    expect(config.routes.map(({ path, token }) => [path, token])).toEqual([
      ['/public/**', 'none'],
      ['/**', 'access'],
    ])
    const { stdout } = await run(
      process.execPath,
      [join(ROOT, 'dist/cli/main.js'), 'check', '--config', file],
      {},
    )
    expect(stdout).toContain('/public/**')
  })

  test('so is the one for tokens that are looked up', async () => {
    writeFileSync(join(project, 'api-token'), 'a-secret-of-the-gateway')
    const file = join(project, 'lookup.yaml')
    writeFileSync(file, block('yaml', 'lookup.yaml'))
    const { verifier, routes } = await loadConfig({ file })
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
    const pieces = blocks('yaml').filter((text) => !text.startsWith('# '))
    expect(pieces).toHaveLength(3)
    const configs = []
    for (const text of pieces) {
      const file = join(project, 'piece.yaml')
      writeFileSync(file, text)
      configs.push(await loadConfig({ file, env: { ONEGATE_ONEZONE_URL: 'https://o.example' } }))
    }
    const [listener, routes, upstreams] = configs
    expect(listener).toMatchObject({
      tls: { certFile: join(project, 'gateway.pem'), clientAuth: 'require', http2: true },
      reload: { watchFiles: true, intervalMs: 2000 },
    })
    expect(routes?.routes[0]).toMatchObject({ methods: ['GET', 'PUT'], stripPrefix: '/users' })
    expect(upstreams?.routes[2]?.upstream).toMatchObject({
      healthCheck: { expect: [200, 204] },
      tls: { serverName: 'app.example.org', key: key.toString() },
    })
  })

  test('the defaults of routes and upstreams are those that are listed', async () => {
    const flags = { onezoneUrl: 'https://o.example', upstream: 'http://a' }
    const [route] = (await loadConfig({ flags })).routes
    const listed = new Map(rows('As a reverse proxy').map(([name, , value]) => [name, value]))
    for (const [name, ms] of Object.entries(route?.timeouts ?? {})) {
      expect(listed.get(`\`timeouts.${name}\``), name).toBe(`\`${ms}\``)
    }
    const { retries, maxConnections, ejection } = route?.upstream ?? {}
    expect(block('yaml', 'ejection')).toContain(`retries: ${retries}\n`)
    expect(block('yaml', 'ejection')).toContain(`maxConnections: ${maxConnections}\n`)
    const written = Object.entries(ejection ?? {}).map(([name, value]) => `${name}: ${value}`)
    expect(block('yaml', 'ejection')).toContain(`ejection: { ${written.join(', ')} }`)
  })

  test('the command lines are commands that the gateway takes', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const line = block('sh', 'serve --onezone-url')
      .trim()
      .replace('npx onegate', `${process.execPath} ${join(ROOT, 'dist/cli/main.js')}`)
      .replace('https://onezone.example.org', onezone.url)
      .replace('http://127.0.0.1:3000', upstream.url)
    const gateway = spawn(`exec ${line} --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --json`, {
      shell: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void gateway.kill())
    const ready = await new Promise<string>((resolve) =>
      gateway.stdout.once('data', (chunk) => resolve(String(chunk))),
    )
    const { gateway: url } = JSON.parse(ready) as { gateway: string }
    const token = onezone.createTemporaryToken({ subject: ALICE })
    expect((await fetch(url, { headers: { 'X-Auth-Token': token } })).status).toBe(200)
    expect((await fetch(url)).status).toBe(401)
  })

  test('the line for operators answers how much it would take back', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const gateway = await startGateway({ onezoneUrl: onezone.url, upstream: upstream.url })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
    const line = block('sh', '/invalidate').replace('http://127.0.0.1:9090', gateway.adminUrl)
    const { stdout } = await run('sh', ['-c', line])
    expect(JSON.parse(stdout)).toEqual({ families: 1, tokens: 1, dryRun: true })
  })

  test('the Onezone in a process of its own does what is said of it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'onegate-onezone-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    writeFileSync(join(directory, 'world.json'), '{ "users": { "alice": {} } }')
    const line = block('sh', 'onegate onezone')
      .trim()
      .replace('npx onegate', `${process.execPath} ${join(ROOT, 'dist/cli/main.js')}`)
      .replace('127.0.0.1:9443', '127.0.0.1:0')
    const onezone = spawn(`exec ${line} --json`, {
      cwd: directory,
      shell: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void onezone.kill())
    const ready = await new Promise<string>((resolve) =>
      onezone.stdout.once('data', (chunk) => resolve(String(chunk))),
    )
    const { onezone: url } = JSON.parse(ready) as { onezone: string }
    const send = (path: string, method: string, body?: string) =>
      fetch(url + path, { method, ...(body !== undefined && { body }) })

    const clock = /`(\{ "now": \d+ \})`/.exec(README)?.[1] ?? ''
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

  test('the two commands are the ones that continuous integration runs', () => {
    const script = readFileSync(join(ROOT, '.ci/run'), 'utf8')
    expect(blocks('sh').slice(0, 2)).toEqual(['npm ci && npm start\n', 'npm cit\n'])
    expect(script).toMatch(/^TEST_REPORT=.* npm cit /m)
    expect(script).toMatch(/^ +npm start /m)
  })

  test('no other command block stands in the README without a test', () => {
    expect(blocks('sh').map((text) => text.trim().split('\n')[0]?.slice(0, 24))).toEqual([
      'npm ci && npm start',
      'npm cit',
      'npx onegate serve --onez',
      'npx onegate check --conf',
      'curl -s http://127.0.0.1',
      'npx onegate --help',
      'npx onegate token create',
      'npx onegate onezone --li',
    ])
  })
})

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Tries again until the server listens. */
async function eventually(attempt: () => Promise<Response>): Promise<Response> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
