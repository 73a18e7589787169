import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import type { Explanation } from '../../src/gateway/index.ts'
import { parseToken } from '../../src/token/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { mint } from '../helpers/tokens.ts'
import { runDispatch } from './run-dispatch.ts'

const configOf = (onezoneUrl: string) => `
onezone: { url: "${onezoneUrl}" }
routes:
  - { id: public, path: /public/**, token: none, upstream: "http://127.0.0.1:9" }
  - { id: data, path: /data/**, caveats: { data: delegate }, upstream: "http://127.0.0.1:9" }
  - { id: hosted, path: /api/**, hosts: [hosted.test], upstream: "http://127.0.0.1:9" }
  - { id: api, path: /api/**, upstream: "http://127.0.0.1:9" }
`

async function startRig() {
  const onezone = await startOnezone()
  const directory = await directoryWith({ 'onegate.yaml': configOf(onezone.url) })
  const config = join(directory, 'onegate.yaml')
  return {
    onezone,
    config,
    explain: (input: string, ...args: string[]) =>
      runDispatch(['token', 'explain', '--config', config, '--path', '/api', ...args], { input }),
    explainAt: async (path: string, input: string, ...args: string[]) => {
      const common = ['token', 'explain', '--config', config, '--path', path, '--json']
      const ending = await runDispatch([...common, ...args], { input })
      return { ...ending, explanation: JSON.parse(ending.stdout) as Explanation }
    },
  }
}

