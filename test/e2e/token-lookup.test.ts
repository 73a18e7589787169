import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { TokenLookupClient } from '../../src/token-lookup/index.ts'
import { createTokenLookupClient } from '../../src/token-lookup/index.ts'
import type { OnegateProcess } from '../cli/onegate-process.ts'
import { runOnegate, startOnegate } from '../cli/onegate-process.ts'

// Real processes: the stand-in, and the same gateway binary as before Onezone, told by its configuration whom to ask.

const SCOPES = ['files.read', 'files.write']

// A machine under load needs seconds to start a process.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

describe('a gateway before a token look-up API', () => {
  const processes: OnegateProcess[] = []
  const directory = mkdtempSync(join(tmpdir(), 'onegate-lookup-'))
  let lookup: { lookup: string; apiToken: string }
  let client: TokenLookupClient
  let gateway: { gateway: string; admin: string }
  let stranger: { gateway: string }

  async function serve(name: string, apiToken: string, upstream: string) {
    writeFileSync(join(directory, `${name}-secret`), `${apiToken}\n`)
    const file = join(directory, `${name}.yaml`)
    writeFileSync(
      file,
      `
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
verifier: { type: token-lookup, url: '${lookup.lookup}', apiTokenFile: ${name}-secret }
verdicts: { maxStalenessMs: 2500, negativeTtlMs: 100 }
routes:
  - { path: /public/**, token: none, upstream: '${upstream}' }
  - { path: /write/**, scopes: [files.read, files.write], upstream: '${upstream}' }
  - { path: /**, scopes: [files.read], upstream: '${upstream}' }
`,
    )
    const process = startOnegate(['serve', '--config', file, '--json'])
    processes.push(process)
    return process.ready<{ gateway: string; admin: string }>()
  }

  const seen: { url: string; headers: Record<string, unknown> }[] = []

  beforeAll(async () => {
    const upstream = await startUpstreamOfFile()
    const server = startOnegate(['lookup-server', '--listen', '127.0.0.1:0', '--control', '--json'])
    processes.push(server)
    lookup = await server.ready()
    client = createTokenLookupClient({ url: lookup.lookup, apiToken: lookup.apiToken })
    ;[gateway, stranger] = await Promise.all([
      serve('gateway', lookup.apiToken, upstream),
      serve('stranger', 'a-secret-that-nobody-has-given-out', upstream),
    ])
  })

  afterAll(async () => {
    await client.close()
    await Promise.all(processes.map((process) => process.stop()))
    rmSync(directory, { recursive: true })
  })

  /** An upstream that lives as long as this file's tests. */
  async function startUpstreamOfFile(): Promise<string> {
    const { createServer } = await import('node:http')
    const upstream = createServer((request, response) => {
      seen.push({ url: request.url ?? '', headers: request.headers })
      response.end('passed')
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    afterAll(() => void upstream.close())
    const { port } = upstream.address() as { port: number }
    return `http://127.0.0.1:${port}`
  }

  async function ask(token: string, path = '/files', by = gateway.gateway) {
    const response = await fetch(`${by}${path}`, { headers: { 'X-Auth-Token': token } })
    const text = await response.text()
    const { code } = response.ok ? { code: text } : (JSON.parse(text) as { code: string })
    return [response.status, code, response.headers.get('www-authenticate')] as const
  }

  /** Asks until the answer is this one: knowledge may be as old as the bound. */
  async function eventually(token: string, code: string): Promise<void> {
    const deadline = performance.now() + 20_000
    for (;;) {
      const [, answered] = await ask(token)
      if (answered === code) return
      if (performance.now() > deadline) throw new Error(`still ${answered}, not ${code}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async function createToken(scopes = SCOPES) {
    const { id, token } = await client.createToken({ name: 'of a test', scopes })
    if (id === null) throw new Error('the server told no id')
    return { id, token }
  }

  const lookUps = async (): Promise<number> => {
    const calls = await (await fetch(`${lookup.lookup}/control/calls`)).json()
    return (calls as Record<string, number>)['getTokenMetadataBySecret'] ?? 0
  }

  test('lets a token pass with its identity and scopes, on one look-up for many requests and all routes', async () => {
    const { id, token } = await createToken()
    const before = await lookUps()
    expect(await ask(token)).toEqual([200, 'passed', null])
    for (let turn = 0; turn < 10; turn++) {
      expect(await ask(token, '/write/x')).toEqual([200, 'passed', null])
    }
    expect(await lookUps()).toBeLessThan(before + 10)
    const { url, headers } = seen.at(-1) ?? { url: '', headers: {} }
    expect(url).toBe('/write/x')
    expect(headers).toMatchObject({
      'x-onedata-subject-type': 'user',
      'x-onedata-subject-id': 'admin',
      'x-onedata-token-id': id,
      'x-onedata-token-type': 'access',
      'x-onedata-token-expires': '',
      'x-onedata-scopes': SCOPES.join(' '),
    })
    expect(JSON.stringify(seen)).not.toContain(token)
  })

  test('refuses a token without the scopes of the route, and names them', async () => {
    const { token } = await createToken(['files.read'])
    expect(await ask(token)).toEqual([200, 'passed', null])
    const passed = seen.length
    const [status, code, challenge] = await ask(token, '/write/x')
    expect([status, code]).toEqual([403, 'scope_missing'])
    expect(challenge).toMatch(/error="insufficient_scope".*, scope="files\.read files\.write"$/)
    expect(seen).toHaveLength(passed)
  })

  test('a scope that is taken away is missing within the bound', async () => {
    const { id, token } = await createToken()
    expect(await ask(token)).toEqual([200, 'passed', null])
    await client.updateToken(id, { scopes: [] })
    await eventually(token, 'scope_missing')
  })

  test('refuses a revoked token within the bound, and lets it pass again when it is restored', async () => {
    const { id, token } = await createToken()
    expect(await ask(token)).toEqual([200, 'passed', null])
    await client.updateToken(id, { revoked: true })
    await eventually(token, 'token_revoked')
    await client.updateToken(id, { revoked: false })
    await eventually(token, 'passed')
    await client.deleteToken(id)
    await eventually(token, 'token_invalid')
  })

  test('refuses an expired token, an unknown one and what is no token', async () => {
    const { token } = await client.createToken({
      name: 'short',
      scopes: SCOPES,
      expiresIn: { value: 1 },
    })
    await eventually(token, 'token_expired')
    expect((await ask('nobody-knows-this')).slice(0, 2)).toEqual([401, 'token_invalid'])
    expect((await ask('a b')).slice(0, 2)).toEqual([401, 'token_malformed'])
    expect((await ask('')).slice(0, 2)).toEqual([401, 'credentials_missing'])
    expect(await ask('', '/public/x')).toEqual([200, 'passed', null])
  })

  test('a wrong Api-Token of its own is the fault of the gateway, whatever the token', async () => {
    const { token } = await createToken()
    for (const presented of [token, 'nobody-knows-this']) {
      const answer = await ask(presented, '/files', stranger.gateway)
      expect(answer).toEqual([503, 'gateway_misconfigured', null])
    }
    const log = processes.at(-1)?.stderr() ?? ''
    expect(log).toContain('verifier.apiTokenFile')
    for (const secret of [token, 'a-secret-that-nobody-has-given-out']) {
      expect(log).not.toContain(secret)
    }
  })

  test('an API that is down refuses nobody: 503 for new tokens, and then they pass', async () => {
    const { token } = await createToken()
    const control = `${lookup.lookup}/control/fault`
    const fault = JSON.stringify({ kind: 'status', status: 500 })
    expect((await fetch(control, { method: 'PUT', body: fault })).status).toBe(204)
    expect((await ask(token)).slice(0, 2)).toEqual([503, 'verifier_unavailable'])
    await fetch(control, { method: 'PUT', body: 'null' })
    await eventually(token, 'passed')
  })

  test('counts look-ups under their own name', async () => {
    const text = await (await fetch(`${gateway.admin}/metrics`)).text()
    expect(text).toMatch(
      /^onegate_token_lookup_requests_total\{operation="getTokenMetadataBySecret",outcome="ok"\} \d+$/m,
    )
    expect(text).toMatch(/onegate_verdicts_total\{.*source="token-lookup"\}/)
    expect(text).not.toContain('onegate_onezone_requests_total')
  })

  test('takes back what is known of a token by its id on record', async () => {
    const { id, token } = await createToken()
    expect(await ask(token)).toEqual([200, 'passed', null])
    const response = await fetch(`${gateway.admin}/invalidate`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ tokenId: id }),
    })
    expect(await response.json()).toMatchObject({ families: 1, tokens: 1 })
    const before = await lookUps()
    expect(await ask(token)).toEqual([200, 'passed', null])
    expect(await lookUps()).toBeGreaterThan(before)
  })

  test('onegate token explain and onegate check speak of it', async () => {
    const { token } = await createToken(['files.read'])
    const file = join(directory, 'gateway.yaml')
    const args = ['token', 'explain', '--config', file, '--path', '/write/x']
    const explained = await runOnegate(args, { input: token })
    expect(explained.code).toBe(1)
    expect(explained.stdout).toContain('denied: 403 scope_missing (by: token-lookup)')
    const checked = await runOnegate(['check', '--config', file])
    expect(checked.stdout).toContain(`token-lookup     ${lookup.lookup}`)
    expect(explained.stdout + checked.stdout).not.toContain(token)
    expect(checked.stdout).not.toContain(lookup.apiToken)
  })
})
