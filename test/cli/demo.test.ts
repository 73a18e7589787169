import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DemoFacts } from '../../src/cli/demo-guide.ts'
import { demoGuide } from '../../src/cli/demo-guide.ts'
import { withOneCharacterChanged } from '../helpers/tokens.ts'
import { runOnegate, startOnegate, type OnegateProcess } from './onegate-process.ts'
import { runDispatch } from './run-dispatch.ts'

const ANY_PORTS = ['--port', '0', '--admin-port', '0', '--onezone-port', '0']

describe('onegate demo --json', () => {
  let demo: OnegateProcess
  let facts: DemoFacts
  const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(facts.gateway + path, { headers })
  const calls = async (): Promise<Record<string, number>> =>
    (await fetch(`${facts.onezone}/control/calls`)).json() as Promise<Record<string, number>>

  beforeAll(async () => {
    demo = startOnegate(['demo', ...ANY_PORTS, '--json'])
    facts = await demo.ready<DemoFacts>()
  })
  afterAll(() => demo.stop())

  test('prints base URLs, tokens and the subject', () => {
    for (const url of [facts.gateway, facts.admin, facts.onezone]) {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    }
    expect(Object.keys(facts.tokens)).toEqual(['access', 'identity', 'invite', 'named'])
    expect(facts.subject).toEqual({ type: 'user', id: 'alice' })
  })

  test('a good token passes, and the upstream learns who it is', async () => {
    const response = await ask('/hello?a=b', { 'X-Auth-Token': facts.tokens.access })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      method: 'GET',
      path: '/hello?a=b',
      headers: { 'x-onedata-subject-type': 'user', 'x-onedata-subject-id': 'alice' },
    })
  })

  test('a second request with the same token asks nobody', async () => {
    const before = (await calls())['verifyAccessToken']
    expect((await ask('/', { 'X-Auth-Token': facts.tokens.access })).status).toBe(200)
    expect((await calls())['verifyAccessToken']).toBe(before)
  })

  test('without a token there is a bare challenge', async () => {
    const response = await ask('/hello')
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="onedata"')
    expect(await response.json()).toMatchObject({ code: 'credentials_missing' })
  })

  test('a token with one character changed is refused', async () => {
    const forged = withOneCharacterChanged(facts.tokens.access)
    const response = await ask('/hello', { 'X-Auth-Token': forged })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'token_invalid' })
  })

  test('there is a route for each kind of token, and a public one', async () => {
    const { access, identity, invite, named } = facts.tokens
    const status = async (path: string, token?: string): Promise<number> =>
      (await ask(path, token === undefined ? {} : { 'X-Auth-Token': token })).status
    expect(await status('/', named)).toBe(200)
    expect(await status('/identity/x', identity)).toBe(200)
    expect(await status('/invite', invite)).toBe(200)
    expect(await status('/public/x')).toBe(200)
    expect(await status('/', identity)).toBe(401)
    expect(await status('/identity/x', access)).toBe(401)
  })

  test('metrics are on the admin listener only', async () => {
    expect(await (await fetch(`${facts.admin}/metrics`)).text()).toContain('onegate_requests_total')
    expect((await ask('/metrics')).status).toBe(401)
  })

  test('after revoke-all the temporary token is refused within 10 s, the named one is not', async () => {
    const revoked = await fetch(`${facts.onezone}/api/v3/onezone/user/tokens/temporary`, {
      method: 'DELETE',
      headers: { 'X-Auth-Token': facts.tokens.named },
    })
    expect(revoked.status).toBe(204)
    const deadline = Date.now() + 10_500
    let response = await ask('/', { 'X-Auth-Token': facts.tokens.access })
    while (response.status === 200 && Date.now() < deadline) {
      await response.arrayBuffer()
      await new Promise((resolve) => setTimeout(resolve, 200))
      response = await ask('/', { 'X-Auth-Token': facts.tokens.access })
    }
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'token_revoked' })
    expect((await ask('/', { 'X-Auth-Token': facts.tokens.named })).status).toBe(200)
  })

  test('SIGTERM ends it with 0; one line was printed, and no token is on standard error', async () => {
    const { code, stdout, stderr } = await demo.stop()
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    for (const token of Object.values(facts.tokens)) expect(stderr).not.toContain(token)
    expect(stderr).not.toContain('MDA')
  })
})

test('a port in use is told with the flag that chooses it', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const table = [
    ['--port', '--admin-port', '--onezone-port'],
    ['--admin-port', '--port', '--onezone-port'],
    ['--onezone-port', '--port', '--admin-port'],
  ] as const
  const endings = await Promise.all(
    table.map(([taken, ...others]) =>
      runOnegate(['demo', taken, String(port), ...others.flatMap((flag) => [flag, '0'])]),
    ),
  )
  server.close()
  expect(endings).toEqual(
    table.map(([taken]) => ({
      code: 1,
      stdout: '',
      stderr: `onegate demo: cannot listen on 127.0.0.1:${port}: the port is in use; choose another with ${taken}\n`,
    })),
  )
})

test('a port that is none is a mistake in usage', async () => {
  const { code, stdout, stderr } = await runDispatch(['demo', '--port', '65536'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^onegate demo: --port must be a port from 0 \(any free one\) to 65535\n/)
})

test('the guide for people tells what passes, what is refused, how to revoke, and where metrics are', () => {
  const facts: DemoFacts = {
    gateway: 'http://gateway',
    admin: 'http://admin',
    onezone: 'http://onezone',
    tokens: { access: 'ACCESS', identity: 'IDENTITY', invite: 'INVITE', named: 'NAMED' },
    subject: { type: 'user', id: 'alice' },
  }
  const lines = demoGuide(facts, { style: (_, text) => text }).map((line) => line.trim())
  expect(lines).toEqual(
    expect.arrayContaining([
      'TOKEN=ACCESS',
      'curl -s http://gateway/hello -H "X-Auth-Token: $TOKEN"',
      'curl -si http://gateway/hello',
      'curl -s -X DELETE http://onezone/api/v3/onezone/user/tokens/temporary -H "X-Auth-Token: $NAMED"',
      'curl -s http://admin/metrics | grep ^onegate_',
    ]),
  )
})
