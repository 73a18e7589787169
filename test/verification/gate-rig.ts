import { createVerdictMemory } from '../../src/verification/verdict-memory.ts'
import type { VerdictMemory, VerdictStore } from '../../src/verification/verdict-memory.ts'
import type { Clock } from '../../src/clock.ts'
import { VerifierFaultError } from '../../src/errors.ts'
import type {
  DeathReason,
  FamilyLedger,
  FamilyRecord,
  OnezoneTime,
} from '../../src/revocation/index.ts'
import { createFamilyLedger, createOnezoneTime } from '../../src/revocation/index.ts'
import { createLessons } from '../../src/verification/lessons.ts'
import { createVerdictGate } from '../../src/verification/verdict-gate.ts'
import type { VerificationBudgetOptions } from '../../src/verification/verification-budget.ts'
import { createVerificationBudget } from '../../src/verification/verification-budget.ts'
import type {
  RefusalReason,
  Verdict,
  SourcedVerdict,
  VerificationRequest,
  Verifier,
} from '../../src/verifier/index.ts'
import { accept, refuse } from '../../src/verifier/index.ts'
import type { FakeClock } from '../helpers/fake-clock.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { tokenOf } from '../helpers/tokens.ts'

/** As an operator would set them; what is left out is the default. */
export interface GateSettings {
  readonly maxStalenessMs?: number
  readonly negativeTtlMs?: number
  readonly staleIfErrorMs?: number
  readonly maxTokens?: number
  readonly maxFamilies?: number
  readonly maxStrangers?: number
  readonly maxRefusals?: number
  readonly budget?: VerificationBudgetOptions
  readonly random?: () => number
}

export interface Gate {
  readonly verifier: Verifier
  readonly memory: VerdictMemory<FamilyRecord>
  readonly ledger: FamilyLedger
  readonly onezoneTime: OnezoneTime
  readonly evicted: (VerdictStore | 'families')[]
  readonly deaths: DeathReason[]
}

/** The verdict model around a verifier, with everything visible that it knows. */
export function createGate(inner: Verifier, clock: Clock, settings: GateSettings = {}): Gate {
  const { random = () => 0.5, budget = {} } = settings
  const limits = {
    maxStalenessMs: 10_000,
    negativeTtlMs: 2_000,
    staleIfErrorMs: 0,
    maxTokens: 1_000,
    maxFamilies: 1_000,
    maxStrangers: 1_000,
    maxRefusals: 1_000,
    ...settings,
  }
  const evicted: (VerdictStore | 'families')[] = []
  const deaths: DeathReason[] = []
  const memory = createVerdictMemory<FamilyRecord>({
    ...limits,
    clock,
    onEviction: (store) => void evicted.push(store),
  })
  const ledger = createFamilyLedger({
    ...limits,
    clock,
    onEviction: () => void evicted.push('families'),
    onDeath: (reason) => void deaths.push(reason),
  })
  const onezoneTime = createOnezoneTime(clock)
  const knowledge = { ...limits, memory, ledger, onezoneTime, clock }
  const verifier = createVerdictGate(inner, {
    ...knowledge,
    lessons: createLessons({ ...knowledge, random }),
    clockSkewMs: 5_000,
    budget: createVerificationBudget(budget, clock),
  })
  return { verifier, memory, ledger, onezoneTime, evicted, deaths }
}

/** What Onezone says to a question that was sent at that moment. */
export type Answerer = (
  request: VerificationRequest,
  askedAtMs: number,
) => Verdict | Promise<Verdict>

/** A question that Onezone has not answered yet. */
export interface OpenQuestion {
  readonly request: VerificationRequest
  answer(answerer: Answerer): Promise<void>
  fail(error?: Error): Promise<void>
}

export interface GateRig extends Gate {
  readonly clock: FakeClock
  /** Every question that reached Onezone. */
  readonly asked: VerificationRequest[]
  /** Questions that wait for an answer, since {@link hold}. */
  readonly open: OpenQuestion[]
  readonly answerWith: (answerer: Answerer) => void
  /** From now on questions wait until they are answered one by one. */
  readonly hold: () => void
  readonly verify: (request?: Partial<VerificationRequest>) => Promise<SourcedVerdict>
  /** Outcome or refusal reason of the verdict, and where it came from. */
  readonly ask: (
    request?: Partial<VerificationRequest>,
  ) => Promise<readonly [string, SourcedVerdict['source']]>
  closed(): number
}

/** A gate before a Onezone that says what it is told to, on a clock that moves when told. */
export function createGateRig(settings: GateSettings = {}): GateRig {
  const clock = createFakeClock()
  const asked: VerificationRequest[] = []
  const open: OpenQuestion[] = []
  let answerer = yes(clock)
  let closed = 0
  const inner: Verifier = {
    async verify(request) {
      asked.push(request)
      return { verdict: await answerer(request, clock.monotonic()), source: 'onezone' }
    },
    close: async () => void closed++,
  }
  const gate = createGate(inner, clock, settings)
  const verify = async (request: Partial<VerificationRequest> = {}) =>
    gate.verifier.verify({ ...question(), ...request })
  return {
    ...gate,
    clock,
    asked,
    open,
    answerWith: (next) => void (answerer = next),
    hold: () => {
      answerer = (request, askedAtMs) =>
        new Promise((resolve, reject) => {
          open.push({
            request,
            answer: async (answered) => {
              resolve(await answered(request, askedAtMs))
              await settle()
            },
            fail: async (error = noAnswer()) => {
              reject(error)
              await settle()
            },
          })
        })
    },
    verify,
    ask: async (request) => {
      const { verdict, source } = await verify(request)
      return [verdict.outcome === 'accepted' ? 'accepted' : verdict.reason, source]
    },
    closed: () => closed,
  }
}

/** Onezone's yes, with a `ttl` by a clock that goes like the gateway's. */
export function yes(clock: Clock, aheadMs = 0): Answerer {
  return ({ token }, askedAtMs) => {
    const nowSeconds = Math.floor((clock.now() + aheadMs) / 1000)
    const ttlSeconds = token.validUntil === null ? null : token.validUntil - nowSeconds
    const subject = token.version === 1 ? ALICE : token.subject
    return accept({ subject, ttlSeconds, askedAtMs })
  }
}

export function no(reason: RefusalReason, caveat: string | null = null): Answerer {
  return (_request, askedAtMs) => refuse(reason, askedAtMs, caveat)
}

export function fault(error: Error = noAnswer()): Answerer {
  return () => Promise.reject(error)
}

export function noAnswer(): VerifierFaultError {
  return new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'no answer')
}

/** Lets everything happen that needs no more time. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

export const ALICE = { type: 'user', id: 'alice' } as const
export const BOB = { type: 'user', id: 'bob' } as const

/** The clock's first moment, in seconds. */
export const START_SECONDS = 1_750_000_000

/** A temporary token of alice of that generation; `id` tells members of a family apart. */
export function temporary(
  generation: number,
  id = 't',
  subject: typeof ALICE | typeof BOB = ALICE,
) {
  return tokenOf({ persistence: 'temporary', generation, id, subject })
}

/** What a door asks for a plain named token of alice. */
export function question(): VerificationRequest {
  return {
    token: PLAIN,
    kind: 'access',
    peerIp: '10.0.0.1',
    interface: 'rest',
    consumerToken: null,
    allowDataAccessCaveats: false,
    inviteType: null,
  }
}

const PLAIN = tokenOf()
