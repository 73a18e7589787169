import type { Clock } from '../../src/clock.ts'
import type { Caveat, Token } from '../../src/token/index.ts'
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
  /** Accepts everything: for experiments with good tokens only, about something else. @default false */
  readonly blind?: boolean | undefined
}

/** Onezone as a function: signature, then caveats in their order. */
export interface ScriptedOnezone extends Verifier {
  /** How often it was asked. */
  readonly calls: number
}

/** Makes a Onezone without a network, for experiments about what happens in front of it. */
export function createScriptedOnezone(options: ScriptedOnezoneOptions): ScriptedOnezone {
  const { clock, latency, blind = false } = options
  let calls = 0
  return {
    get calls() {
      return calls
    },
    async verify(request) {
      calls += 1
      const askedAtMs = clock.monotonic()
      if (latency !== undefined) await latency()
      const verdict = blind
        ? accepted(request, clock.now(), askedAtMs)
        : judge(request, clock.now(), askedAtMs)
      return { verdict, source: 'onezone' }
    },
    close: async () => {},
  }
}

/** What Onezone says at that moment. */
export function judge(request: VerificationRequest, nowMs: number, askedAtMs: number): Verdict {
  const { token } = request
  if (!verifySignature(token, SECRET)) return refuse('token_invalid', askedAtMs)
  const failed = failedCaveat(request, nowMs)
  if (failed !== undefined) return refuse('caveat_unverified', askedAtMs, failed.type ?? 'scope')
  return accepted(request, nowMs, askedAtMs)
}

function accepted({ token }: VerificationRequest, nowMs: number, askedAtMs: number): Verdict {
  return accept({ subject: token.subject, ttlSeconds: ttlOf(token, nowMs), askedAtMs })
}

export function failedCaveat(request: VerificationRequest, nowMs: number): Caveat | undefined {
  const { token, peerIp, interface: door } = request
  const context = { nowSeconds: Math.floor(nowMs / 1000), peerIp, interface: door }
  return token.caveats.find((caveat) => caveatHolds(caveat, context) !== true)
}

function ttlOf({ validUntil }: Token, nowMs: number): number | null {
  return validUntil === null ? null : validUntil - Math.floor(nowMs / 1000)
}
