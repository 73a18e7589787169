import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { createOnezoneClient } from '../../src/onezone/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { withoutTypes } from '../helpers/without-types.ts'
import { blocks, ROOT } from './pages.ts'

const run = promisify(execFile)

describe('the TypeScript samples run as they stand', () => {
  let project: string

  /** A project of a user: the package under its name, and what the samples import. */
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'onegate-docs-'))
    symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    for (const text of blocks('ts')) {
      const sample = text.replaceAll(/'onegate(\/\w+)?'/g, toDist)
      writeFileSync(join(project, fileNameOf(text)), sample)
      writeFileSync(join(project, scriptOf(fileNameOf(text))), withoutTypes(sample))
    }
  })
  afterAll(() => rmSync(project, { recursive: true, force: true }))

  function fileNameOf(text: string): string {
    return /^\/\/ (\S+)/.exec(text)?.[1] ?? 'sample.ts'
  }

  /** The sample as it is run. */
  function scriptOf(file: string): string {
    return file.replace(/ts$/, 'js')
  }

  function toDist(_match: string, subpath: string | undefined): string {
    const rooms: Record<string, string> = {
      '/dev': 'dev/index.js',
      '/onezone': 'onezone/index.js',
      '/proxy': 'proxy/index.js',
      '/token': 'token/index.js',
    }
    return JSON.stringify(join(ROOT, 'dist', rooms[subpath ?? ''] ?? 'index.js'))
  }

  test('each has a name of its own, and a test here', () => {
    expect(blocks('ts').map(fileNameOf).sort()).toEqual([
      'app.test.ts',
      'backend.ts',
      'cors.ts',
      'onezone.test.ts',
      'proxy.ts', // run by test/proxy/onedata-proxy.test.ts
      'revoked.test.ts',
      'server.ts',
      'tokens.ts',
      'who-asks.ts', // run by test/assertion/example.test.ts
    ])
  })

  test('they type-check strictly', async () => {
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
  })

  test('the middleware sample greets alice and refuses a request without a token', async () => {
    const onezone = await startOnezone()
    const port = await freePort()
    const server = spawn(process.execPath, [scriptOf('server.ts')], {
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

  test.each(['onezone.test.ts', 'app.test.ts', 'revoked.test.ts'])(
    'the sample for tests %s runs',
    async (file) => {
      await run(process.execPath, [scriptOf(file)], { cwd: project })
    },
  )

  test('the sample for browsers answers a preflight request, and lets scripts read refusals', async () => {
    const onezone = await startOnezone()
    const script = `
      import { app } from './cors.js'
      const Origin = 'https://app.example.org'
      const fields = ({ status, headers }) => [
        status,
        headers.get('Access-Control-Allow-Origin'),
        headers.get('Access-Control-Allow-Headers') ?? headers.get('Access-Control-Expose-Headers'),
      ]
      const preflight = {
        method: 'OPTIONS',
        headers: { Origin, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'x-auth-token' },
      }
      console.log(JSON.stringify([
        fields(await app.request('/hello', preflight)),
        fields(await app.request('/hello', { headers: { Origin } })),
      ]))
      process.exit()
    `
    writeFileSync(join(project, 'cors-asked.mjs'), script)
    const { stdout } = await run(process.execPath, ['cors-asked.mjs'], {
      cwd: project,
      env: { ...process.env, ONEZONE_URL: onezone.url },
    })
    expect(JSON.parse(stdout)).toEqual([
      [204, 'https://app.example.org', 'X-Auth-Token,Content-Type'],
      [401, 'https://app.example.org', 'WWW-Authenticate,Retry-After'],
    ])
  })

  test('the sample of the client creates a token and revokes it', async () => {
    const onezone = await startOnezone()
    const { token } = onezone.createNamedToken({ subject: ALICE, name: 'mine' })
    await run(process.execPath, [scriptOf('tokens.ts')], {
      cwd: project,
      env: { ...process.env, ONEZONE_URL: onezone.url, MY_TOKEN: token },
    })
    const client = createOnezoneClient({ url: onezone.url, credentials: { token } })
    onTestFinished(() => client.close())
    expect(await client.getNamedTokenOfCurrentUserByName('build')).toMatchObject({ revoked: true })
  })
})

async function freePort(): Promise<number> {
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
