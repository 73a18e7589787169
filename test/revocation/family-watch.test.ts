import { describe, expect, onTestFinished, test, vi } from 'vitest'

import { confineToken } from '../../src/token/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { createFakeTime } from '../helpers/fake-time.ts'
import { sendJson, startHttpServer } from '../helpers/http-server.ts'
import { ALICE } from '../helpers/onezone.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { startWatched } from './watched-onezone.ts'

const BOB = { type: 'user', id: 'bob' } as const

describe('a revocation', () => {
  test('of all temporary tokens is seen within about one interval, not only after the bound', async () => {
    const { onezone, ask, passUsing, untilRefused } = await startWatched()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const other = onezone.createTemporaryToken({ subject: BOB })
    expect([await ask(token), await ask(other)]).toEqual(['accepted', 'accepted'])
    await passUsing(3_000, token, other)
    onezone.revokeTemporaryTokens(ALICE)
    onezone.resetCalls()
    expect(await untilRefused(token)).toBeLessThanOrEqual(2_500)
    expect(await ask(token)).toBe('token_revoked')
    expect(onezone.calls().verifyAccessToken).toBe(0)
    expect(await ask(other)).toBe('accepted')
  })

  test('holds for every token that was made from the revoked ones, seen before or not', async () => {
    const { onezone, ask, passUsing, untilRefused } = await startWatched()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const confined = confineToken(token, [{ type: 'interface', interface: 'rest' }])
    const unseen = confineToken(token, [{ type: 'ip', whitelist: ['10.0.0.0/8'] }])
    expect([await ask(token), await ask(confined)]).toEqual(['accepted', 'accepted'])
    await passUsing(2_000, token)
    onezone.revokeTemporaryTokens(ALICE)
    await untilRefused(token)
    onezone.resetCalls()
    expect([await ask(confined), await ask(unseen)]).toEqual(['token_revoked', 'token_revoked'])
    expect(onezone.calls().verifyAccessToken).toBe(0)
    const renewed = onezone.createTemporaryToken({ subject: ALICE })
    expect(await ask(renewed)).toBe('accepted')
  })

  test('of a named token is seen within about one interval', async () => {
    const { onezone, ask, passUsing, untilRefused } = await startWatched()
    const { token, tokenId } = onezone.createNamedToken({ subject: ALICE, name: 'one' })
    const sibling = onezone.createNamedToken({ subject: ALICE, name: 'two' }).token
    expect([await ask(token), await ask(sibling)]).toEqual(['accepted', 'accepted'])
    await passUsing(3_000, token, sibling)
    onezone.setNamedTokenRevoked(tokenId, true)
    onezone.resetCalls()
    expect(await untilRefused(token)).toBeLessThanOrEqual(2_500)
    expect(await ask(token)).toBe('token_revoked')
    expect(onezone.calls().verifyAccessToken).toBe(0)
    expect(await ask(sibling)).toBe('accepted')
  })

  test('by deleting a named token is seen just as soon', async () => {
    const { onezone, ask, passUsing, untilRefused } = await startWatched()
    const { token, tokenId } = onezone.createNamedToken({ subject: ALICE, name: 'one' })
    await ask(token)
    await passUsing(3_000, token)
    onezone.deleteNamedToken(tokenId)
    expect(await untilRefused(token)).toBeLessThanOrEqual(2_500)
    expect(await ask(token)).toBe('token_invalid')
  })

  test('that is taken back is forgotten within the negative TTL', async () => {
    const { onezone, ask, passUsing, untilRefused, time } = await startWatched()
    const { token, tokenId } = onezone.createNamedToken({ subject: ALICE, name: 'one' })
    await ask(token)
    for (let round = 0; round < 3; round++) {
      onezone.setNamedTokenRevoked(tokenId, true)
      await untilRefused(token)
      await passUsing(5_000, token)
      expect(await ask(token)).toBe('token_revoked')
      onezone.setNamedTokenRevoked(tokenId, false)
      await time.pass(2_000)
      expect(await ask(token)).toBe('accepted')
      await passUsing(5_000, token)
      expect(await ask(token)).toBe('accepted')
    }
  })

  test('is seen when the family is asked about anew where there is no watch token', async () => {
    const { onezone, ask, passUsing, untilRefused, verification, reads, log, time } =
      await startWatched({ watch: undefined })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await ask(token)
    await passUsing(3_000, token)
    onezone.revokeTemporaryTokens(ALICE)
    const tookMs = await untilRefused(token)
    expect(tookMs).toBeGreaterThan(2_500)
    expect(tookMs).toBeLessThanOrEqual(10_000)
    expect([reads(), time.timers, verification.watchState]).toEqual([0, 0, 'off'])
    expect(log).toEqual([
      [
        'info',
        { watch: 'off', maxStalenessMs: 10_000 },
        'no watch token: revocations are seen within 10000 ms',
      ],
    ])
  })

  test('of the user is not for the watch to see, and is seen as before', async () => {
    const { onezone, ask, passUsing, untilRefused } = await startWatched()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await ask(token)
    await passUsing(3_000, token)
    onezone.setUserBlocked('alice', true)
    expect(await untilRefused(token)).toBeLessThanOrEqual(10_000)
    expect(await ask(token)).toBe('user_blocked')
  })
})

