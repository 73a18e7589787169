import { expect, test } from 'vitest'

import { directoryWith } from '../config/config-directory.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { runDispatch, type Outcome } from './run-dispatch.ts'

/** The one line of JSON on standard error. */
function errorIn({ stdout, stderr }: Outcome): Record<string, unknown> {
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  return (JSON.parse(stderr) as { error: Record<string, unknown> }).error
}

test('who asked for JSON gets failures as JSON: usage, a no of Onezone, no answer, a configuration', async () => {
  const onezone = await startOnezone()
  const { token } = onezone.createNamedToken({ subject: ALICE, name: 'at the shell' })
  const directory = await directoryWith({ me: token, 'bad.yaml': 'routes: 7\n' })
  const access = ['--auth-file', `${directory}/me`, '--json']

  const usage = await runDispatch(['token', 'list', '--state', 'x', '--json'])
  expect(usage.code).toBe(2)
  expect(errorIn(usage)).toMatchObject({
    code: 'usage',
    exitCode: 2,
    hint: 'Try: onegate token list --help',
  })
  const refused = await runDispatch([
    'token',
    'list',
    '--all',
    '--onezone-url',
    onezone.url,
    ...access,
  ])
  expect(refused.code).toBe(1)
  expect(errorIn(refused)).toMatchObject({
    code: 'failure',
    onezone: { status: 403, id: 'forbidden' },
  })
  const nobody = await runDispatch([
    'token',
    'list',
    '--onezone-url',
    'http://127.0.0.1:1',
    ...access,
  ])
  expect(nobody.code).toBe(3)
  expect(errorIn(nobody)).toMatchObject({ code: 'unknown', exitCode: 3 })
  const config = await runDispatch(['serve', '--config', `${directory}/bad.yaml`, '--json'])
  expect(config.code).toBe(78)
  const { code, problems } = errorIn(config)
  expect(code).toBe('config')
  expect(problems).toContainEqual(expect.objectContaining({ path: 'routes', line: 1 }))
  const inspect = await runDispatch(['token', 'inspect', '--json'], { input: 'MDAxnonsense' })
  expect(errorIn(inspect)).toMatchObject({ code: 'failure', exitCode: 1 })
})

test('former names still work, and say the new one', async () => {
  const onezone = await startOnezone()
  const { token } = onezone.createNamedToken({ subject: ALICE, name: 'at the shell' })
  const directory = await directoryWith({ me: token })
  const access = ['--onezone-url', onezone.url, '--auth-file', `${directory}/me`]
  for (const [old, now] of [
    ['tokens list', 'onegate token list'],
    ['tokens generation', 'onegate token generation'],
    ['tokens revoke-all --yes', 'onegate token revoke --all-temporary'],
    ['tokens delete-all --yes', 'onegate token delete --all'],
  ] as const) {
    const { code, stdout, stderr } = await runDispatch([...old.split(' '), ...access])
    expect(code, old).toBe(0)
    expect(stdout, old).not.toBe('')
    expect(stderr, old).toContain(`is called "${now}" now`)
  }
})

test('help COMMAND is the help of that command', async () => {
  for (const command of ['serve', 'token list', 'completion', 'tokens list']) {
    const asked = await runDispatch(['help', ...command.split(' ')])
    const now = command.replace('tokens', 'token')
    expect(asked).toEqual(await runDispatch([...now.split(' '), '--help']))
  }
  expect(await runDispatch(['help'])).toEqual(await runDispatch(['--help']))
  const unknown = await runDispatch(['help', 'srve'])
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
  expect(unknown.stderr).toContain('did you mean "serve"?')
})

test('the prompt names how many are lost, of whom, and at which Onezone', async () => {
  const onezone = await startOnezone()
  const admin = onezone.createNamedToken({ subject: { type: 'user', id: 'admin' }, name: 'shell' })
  for (const name of ['one', 'two', 'three']) onezone.createNamedToken({ subject: ALICE, name })
  const directory = await directoryWith({ me: admin.token })
  const access = ['--onezone-url', onezone.url, '--auth-file', `${directory}/me`]
  const asked = await runDispatch(['token', 'delete', '--all', '--user', 'alice', ...access], {
    answers: true,
    input: 'no\n',
  })
  expect(asked.code).toBe(1)
  expect(asked.stderr).toContain(
    `All 3 named tokens of user alice will be gone for good, with whatever was confined from them, at ${onezone.url}.`,
  )
  expect(onezone.calls().deleteNamedTokens).toBe(0)
  const both = await runDispatch(['token', 'delete', '--all', '--name', 'one', '--yes', ...access])
  expect(both).toMatchObject({ code: 2, stdout: '' })
})