describe('onegate token explain', () => {
  test('says for people what the gateway would do, and why', async () => {
    const { onezone, explain } = await startRig()
    const caveats = [{ type: 'ip', whitelist: ['192.0.2.0/24'] }] as const
    const { token, tokenId } = onezone.createNamedToken({ subject: ALICE, name: 'token', caveats })
    const { code, stdout, stderr } = await explain(token, '--peer-ip', '192.0.2.7')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.replaceAll(/-?\d+\.\d s/g, 'N s'))
      .toBe(`decision       granted, as user alice (by: onezone)
request        GET /api, from 192.0.2.7
route          api (/api/**), access token, interface rest
credentials    token, in X-Auth-Token
token          ${parseToken(token).fingerprint}, access, named
subject        user alice
expires        never
family         named token ${tokenId}
caveats        ip: judged here: holds, reads peerIp
proven         yes: the verifier has accepted this very token
remembered by  the token
known          the family was alive N s ago, to be refreshed in N s
               verdict: accepted, N s old
`)
    expect(onezone.calls().verifyAccessToken).toBe(1)
  })

  test('--json prints the explanation as one line', async () => {
    const { onezone, explainAt } = await startRig()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const { code, stdout, explanation } = await explainAt('/api/x', token, '--method', 'PUT')
    expect([code, stdout.split('\n')]).toEqual([0, [expect.any(String), '']])
    expect(explanation).toMatchObject({
      request: { method: 'PUT', path: '/api/x' },
      route: { id: 'api' },
      decision: { outcome: 'granted', source: 'onezone', subject: ALICE },
    })
  })

  test('--host finds routes for one host', async () => {
    const { onezone, explainAt } = await startRig()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const { explanation } = await explainAt('/api/x', token, '--host', 'Hosted.test:8080')
    expect(explanation).toMatchObject({
      request: { host: 'Hosted.test:8080' },
      route: { id: 'hosted', hosts: ['hosted.test'] },
    })
  })

  test('a refusal is exit code 1, with the code and the caveat', async () => {
    const { onezone, explain } = await startRig()
    const caveats = [{ type: 'ip', whitelist: ['192.0.2.0/24'] }] as const
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const { code, stdout } = await explain(token, '--peer-ip', '10.0.0.1')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^decision +denied: 401 caveat_unverified, caveat ip \(by: local\)\. /)
    expect(stdout).toMatch(/ip: judged here: does not hold, reads peerIp\n/)
    expect(onezone.calls().verifyAccessToken).toBe(0)
  })

  test('finds the route as the gateway would', async () => {
    const { onezone, explainAt } = await startRig()
    const caveats = [{ type: 'data.readonly' }] as const
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const rows = []
    for (const path of ['/public/x', '/data/x', '/api', '/apis', '/api/%2e%2e/public']) {
      const { code, explanation } = await explainAt(path, token)
      rows.push([path, code, explanation.route?.id ?? null, explanation.decision.code])
    }
    expect(rows).toEqual([
      ['/public/x', 0, 'public', null],
      ['/data/x', 0, 'data', null],
      ['/api', 1, 'api', 'caveat_not_enforced'],
      ['/apis', 1, null, 'route_not_found'],
      ['/api/%2e%2e/public', 1, null, 'request_invalid'],
    ])
  })

  test("--interface stands in for the route's", async () => {
    const { onezone, explain } = await startRig()
    const caveats = [{ type: 'interface', interface: 'oneclient' }] as const
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    expect((await explain(token)).code).toBe(1)
    expect((await explain(token, '--interface', 'oneclient')).code).toBe(0)
  })

  test('that nobody could say is exit code 3', async () => {
    const broken = await startHttpServer((_, response) => response.writeHead(500).end())
    const directory = await directoryWith({ 'c.yaml': configOf(broken.url) })
    const args = ['token', 'explain', '--config', join(directory, 'c.yaml'), '--path', '/api']
    const { code, stdout } = await runDispatch(args, { input: mint() })
    expect(code).toBe(3)
    expect(stdout).toContain('denied: 503 verifier_unavailable')
  })

  test('a bad configuration is exit code 78, with every problem', async () => {
    const directory = await directoryWith({ 'c.yaml': 'onezone: {}\nroutes: []\nlissten: x\n' })
    const args = ['token', 'explain', '--config', join(directory, 'c.yaml')]
    const { code, stdout, stderr } = await runDispatch(args, { input: mint() })
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toContain('onezone.url')
    expect(stderr).toContain('lissten')
    expect(stderr).not.toContain('MDA')
  })

  test.each([
    [[], '--config FILE is missing'],
    [['--config', 'x', '--peer-ip', 'localhost'], '--peer-ip must be an IP address'],
    [['--config', 'x', '--interface', 'soap'], '--interface must be one of rest'],
    [['--config', 'x', mint()], 'takes no token on the command line'],
  ])('%j is a mistake in usage', async (args, message) => {
    const { code, stdout, stderr } = await runDispatch(['token', 'explain', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain(mint())
  })

  test('no part of the token is printed, whatever happens', async () => {
    const { onezone, explain, config } = await startRig()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const file = join(await directoryWith({ token }), 'token')
    const endings = await Promise.all([
      explain(token),
      explain(token, '--json'),
      explain(`${token}x`, '--json'),
      explain(mint({ secret: 'wrong' }), '--json'),
      runDispatch(['token', 'explain', '--config', config, '--token-file', file]),
      runDispatch(['token', 'explain', '--config', config, '--token-file', token]),
    ])
    for (const { stdout, stderr } of endings) {
      for (const part of [token.slice(0, 40), token.slice(-40)]) {
        expect(stdout + stderr).not.toContain(part)
      }
    }
  })

  test('the decision is in colour on a terminal', async () => {
    const { onezone, config } = await startRig()
    const args = ['token', 'explain', '--config', config, '--path', '/api']
    const good = onezone.createTemporaryToken({ subject: ALICE })
    const granted = await runDispatch(args, { input: good, isTTY: true })
    expect(granted.stdout.split(/ +/)[0]).toBe('\u001b[32mdecision')
    const denied = await runDispatch(args, { input: mint(), isTTY: true })
    expect(denied.stdout.split(/ +/)[0]).toBe('\u001b[31mdecision')
  })

  test('a stranger cannot command the terminal by a token', async () => {
    const { explain } = await startRig()
    const input = mint({ id: 'x\u001b[2Jtok', subject: { type: 'user', id: 'a\u0007' } })
    const { stdout } = await explain(input)
    expect(stdout).toContain('\\u001b[2J')
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })
})
