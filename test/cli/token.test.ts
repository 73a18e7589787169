import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { examineToken, parseToken } from '../../src/token/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { mint, tokenOf } from '../helpers/tokens.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { runOnegate } from './onegate-process.ts'
import { runDispatch } from './run-dispatch.ts'

const ALICE = { type: 'user', id: 'alice' } as const

describe('onegate token inspect', () => {
  const parts = {
    generation: 3,
    persistence: 'temporary',
    caveats: [
      { type: 'time', validUntil: 4_000_000_000 },
      { type: 'ip', whitelist: ['10.0.0.0/8', '192.0.2.1/32'] },
      { type: 'data.path', whitelist: ['L3NwYWNlL2Rpcg=='] },
    ],
  } as const

  test('shows a token from standard input in words', async () => {
    const { code, stdout, stderr } = await runOnegate(['token', 'inspect'], {
      input: `\n${mint(parts)}\n`,
      env: { TZ: 'UTC' },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.replace(/in \d+ years/g, 'in N years')).toBe(`kind         access
subject      user alice
id           tok1
persistence  temporary, generation 3
family       all temporary tokens of user alice, generation 3; revoked together
Onezone      onezone.example.org (not signed)
fingerprint  ${tokenOf(parts).fingerprint}
expires      2096-10-02 07:06:40 +00:00, in N years
caveats      time: before 2096-10-02 07:06:40 +00:00, in N years
             ip: only from 10.0.0.0/8 or 192.0.2.1/32
             data.path: only below "/space/dir"
`)
  })

  test('--json prints what Onezone would answer, and the fingerprint', async () => {
    const file = join(await directoryWith({ token: mint(parts) }), 'token')
    const { code, stdout } = await runDispatch(['token', 'inspect', '--token-file', file, '--json'])
    expect(code).toBe(0)
    const { fingerprint } = tokenOf(parts)
    expect(JSON.parse(stdout)).toEqual({ ...examineToken(tokenOf(parts)), fingerprint })
  })

  test('a stranger cannot command the terminal by a token', async () => {
    const input = mint({ id: 'x\u001b[2J\u202etok', subject: { type: 'user', id: 'a\u0007' } })
    const { stdout } = await runDispatch(['token', 'inspect'], { input })
    expect(stdout).toContain('x\\u001b[2J')
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
  })

  test.each([
    ['no token', 'MDAxnotatoken', 1],
    ['nothing', '', 1],
  ])('%s is refused', async (_, input, expected) => {
    const { code, stdout, stderr } = await runDispatch(['token', 'inspect'], { input })
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
    expect(stderr).toMatch(/^onegate token inspect: .*token.*\n$/)
    expect(stderr).not.toContain('MDAxnot')
  })

  test('a token as argument is refused with the reason', async () => {
    const { code, stderr } = await runDispatch(['token', 'inspect', mint()])
    expect(code).toBe(2)
    expect(stderr).toContain('takes no token on the command line')
    expect(stderr).not.toContain(mint())
  })

  test('a token as the name of a file is not repeated', async () => {
    const { code, stderr } = await runDispatch(['token', 'inspect', '--token-file', mint()])
    expect(code).toBe(1)
    expect(stderr).not.toContain('MDA')
  })
})

describe('onegate token confine', () => {
  test('adds caveats from text, JSON and flags, and prints the token alone', async () => {
    const before = Math.floor(Date.now() / 1000)
    const json = '{"type":"asn","whitelist":[64512]}'
    const args = ['token', 'confine', '--caveat', 'time < 1735689600', '--caveat-json', json]
    args.push('--expires-in', '1h', '--ip', '10.0.0.0/8', '--ip', '192.0.2.1')
    args.push('--interface', 'rest', '--readonly')
    const { code, stdout, stderr } = await runDispatch(args, { input: mint() })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(parseToken(stdout.trimEnd()).caveats).toEqual([
      { type: 'time', validUntil: 1_735_689_600 },
      { type: 'asn', whitelist: [64_512] },
      { type: 'time', validUntil: expect.toSatisfy((at: number) => at - before - 3600 < 20) },
      { type: 'ip', whitelist: ['10.0.0.0/8', '192.0.2.1/32'] },
      { type: 'interface', interface: 'rest' },
      { type: 'data.readonly' },
    ])
  })

  test.each([
    [['--caveat', 'tme < 1'], '--caveat is not understood'],
    [['--caveat-json', '{'], '--caveat-json is no JSON'],
    [['--caveat-json', '{"type":"ip","whitelist":[]}'], '--caveat-json is no caveat of the API'],
    [['--expires-in', '1w'], '--expires-in must be a number and a unit'],
    [['--expires-in', '0s'], '--expires-in must be a number and a unit'],
    [['--ip', '10.0.0.0/33'], '--ip must be an IPv4 address or range'],
    [['--interface', 'soap'], '--interface must be rest, oneclient or graphsync'],
    [[], 'there is no caveat to add'],
  ])('%j is a mistake in usage', async (args, message) => {
    const ending = await runDispatch(['token', 'confine', ...args], { input: mint() })
    expect(ending).toMatchObject({ code: 2, stdout: '' })
    expect(ending.stderr).toContain(`onegate token confine: ${message}`)
  })
})

describe('onegate token verify', () => {
  test('answers what Onezone says, in its exit code too', async () => {
    const onezone = await createDevOnezone()
    onTestFinished(() => onezone.close())
    const access = onezone.createTemporaryToken({ subject: ALICE })
    const caveats = [
      { type: 'ip', whitelist: ['192.0.2.1/32'] },
      { type: 'interface', interface: 'rest' },
    ] as const
    const confined = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const identity = onezone.createNamedToken({
      subject: ALICE,
      name: 'id',
      type: { identityToken: {} },
    })
    const verify = (input: string, ...args: string[]) =>
      runDispatch(['token', 'verify', '--onezone-url', onezone.url, ...args], { input })

    const [good, confinedHere, confinedThere, named, wrongKind, json, forged] = await Promise.all([
      verify(access),
      verify(confined),
      verify(confined, '--peer-ip', '192.0.2.1', '--interface', 'rest'),
      verify(identity.token),
      verify(access, '--as', 'invite'),
      verify(access, '--json'),
      verify(mint()),
    ])
    expect(good).toMatchObject({ code: 0, stderr: '' })
    expect(good.stdout).toMatch(
      /^accepted: user alice, until \d{4}-.*, in \d+ (?:minutes|hours?)\n$/,
    )
    expect(confinedHere.code).toBe(1)
    expect(confinedHere.stdout).toMatch(
      /^refused: one of its caveats does not hold here \(tokenCaveatUnverified \{"caveat":\{"type":"ip"/,
    )
    expect(confinedThere.code).toBe(0)
    expect(named).toMatchObject({ code: 0, stdout: 'accepted: user alice, without end\n' })
    expect(wrongKind.code).toBe(1)
    expect(wrongKind.stdout).toMatch(/^refused: it is no invite token, .*\(notAnInviteToken/)
    expect(JSON.parse(json.stdout)).toEqual({ ok: true, subject: ALICE, ttl: expect.any(Number) })
    expect(forged).toMatchObject({
      code: 1,
      stdout:
        'refused: its signature does not fit: it was changed, is of another Onezone, or was deleted (tokenInvalid)\n',
      stderr: '',
    })
  })

  test('that nobody could say is exit code 3, never a refusal', async () => {
    const broken = await startHttpServer((_, response) => response.writeHead(500).end())
    const urls = [broken.url, 'http://127.0.0.1:1']
    const endings = await Promise.all(
      urls.map((url) => runDispatch(['token', 'verify', '--onezone-url', url], { input: mint() })),
    )
    for (const { code, stdout, stderr } of endings) {
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
      expect(stderr).toMatch(/^onegate token verify: nobody could say: /)
      expect(stderr).not.toContain('MDA')
    }
  })

  test('plain http to another machine is refused before a token is read', async () => {
    const args = ['token', 'verify', '--onezone-url', 'http://onezone.example.org']
    const { code, stdout, stderr } = await runDispatch(args, { input: mint() })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('--onezone-url')
  })
})
