import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DevOnezone } from '../../src/dev/index.ts'
import { connectedVerification, createDevOnezone } from '../../src/dev/index.ts'
import { onedataAuth } from '../../src/index.ts'

const alice = { type: 'user', id: 'alice' } as const
const bob = { type: 'user', id: 'bob' } as const

/** An app under test whose verdicts would be kept for five minutes. */
async function start() {
  const onezone = await createDevOnezone({ control: true })
  const verification = connectedVerification(onezone, { verdicts: { maxStalenessMs: 300_000 } })
  onTestFinished(async () => {
    await verification.close()
    await onezone.close()
  })
  const app = new Hono()
    .use(onedataAuth({ verification }))
    .get('/', (c) => c.text(c.var.onedata.subject.id ?? ''))
  const status = async (token: string) =>
    (await app.request('/', { headers: { 'X-Auth-Token': token } })).status
  return { onezone, status }
}

describe('an app under test knows at once', () => {
  const named = (onezone: DevOnezone) => onezone.createNamedToken({ subject: alice, name: 'token' })

  test('that temporary tokens were revoked', async () => {
    const { onezone, status } = await start()
    const token = onezone.createTemporaryToken({ subject: alice })
    expect(await status(token)).toBe(200)
    onezone.revokeTemporaryTokens(alice)
    expect(await status(token)).toBe(401)
    expect(await status(onezone.createTemporaryToken({ subject: alice }))).toBe(200)
  })

  test('that a named token was revoked, is good again, and was deleted', async () => {
    const { onezone, status } = await start()
    const { token, tokenId } = named(onezone)
    expect(await status(token)).toBe(200)
    onezone.setNamedTokenRevoked(tokenId, true)
    expect(await status(token)).toBe(401)
    onezone.setNamedTokenRevoked(tokenId, false)
    expect(await status(token)).toBe(200)
    onezone.deleteNamedToken(tokenId)
    expect(await status(token)).toBe(401)
  })

  test('that a user was blocked and unblocked, or is gone with the world', async () => {
    const { onezone, status } = await start()
    const { token } = named(onezone)
    expect(await status(token)).toBe(200)
    onezone.setUserBlocked('alice', true)
    expect(await status(token)).not.toBe(200)
    onezone.setUserBlocked('alice', false)
    expect(await status(token)).toBe(200)
    onezone.setWorld({ users: { alice: {} } })
    expect(await status(token)).toBe(401)
  })

  test('what was revoked over HTTP', async () => {
    const { onezone, status } = await start()
    const token = onezone.createTemporaryToken({ subject: alice })
    expect(await status(token)).toBe(200)
    const own = `${onezone.url}/api/v3/onezone/user/tokens/temporary`
    expect(
      (await fetch(own, { method: 'DELETE', headers: { 'X-Auth-Token': token } })).status,
    ).toBe(204)
    expect(await status(token)).toBe(401)
  })

  test('what time it is, however far that is from the time of this machine', async () => {
    const { onezone, status } = await start()
    onezone.setClock(1_000_000_000)
    const token = onezone.createTemporaryToken({ subject: alice, validForSeconds: 60 })
    expect(await status(token)).toBe(200)
    onezone.setClock(1_000_000_059)
    expect(await status(token)).toBe(200)
    onezone.setClock(1_000_000_060)
    expect(await status(token)).toBe(401)
    onezone.setClock(1_000_000_000)
    expect(await status(token)).toBe(200)
  })
})

test('what ends no token costs no question', async () => {
  const { onezone, status } = await start()
  const token = onezone.createTemporaryToken({ subject: alice })
  expect(await status(token)).toBe(200)
  const { tokenId } = onezone.createNamedToken({ subject: bob, name: 'token' })
  onezone.createTemporaryToken({ subject: bob })
  onezone.setNamedTokenRevoked(tokenId, false)
  expect(await status(token)).toBe(200)
  expect(onezone.calls().verifyAccessToken).toBe(1)
})

test('who removes its listener hears no more', async () => {
  const { onezone } = await start()
  let heard = 0
  const remove = onezone.onTokenFate(() => heard++)
  onezone.revokeTemporaryTokens(alice)
  expect(heard).toBe(1)
  remove()
  onezone.revokeTemporaryTokens(alice)
  expect(heard).toBe(1)
})
