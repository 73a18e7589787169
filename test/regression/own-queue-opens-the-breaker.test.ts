import { expect, test } from 'vitest'

import { OnezoneFaultError } from '../../src/errors.ts'
import { withBreaker } from '../../src/verifier/circuit-breaker.ts'
import { createOnezoneVerifier } from '../../src/verifier/onezone-verifier.ts'
import type { BreakerState } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import {
  answer,
  clientOf,
  GRANT,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'
import { tokenOf } from '../helpers/tokens.ts'

// 330 forged tokens at once, and a Onezone that takes 650 ms: what waited too long in our own queue counted as a fault
// of Onezone's. The breaker opened, and every new user got 503.

const OURS = { code: 'ERR_ONEZONE_OVERLOADED' }

test('R-V16 a call that spent its time in our own queue is no fault of the server', async () => {
  const server = await scriptedOnezone(() => {}) // never answers
  const client = clientOf(server.url, { maxConnections: 1, maxQueued: 5, totalTimeoutMs: 300 })
  const ask = (token: string) => rejectionOf(client.verifyAccessToken({ token, peerIp: null }))
  const outcomes = await Promise.all(['a', 'b', 'c'].map(ask))
  expect(outcomes[0]).toMatchObject({ code: 'ERR_ONEZONE_TIMEOUT' })
  expect(outcomes.slice(1)).toEqual([expect.objectContaining(OURS), expect.objectContaining(OURS)])
})

test('R-V16 nor is one whose turn came when most of its time was over', async () => {
  const server = await scriptedOnezone((socket, count) => {
    if (count === 1) setTimeout(() => socket.write(answer(200, GRANT)), 250)
  })
  const client = clientOf(server.url, { maxConnections: 1, maxQueued: 5, totalTimeoutMs: 400 })
  const first = client.verifyAccessToken({ token: 'a', peerIp: null })
  const second = rejectionOf(client.verifyAccessToken({ token: 'b', peerIp: null }))
  expect(await first).toMatchObject({ ok: true })
  expect(await second).toMatchObject(OURS)
  expect(server.requests).toHaveLength(2)
})

test('R-V16 a flood that fills the queue opens no breaker, and new users have their turn', async () => {
  const server = await scriptedOnezone((socket, _count, { body }) => {
    const good = body.includes('GOOD')
    setTimeout(() => socket.write(good ? answer(200, GRANT) : answer(400, INVALID)), 800)
  })
  const client = clientOf(server.url, { maxConnections: 4, maxQueued: 32, totalTimeoutMs: 4_000 })
  const states: BreakerState[] = []
  const verifier = withBreaker(createOnezoneVerifier({ client }), {
    clock: createFakeClock(),
    random: () => 0.5,
    onChange: (state) => void states.push(state),
  })
  const ask = (clientAddress: string, id: string) =>
    verifier.verify({
      token: { ...tokenOf({ id }), serialized: id },
      kind: 'access',
      peerIp: null,
      interface: 'rest',
      consumerToken: null,
      allowDataAccessCaveats: false,
      inviteType: null,
      clientAddress,
    })
  const flood = Array.from({ length: 100 }, async (_, index) => ask('10.9.9.9', `bad${index}`))
  const floods = Promise.allSettled(flood)
  const users = await Promise.all(
    [1, 2, 3].map(async (index) => ask(`10.0.0.${index}`, `GOOD${index}`)),
  )
  expect(users.map(({ verdict }) => verdict.outcome)).toEqual(['accepted', 'accepted', 'accepted'])
  const refused = (await floods).filter(({ status }) => status === 'rejected')
  expect(refused.length).toBeGreaterThan(60)
  for (const each of refused) {
    const { cause } = (each as PromiseRejectedResult).reason as Error
    expect(cause).toBeInstanceOf(OnezoneFaultError)
    expect(cause).toMatchObject(OURS)
  }
  expect(states).toEqual([])
})

const INVALID = { error: { id: 'tokenInvalid', details: {}, description: 'no' } }
