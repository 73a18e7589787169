import { createVerdictMemory } from '../../src/verification/verdict-memory.ts'
import type { Clock } from '../../src/clock.ts'
import { systemClock } from '../../src/clock.ts'
import type { FamilyRecord } from '../../src/revocation/index.ts'
import { createFamilyLedger, createOnezoneTime } from '../../src/revocation/index.ts'
import type { Token } from '../../src/token/index.ts'
import { createLessons } from '../../src/verification/lessons.ts'
import { createVerdictGate } from '../../src/verification/verdict-gate.ts'
import { createVerificationBudget } from '../../src/verification/verification-budget.ts'
import type { VerificationRequest, Verifier } from '../../src/verifier/index.ts'

/** The bound that is the product's default. */
export const MAX_STALENESS_MS = 10_000

export interface VerdictModelOptions {
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** @default Math.random */
  readonly random?: (() => number) | undefined
  /** @default 50_000, as in the product */
  readonly maxEntries?: number | undefined
}

/** The product's verdict model, assembled as `createVerification` does, in front of any verifier. */
export function withVerdictModel(inner: Verifier, options: VerdictModelOptions = {}): Verifier {
  const { clock = systemClock, random = Math.random, maxEntries = 50_000 } = options
  const bounds = {
    maxStalenessMs: MAX_STALENESS_MS,
    negativeTtlMs: 2_000,
    staleIfErrorMs: 0,
    maxTokens: maxEntries,
    maxFamilies: maxEntries,
    maxRefusals: 10_000,
    maxStrangers: 10_000,
    clock,
  }
  const ignore = (): void => {}
  const memory = createVerdictMemory<FamilyRecord>({ ...bounds, onEviction: ignore })
  const ledger = createFamilyLedger({ ...bounds, onEviction: ignore, onDeath: ignore })
  const onezoneTime = createOnezoneTime(clock)
  const knowledge = { ...bounds, memory, ledger, onezoneTime }
  return createVerdictGate(inner, {
    ...knowledge,
    lessons: createLessons({ ...knowledge, random }),
    clockSkewMs: 5_000,
    budget: createVerificationBudget({}, clock),
  })
}

/** The request that a REST route for access tokens makes of a token. */
export function requestOf(token: Token, peerIp: string): VerificationRequest {
  return {
    token,
    kind: 'access',
    peerIp,
    interface: 'rest',
    consumerToken: null,
    allowDataAccessCaveats: false,
    inviteType: null,
    clientAddress: peerIp,
  }
}
