import type { Clock } from '../../src/clock.ts'
import type { Caveat } from '../../src/token/index.ts'
import { caveatHolds, verifySignature } from '../../src/token/index.ts'
import type { Verdict, VerificationRequest, Verifier } from '../../src/verifier/index.ts'
import { accept, refuse } from '../../src/verifier/index.ts'

/** What signs every good token of the in-process experiments. */
export const SECRET = 'the-secret-of-the-bench'

export const DOMAIN = 'onezone.example.org'

export interface ScriptedOnezoneOptions {
  readonly clock: Clock
  /** What passes between a question and its answer. @default nothing */
  readonly latency?: (() => Promise<void>) | undefined
}

/** Onezone as a function: signature, then caveats in their order. */
export interface ScriptedOnezone extends Verifier {
  /** How often it was asked. */
  readonly calls: number
}

/** Makes a Onezone without a network, for experiments about what happens in front of it. */
export function createScriptedOnezone({ clock, latency }: ScriptedOnezoneOptions): ScriptedOnezone {
  let calls = 0
  return {
    get calls() {
      return calls
    },
    async verify(request) {
      calls += 1
      const askedAtMs = clock.monotonic()
      await latency?.()
      return { verdict: judge(request, clock.now(), askedAtMs), source: 'onezone' }
    },
    close: async () => {},
  }
}

/** What Onezone says at that moment. */
function judge(request: VerificationRequest, nowMs: number, askedAtMs: number): Verdict {
  const { token } = request
  if (!verifySignature(token, SECRET)) return refuse('token_invalid', askedAtMs)
  const failed = failedCaveat(request, nowMs)
  if (failed !== undefined) return refuse('caveat_unverified', askedAtMs, failed.type ?? 'scope')
  const { subject, validUntil } = token
  const ttlSeconds = validUntil === null ? null : validUntil - Math.floor(nowMs / 1000)
  return accept({ subject, ttlSeconds, askedAtMs })
}

export function failedCaveat(request: VerificationRequest, nowMs: number): Caveat | undefined {
  const { token, peerIp, interface: door } = request
  const context = { nowSeconds: Math.floor(nowMs / 1000), peerIp, interface: door }
  return token.caveats.find((caveat) => caveatHolds(caveat, context) !== true)
}
