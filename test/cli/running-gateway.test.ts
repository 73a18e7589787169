import { expect, test } from 'vitest'

import type { Explanation } from '../../src/gateway/index.ts'
import type { State } from '../../src/state/index.ts'
import { ADMIN_TOKEN, startAdminRig } from '../admin/admin-rig.ts'
import { directoryWith } from '../config/config-directory.ts'
import { startOnegate } from './onegate-process.ts'
import { runDispatch, type Outcome } from './run-dispatch.ts'

async function setUp(adminToken?: string) {
  const rig = await startAdminRig(adminToken === undefined ? {} : { adminToken })
  const run = (line: string, options: Parameters<typeof runDispatch>[1] = {}): Promise<Outcome> =>
    runDispatch([...line.split(' '), '--admin', rig.gateway.adminUrl], options)
  return { ...rig, run }
}

test('status says how a gateway is, in words and as JSON', async () => {
  const { run, use, token, onezone } = await setUp()
  await use(token)
  const well = await run('status')
  expect(well).toMatchObject({ code: 0, stderr: '' })
  expect(well.stdout).toMatch(/^onegate \S+: all is well\n/)
  expect(well.stdout).toMatch(/^ +verifier +answers +breaker closed/m)
  expect(well.stdout).toMatch(/^verdicts +1 granted, 0 refused, 0 faults$/m)
  expect(well.stdout).toMatch(/^staleness +at most \d+\.\d s of 10\.0 s allowed, 0 violations$/m)
  const state = JSON.parse((await run('status --json')).stdout) as State
  expect(state.verdicts.granted).toBe(1)

  onezone.setFaults([{ operation: '*', kind: 'reset' }])
  const other = onezone.createTemporaryToken({ subject: { type: 'user', id: 'bob' } })
  expect(await use(other)).toBe(503)
  await expect.poll(async () => (await run('status')).code).toBe(1)
  expect((await run('status')).stdout).toMatch(/: in trouble\n[^]*✗ +verifier +does not answer/)
})

test('invalidate counts, asks, and does it; without a terminal it wants --yes', async () => {
  const { run, use, token, audit } = await setUp()
  await use(token)
  expect(await run('invalidate --user alice')).toMatchObject({ code: 2, stdout: '' })
  expect(await run('invalidate --user alice --dry-run --json')).toMatchObject({
    code: 0,
    stdout: '{"families":1,"tokens":1,"dryRun":true}\n',
  })
  const asked = await run('invalidate --user alice', { answers: true, input: 'no\n' })
  expect(asked.code).toBe(1)
  expect(asked.stderr).toMatch(
    /^1 family and 1 token will be asked about anew before they pass, at http/,
  )
  expect(audit().every(({ facts }) => facts['dryRun'] === true)).toBe(true)
  expect(await run('invalidate --user alice --yes')).toEqual({
    code: 0,
    stdout: 'invalidated 1 family and 1 token\n',
    stderr: '',
  })
  expect(audit().at(-1)?.facts).toMatchObject({ dryRun: false, families: 1 })
  for (const flags of ['', ' --user a --all']) {
    expect(await run(`invalidate${flags} --yes`)).toMatchObject({ code: 2, stdout: '' })
  }
})

test('explain asks the gateway, and never prints the token', async () => {
  const { run, token, verifyCalls } = await setUp()
  const undecided = await run('explain --path /api', { input: token })
  expect(undecided.code).toBe(3)
  expect(verifyCalls()).toBe(0)
  const granted = await run('explain --path /api --ask', { input: token })
  expect(granted).toMatchObject({ code: 0, stderr: '' })
  expect(granted.stdout).toMatch(/^decision +granted, as user alice/)
  const json = await run('explain --path /nowhere --json', { input: token })
  expect((JSON.parse(json.stdout) as Explanation).decision.code).toBe('route_not_found')
  for (const { stdout, stderr } of [undecided, granted, json]) {
    expect(stdout + stderr).not.toContain(token.slice(-40))
  }
})

test('refusals are listed, chosen by whose they are, and followed', async () => {
  const { run, use, gateway, onezone } = await setUp()
  expect(await run('refusals')).toMatchObject({ code: 0, stderr: 'nothing was refused of late\n' })
  await use('nonsense')
  const listed = await run('refusals')
  expect(listed.stdout).toMatch(/401 +token_malformed +1× +api +GET \/api/)
  expect(JSON.parse((await run('refusals --json')).stdout)).toMatchObject({ status: 401 })
  expect((await run('refusals --subject bob')).stdout).toBe('')

  const following = startOnegate(['refusals', '--follow', '--json', '--admin', gateway.adminUrl])
  await following.ready()
  const expired = onezone.createTemporaryToken({ subject: { type: 'user', id: 'bob' } })
  onezone.revokeTemporaryTokens({ type: 'user', id: 'bob' })
  expect(await use(expired)).toBe(401)
  await following.printed('token_revoked')
  const { code, stdout } = await following.stop()
  expect(code).toBe(0)
  expect(stdout.trimEnd().split('\n')).toHaveLength(2)
})

test('an admin token is read from a file; without it the gateway says what it wants', async () => {
  const { run } = await setUp(ADMIN_TOKEN)
  const directory = await directoryWith({ secret: `${ADMIN_TOKEN}\n` })
  const refused = await run('status')
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain('Send the admin token')
  expect(await run(`status --admin-token-file ${directory}/secret`)).toMatchObject({ code: 0 })
  const env = { ONEGATE_ADMIN_TOKEN_FILE: `${directory}/secret` }
  expect(await run('status', { env })).toMatchObject({ code: 0 })
})

test('where no gateway answers, exit code 3 says so', async () => {
  const outcome = await runDispatch(['status', '--admin', 'http://127.0.0.1:1'])
  expect(outcome).toMatchObject({ code: 3, stdout: '' })
  expect(outcome.stderr).toContain('no gateway answers at http://127.0.0.1:1')
  expect(await runDispatch(['status', '--admin', 'nonsense'])).toMatchObject({ code: 2 })
})