describe('what is read', () => {
  test('is one generation per subject and one status per named token in use, however many tokens there are', async () => {
    const { onezone, ask, passUsing, reads } = await startWatched()
    const used: string[] = []
    for (const subject of [ALICE, BOB]) {
      const token = onezone.createTemporaryToken({ subject })
      used.push(token, onezone.createTemporaryToken({ subject, validForSeconds: 7_200 }))
      for (let host = 1; host <= 5; host++) {
        used.push(confineToken(token, [{ type: 'ip', whitelist: [`10.0.0.1`, `10.0.1.${host}`] }]))
      }
      for (const name of ['one', 'two', 'six']) {
        const named = onezone.createNamedToken({ subject, name }).token
        used.push(named, confineToken(named, [{ type: 'interface', interface: 'rest' }]))
      }
    }
    for (const token of used) expect(await ask(token)).toBe('accepted')
    await passUsing(4_000, ...used)
    onezone.resetCalls()
    await passUsing(10_000, ...used)
    const { getTemporaryTokenGeneration, getNamedTokenStatus } = onezone.calls()
    expect([getTemporaryTokenGeneration, getNamedTokenStatus]).toEqual([2 * 5, 6 * 5])
    await passUsing(2_000)
    const readsMeanwhile = reads()
    await passUsing(60_000)
    expect(reads()).toBe(readsMeanwhile)
  })

  test('is nothing on behalf of tokens that Onezone did not accept', async () => {
    const { onezone, ask, passUsing, reads } = await startWatched()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const named = onezone.createNamedToken({ subject: BOB, name: 'one', revoked: true }).token
    const forged = confineToken(token, []).slice(0, -4) + 'AAAA'
    for (const each of [forged, named]) expect(await ask(each)).not.toBe('accepted')
    await passUsing(10_000, forged, named)
    expect(reads()).toBe(0)
  })
})

describe('where Onezone does not answer', () => {
  test('readings wait for no verification, and verifications for no reading', async () => {
    let begun = 0
    const { url } = await startHttpServer((request, response) => {
      if (request.method === 'GET') begun += 1
      else sendJson(response, 200, { subject: ALICE, ttl: null })
    })
    const verification = createVerification({
      onezone: { url, maxConnections: 1, maxQueued: 1, totalTimeoutMs: 60_000 },
      verdicts: { maxStalenessMs: 60_000 },
      watch: { token: 'watch-token', intervalMs: 250 },
    })
    onTestFinished(() => verification.close())
    const verify = async (id: string) =>
      verification.verifier.verify({
        token: tokenOf({ id }),
        kind: 'access',
        peerIp: null,
        interface: null,
        consumerToken: null,
        allowDataAccessCaveats: false,
        inviteType: null,
      })
    for (let i = 0; i < 12; i++) await verify(`tok${i}`)
    await vi.waitFor(async () => {
      for (let i = 0; i < 12; i++) await verify(`tok${i}`)
      expect(begun).toBe(8) // none is answered: no ninth begins
    }, 20_000)
    expect((await verify('another')).verdict.outcome).toBe('accepted')
  })

  test('close does not wait for readings that are under way, and none follows', async () => {
    const time = createFakeTime()
    const { onezone, ask, verification, outcomes, reads } = await startWatched({
      clock: time.clock,
      schedule: time.schedule,
      onezone: { totalTimeoutMs: 60_000 },
      verdicts: { maxStalenessMs: 60_000 },
      watch: { token: 'watch-token', intervalMs: 250 },
    })
    onezone.setFaults([
      { operation: 'getTemporaryTokenGeneration', kind: 'hang' },
      { operation: 'getNamedTokenStatus', kind: 'hang' },
    ])
    // The embedded Onezone goes by the clock that stands still.
    const { token } = onezone.createNamedToken({ subject: ALICE, name: 'one' })
    await vi.waitFor(async () => {
      await ask(token)
      await time.pass(250)
      expect(reads()).toBe(1)
    }, 20_000)
    await verification.close()
    await time.pass(60_000)
    expect([reads(), ...outcomes]).toEqual([1])
  })
})
