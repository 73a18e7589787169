import { expect, test } from 'vitest'

import { appendCaveats, parseToken } from '../../src/token/index.ts'
import { runDispatch } from '../cli/run-dispatch.ts'
import { directoryWith } from '../config/config-directory.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { withOneCharacterChanged } from '../helpers/tokens.ts'

async function setUp() {
  const onezone = await startOnezone()
  const admin = onezone.createNamedToken({ subject: { type: 'user', id: 'admin' }, name: 'shell' })
  const victim = onezone.createNamedToken({ subject: ALICE, name: 'important' })
  const directory = await directoryWith({ me: admin.token })
  const run = (verb: string, input: string, ...flags: string[]) =>
    runDispatch(
      `token ${verb} --token-file - --onezone-url ${onezone.url} --auth-file ${directory}/me`
        .split(' ')
        .concat(flags),
      { input },
    )
  return { onezone, victim, run }
}

// Whoever reports a "leaked token" to an administrator chose which token was deleted: the id was read from the text.
test.each(['delete', 'revoke', 'restore', 'rename'])(
  'token %s does nothing to the token whose id a forged text bears',
  async (verb) => {
    const { onezone, victim, run } = await setUp()
    const forged = withOneCharacterChanged(victim.token)
    expect(parseToken(forged).id).toBe(parseToken(victim.token).id)
    const flags = verb === 'rename' ? ['--to', 'other'] : []
    const { code, stdout, stderr } = await run(verb, forged, ...flags)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('its signature does not fit the named token whose id it bears')
    const { modifyNamedToken, deleteNamedToken } = onezone.calls()
    expect([modifyNamedToken, deleteNamedToken]).toEqual([0, 0])
  },
)

test('the token itself, one confined from it, and one that is revoked are known', async () => {
  const { onezone, victim, run } = await setUp()
  const confined = appendCaveats(victim.token, ['time < 1', 'ip = 10.0.0.0/8'])
  expect(await run('revoke', confined)).toMatchObject({ code: 0 })
  expect(await run('restore', victim.token)).toMatchObject({ code: 0 })
  expect(await run('revoke', victim.token)).toMatchObject({ code: 0 })
  expect(await run('delete', confined)).toMatchObject({ code: 0 })
  expect(onezone.calls().deleteNamedToken).toBe(1)
})
