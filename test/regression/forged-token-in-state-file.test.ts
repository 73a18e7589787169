import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { causeOf, errorOf, P, start } from '../dev-onezone/start.ts'
import { ALICE } from '../helpers/onezone.ts'
import { mint } from '../helpers/tokens.ts'

// Anybody may present a token of anybody: each made a secret that was kept, and one of them was refused at the next
// start.

async function setUp() {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-state-'))
  const stateFile = join(directory, 'state.json')
  const { onezone, send, sendAs } = await start({ stateFile })
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const forge = (id: string, generation = 1) =>
    mint({ persistence: 'temporary', generation, subject: { type: 'user', id } })
  const verify = (token: string) => send(`${P}/tokens/verify_access_token`, { body: { token } })
  return { onezone, stateFile, send, sendAs, forge, verify, content: () => readFileSync(stateFile) }
}

test('a forged token of a subject that does not exist leaves the state file as it is', async () => {
  const { onezone, stateFile, send, forge, verify, content } = await setUp()
  const before = content()
  for (const id of ['', 'ghost', 'nobody', '..', '🦀']) {
    expect(errorOf(await verify(forge(id)))).toEqual({ id: 'tokenInvalid' })
    expect(errorOf(await verify(forge(id, 0)))).toEqual({ id: 'tokenRevoked' })
    const asCaller = await send(`${P}/health`, { headers: { 'X-Auth-Token': forge(id) } })
    expect(causeOf(asCaller)).toBe('tokenInvalid')
  }
  expect(content()).toEqual(before)
  await onezone.close()
  await (await createDevOnezone({ stateFile })).close()
})

test('a subject that exists still gets its secret on first sight, and keeps it', async () => {
  const { onezone, stateFile, forge, verify } = await setUp()
  expect(errorOf(await verify(forge('alice')))).toEqual({ id: 'tokenInvalid' })
  const token = onezone.createTemporaryToken({ subject: ALICE })
  await onezone.close()
  const again = await start({ stateFile })
  const verified = await again.send(`${P}/tokens/verify_access_token`, { body: { token } })
  expect(verified.json).toMatchObject({ subject: ALICE })
})

test('a generation that was asked for counts on when it is revoked, whether or not there is a subject', async () => {
  const { onezone, stateFile, sendAs, forge, verify } = await setUp()
  const ghost = { type: 'user', id: 'ghost' } as const
  const path = `${P}/users/ghost/tokens/temporary`
  expect((await sendAs(ghost)(path)).json).toEqual({ generation: 1 })
  expect((await sendAs(ghost)(path, { method: 'DELETE' })).status).toBe(204)
  expect((await sendAs(ghost)(path)).json).toEqual({ generation: 2 })
  expect(errorOf(await verify(forge('ghost')))).toEqual({ id: 'tokenRevoked' })
  await onezone.close()
  const again = await start({ stateFile })
  expect((await again.sendAs(ghost)(path)).json).toEqual({ generation: 2 })
})
