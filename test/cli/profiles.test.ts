import { chmod, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { loadConfig } from '../../src/config/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { mint } from '../helpers/tokens.ts'
import { runDispatch, type Outcome } from './run-dispatch.ts'

async function setUp() {
  const onezone = await startOnezone()
  const { token } = onezone.createNamedToken({ subject: ALICE, name: 'at the shell' })
  const home = await directoryWith({ 'me.token': token })
  const env = { HOME: home }
  const run = (line: string, more: object = {}, input = ''): Promise<Outcome> =>
    runDispatch(line.split(' '), { env: { ...env, ...more }, input })
  return { onezone, token, home, run, file: join(home, '.config/onegate/profiles.yaml') }
}

test('after a login no token command needs flags, and the credential is for its owner only', async () => {
  const { onezone, token, home, run, file } = await setUp()
  const login = await run(`login --onezone-url ${onezone.url} --auth-file ${home}/me.token`)
  expect(login).toEqual({
    code: 0,
    stdout: `logged in at ${onezone.url} as user alice: profile default, stored in ${file}\n`,
    stderr: '',
  })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await readFile(file, 'utf8')).includes(token)).toBe(true)
  expect(await run('token generation --json')).toMatchObject({
    code: 0,
    stdout: '{"generation":1}\n',
  })
  expect((await run('token list')).stdout).toContain('at the shell')
  expect(await run('token verify', {}, token)).toMatchObject({ code: 0 })
})

test('a credential that Onezone does not take is not stored', async () => {
  const { onezone, run, file } = await setUp()
  const refused = await run(`login --onezone-url ${onezone.url}`, {}, mint({ subject: ALICE }))
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain('onegate login: Onezone refused')
  await expect(stat(file)).rejects.toThrow('ENOENT')
})

test('several profiles stand beside each other; flag, variable and the latest login choose', async () => {
  const { onezone, token, run } = await setUp()
  const other = await startOnezone()
  const { token: bobs } = other.createNamedToken({
    subject: { type: 'user', id: 'bob' },
    name: 'of bob',
  })
  await run(`login --onezone-url ${onezone.url}`, {}, token)
  await run(`login --onezone-url ${other.url} --profile staging`, {}, bobs)
  const who = async (line: string, more: object = {}): Promise<string> =>
    (await run(`token generation${line}`, more)).stdout
  expect(await who('')).toContain('user bob')
  expect(await who(' --profile default')).toContain('user alice')
  expect(await who('', { ONEGATE_PROFILE: 'default' })).toContain('user alice')
  expect(await who(' --profile staging', { ONEGATE_PROFILE: 'default' })).toContain('user bob')
  const unknown = await run('token generation --profile nowhere')
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
  expect(unknown.stderr).toContain('there are default, staging')
})

test('a stored credential gets to no Onezone but its own', async () => {
  const { onezone, token, run } = await setUp()
  const other = await startOnezone()
  await run(`login --onezone-url ${onezone.url}`, {}, token)
  for (const [line, env] of [
    [`token list --onezone-url ${other.url}`, {}],
    ['token list', { ONEGATE_ONEZONE_URL: other.url }],
  ] as const) {
    const refused = await run(line, env)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('the stored credential is for another Onezone')
  }
  expect(Object.values(other.calls()).reduce((sum, count) => sum + count, 0)).toBe(0)
})

test('the environment stands in for flags, and is no mistake of a gateway that has it too', async () => {
  const { onezone, home, run } = await setUp()
  const env = { ONEGATE_ONEZONE_URL: onezone.url, ONEGATE_AUTH_FILE: join(home, 'me.token') }
  expect(await run('token generation --json', env)).toMatchObject({ stdout: '{"generation":1}\n' })
  const config = await loadConfig({
    env: { ...env, ONEGATE_PROFILE: 'x', ONEGATE_UPSTREAM: 'http://127.0.0.1:3000' },
  })
  expect(config.verifier.url).toBe(onezone.url)
})

test('a file that others can read is not used, nor one that makes no sense', async () => {
  const { onezone, token, run, file } = await setUp()
  await run(`login --onezone-url ${onezone.url}`, {}, token)
  await chmod(file, 0o644)
  const open = await run('token list')
  expect(open).toMatchObject({ code: 1, stdout: '' })
  expect(open.stderr).toContain('chmod 600')
  const home = await directoryWith({})
  const odd = await runDispatch(['token', 'list'], { env: { HOME: home } })
  expect(odd).toMatchObject({ code: 2, stdout: '' })
  expect(odd.stderr).toContain('onegate login')
})
