import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runOnegate, startOnegate } from '../cli/onegate-process.ts'
import { directoryWith } from '../config/config-directory.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

/** How long a change at Onezone may take to be seen, under any load; the bound itself is 2.5 s. */
const PATIENCE_MS = 20_000

/** A Onezone, `onegate serve` in front of an upstream, and a shell in which alice types `onegate …`. */
async function setUp() {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const me = onezone.createNamedToken({ subject: ALICE, name: 'alice at the shell' })
  const directory = await directoryWith({
    'me.token': me.token,
    'onegate.yaml': `listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
onezone: { url: "${onezone.url}" }
routes: [{ path: /**, upstream: "${upstream.url}" }]
verdicts: { maxStalenessMs: 2500, negativeTtlMs: 100 }
`,
  })
  const serve = startOnegate(['serve', '--config', join(directory, 'onegate.yaml'), '--json'])
  onTestFinished(async () => void (await serve.stop()))
  const { gateway } = await serve.ready<{ gateway: string }>()

  const access = ['--onezone-url', onezone.url, '--auth-file', join(directory, 'me.token')]
  /** Runs a command with access to Onezone; it must work, and only commands that give out tokens may show one. */
  async function shell(line: string, input = ''): Promise<string> {
    const ending = await runOnegate([...line.split(' '), ...access], { input })
    expect(ending, line).toMatchObject({ code: 0 })
    expect(ending.stderr).not.toContain('MDA')
    return ending.stdout.trimEnd()
  }
  async function answerTo(token: string): Promise<[status: number, code: string | undefined]> {
    const response = await fetch(gateway, { headers: { 'X-Auth-Token': token } })
    const { code } = (await response.json()) as { code?: string }
    return [response.status, code]
  }
  const answerBecomes = (token: string, ...answer: [number, string?]) =>
    expect
      .poll(() => answerTo(token), { timeout: PATIENCE_MS, interval: 50 })
      .toEqual([answer[0], answer[1]])
  return { serve, shell, answerTo, answerBecomes, upstream }
}

test('a named token is created, confined, used, revoked, restored and deleted at the shell', async () => {
  const { serve, shell, answerTo, answerBecomes, upstream } = await setUp()
  const token = await shell('token create --name build --interface rest')
  const confining = ['token', 'confine', '--expires-in', '1h', '--ip', '127.0.0.0/8']
  const { stdout } = await runOnegate(confining, { input: token })
  const confined = stdout.trimEnd()
  expect(confined).not.toBe(token)
  expect(await answerTo(token)).toEqual([200, undefined])
  expect(await answerTo(confined)).toEqual([200, undefined])
  expect(upstream.seen[1]?.headers['x-onedata-subject-id']).toBe('alice')

  await shell('token revoke --name build')
  await answerBecomes(confined, 401, 'token_revoked')
  expect(await answerTo(token)).toEqual([401, 'token_revoked'])
  expect(await shell('token list')).toMatch(/^build +access +revoked /m)

  await shell('token restore --name build')
  await answerBecomes(confined, 200)
  await answerBecomes(token, 200)

  // The copy in hand names the token as well as its name does.
  await shell('token delete --token-file -', confined)
  await answerBecomes(confined, 401, 'token_invalid')
  await answerBecomes(token, 401, 'token_invalid')
  expect(await shell('token list')).not.toContain('build')

  const { code, stderr } = await serve.stop()
  expect(code).toBe(0)
  expect(stderr).not.toContain('MDA')
}, 180_000)

test('temporary tokens are created, used, and revoked all together at the shell', async () => {
  const { shell, answerTo, answerBecomes } = await setUp()
  expect(await shell('token generation --json')).toBe('{"generation":1}')
  const one = await shell('token create --temporary --expires-in 1h')
  const other = await shell('token create --temporary --expires-in 2h --ip 127.0.0.1')
  const named = await shell('token create --name stays')
  for (const token of [one, other, named]) expect(await answerTo(token)).toEqual([200, undefined])

  // Nobody is there who could say yes.
  const unasked = await runOnegate([
    'token',
    'revoke',
    '--all-temporary',
    '--auth-file',
    'x',
    '--json',
  ])
  expect(unasked).toMatchObject({ code: 2, stdout: '' })
  expect(await shell('token generation --json')).toBe('{"generation":1}')

  await shell('token revoke --all-temporary --yes')
  expect(await shell('token generation --json')).toBe('{"generation":2}')
  await answerBecomes(one, 401, 'token_revoked')
  await answerBecomes(other, 401, 'token_revoked')
  expect(await answerTo(named)).toEqual([200, undefined])

  const next = await shell('token create --temporary --expires-in 1h')
  expect(await answerTo(next)).toEqual([200, undefined])
  expect(await answerTo(one)).toEqual([401, 'token_revoked'])
}, 180_000)
