import { inspect } from 'node:util'

import { describe, expect, onTestFinished, test } from 'vitest'

import { systemClock } from '../../src/clock.ts'
import { VerifierFaultError } from '../../src/errors.ts'
import type { Subject } from '../../src/token/index.ts'
import type { Backend, Question, RefusalReason } from '../../src/verifier/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'

/** What a server of a backend can be made to do to every request. */
export type Trouble =
  'reset' | 'hang' | 'garbage' | 'redirect' | 'server error' | 'too large' | 'too many requests'

/** A real server, and the backend that asks it. */
export interface ContractRig {
  readonly backend: Backend
  /** A token that is good for an hour, and for whom. */
  readonly good: { readonly token: string; readonly subject: Subject }
  /** The same, and what revokes it. */
  readonly revocable: { readonly token: string; readonly revoke: () => void }
  /** Tokens that are refused, each with its reason. */
  readonly refused: readonly (readonly [reason: RefusalReason, token: string])[]
  /** A backend that asks the same server with a credential of its own that is no good. */
  readonly misconfigured: () => Backend
  /** Lets it happen to every request from now on. */
  trouble(trouble: Trouble): void
  /** The server is gone. */
  stop(): Promise<void>
  /** Questions that reached the server. */
  asked(): number
}

/** The options that the suite needs of a backend's client. */
export const CONTRACT_TIMEOUT_MS = 1_500

/** What every backend must do, whoever it asks: the suite runs against the real server of each. */
export function describeVerifierContract(name: string, start: () => Promise<ContractRig>): void {
  async function setUp() {
    const rig = await start()
    onTestFinished(() => rig.backend.close())
    const verify = async (text: string, by: Backend = rig.backend) =>
      by.verify(questionAbout(by, text))
    const faultOf = async (text: string, by?: Backend): Promise<VerifierFaultError> => {
      const fault: unknown = await verify(text, by).catch((error: unknown) => error)
      expect(fault).toBeInstanceOf(VerifierFaultError)
      expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain(text)
      return fault as VerifierFaultError
    }
    return { rig, verify, faultOf }
  }

  describe(`the backend ${name}`, () => {
    test('reads what may be a token, gives it a name that tells nothing, and refuses what cannot be one', async () => {
      const { rig } = await setUp()
      const { readToken } = rig.backend.traits
      const [token, again] = [readToken(rig.good.token), readToken(rig.good.token)]
      if (typeof token === 'string' || typeof again === 'string') throw new Error('unreadable')
      expect(token.serialized).toBe(rig.good.token)
      expect(token.digest).toMatch(/^[\w-]{43}$/)
      expect(token.fingerprint).toBe(Buffer.from(token.digest, 'base64url').toString('hex', 0, 6))
      expect([again.digest, again.fingerprint]).toEqual([token.digest, token.fingerprint])
      expect(JSON.stringify({ ...token, serialized: '' })).not.toContain(rig.good.token)
      expect(readToken('')).toBe('token_malformed')
      expect(readToken('no token\nat all')).toBe('token_malformed')
      expect(readToken('a'.repeat(2 * 1024 * 1024))).toBe('token_too_large')
    })

    test('accepts a good token, for its subject, as of the moment of the question', async () => {
      const { rig, verify } = await setUp()
      const before = systemClock.monotonic()
      const { verdict, source } = await verify(rig.good.token)
      if (!isAccepted(verdict)) throw new Error(`refused: ${verdict.reason}`)
      expect(verdict.subject).toEqual(rig.good.subject)
      expect(verdict.askedAtMs).toBeGreaterThanOrEqual(before)
      expect(verdict.askedAtMs).toBeLessThanOrEqual(systemClock.monotonic())
      expect(verdict.ttlSeconds).toBeGreaterThan(3_000)
      expect(verdict.ttlSeconds).toBeLessThanOrEqual(3_600)
      expect(source).toBe(rig.backend.traits.backend)
      expect(verdict.record !== null).toBe(rig.backend.traits.statesScopes)
      expect(rig.asked()).toBe(1)
    })

    test('remembers nothing: each question reaches the server', async () => {
      const { rig, verify } = await setUp()
      const { token, revoke } = rig.revocable
      expect((await verify(token)).verdict.outcome).toBe('accepted')
      revoke()
      expect((await verify(token)).verdict).toMatchObject({ reason: 'token_revoked' })
      expect(rig.asked()).toBe(2)
    })

    test('a refusal is a value, with its reason', async () => {
      const { rig, verify } = await setUp()
      expect(rig.refused.length).toBeGreaterThan(0)
      for (const [reason, token] of rig.refused) {
        const { verdict } = await verify(token)
        expect(verdict, reason).toMatchObject({ outcome: 'refused', reason })
        expect(isAccepted(verdict)).toBe(false)
        expect(inspect(verdict, { showHidden: true })).not.toContain(token)
      }
    })

    test.each<Trouble>([
      'reset',
      'hang',
      'garbage',
      'redirect',
      'server error',
      'too large',
      'too many requests',
    ])('a server in trouble (%s) is a fault, never a verdict', async (trouble) => {
      const { rig, faultOf } = await setUp()
      rig.trouble(trouble)
      for (const token of [rig.good.token, rig.refused[0]?.[1] ?? '']) {
        expect(await faultOf(token)).toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
      }
    })

    test('how long to wait is passed on', async () => {
      const { rig, faultOf } = await setUp()
      rig.trouble('too many requests')
      expect(await faultOf(rig.good.token)).toMatchObject({ retryAfterSeconds: 7 })
    })

    test('a server that is gone is a fault', async () => {
      const { rig, faultOf } = await setUp()
      await rig.stop()
      expect(await faultOf(rig.good.token)).toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
    })

    test('a bad credential of our own is our misconfiguration, for good tokens and bad ones', async () => {
      const { rig, faultOf } = await setUp()
      const backend = rig.misconfigured()
      onTestFinished(() => backend.close())
      for (const token of [rig.good.token, rig.refused[0]?.[1] ?? '']) {
        expect(await faultOf(token, backend)).toMatchObject({ code: 'ERR_GATEWAY_MISCONFIGURED' })
      }
    })

    test('closes twice, and then answers nobody', async () => {
      const { rig, faultOf } = await setUp()
      await rig.backend.close()
      await rig.backend.close()
      await faultOf(rig.good.token)
      expect(rig.asked()).toBe(0)
    })

    test('says how long a question may take, and keeps to it', async () => {
      const { rig, faultOf } = await setUp()
      expect(rig.backend.totalTimeoutMs).toBe(CONTRACT_TIMEOUT_MS)
      rig.trouble('hang')
      const fault = await faultOf(rig.good.token)
      expect(fault.cause).toMatchObject({ reason: 'TIMEOUT' })
    })
  })
}

/** What a door asks for an access token. */
export function questionAbout(backend: Backend, text: string): Question {
  const token = backend.traits.readToken(text)
  if (typeof token === 'string') throw new Error(`no token: ${token}`)
  return {
    token,
    kind: 'access',
    peerIp: '192.0.2.1',
    interface: 'rest',
    consumerToken: null,
    allowDataAccessCaveats: false,
    inviteType: null,
  }
}
