import type { KeyField } from './verdict-keys.ts'
import { keyFieldsOf } from './verdict-keys.ts'
import type { Clock } from '../clock.ts'
import type { DeathReason, FamilyLedger, OnezoneTime } from '../revocation/index.ts'
import type { Caveat, ContextField, FamilyRef, Subject } from '../token/index.ts'
import { caveatHolds, familyOf, fieldsReadBy } from '../token/index.ts'
import type { Question, RefusalReason, VerdictSource, SourcedVerdict } from '../verifier/index.ts'
import { isAccepted } from '../verifier/index.ts'
import { isDataCaveat, isJudgedLocally, objectionOf } from './local-judgement.ts'
import type { Inspection, VerdictGate } from './verdict-gate.ts'

/** How a request would be judged, and by what; fit for JSON, without any token in it. Times are in milliseconds. */
export interface VerdictExplanation {
  /** Whether Onezone has accepted this very token in this use, so that its caveats and its family decide. */
  readonly proven: boolean
  /** By what the verdict is remembered: the token alone, or the token and these fields of the request. */
  readonly key: readonly KeyFieldExplanation[]
  /** One for each caveat of the token, in their order. */
  readonly caveats: readonly CaveatJudgement[]
  /** Null where the token belongs to none. */
  readonly family: FamilyExplanation | null
  /**
   * How much longer a grant in this context may be used, for a token that only Onezone can judge; null: there is none.
   */
  readonly contextGoodForMs: number | null
  /** Whether Onezone is being asked about it at the moment. */
  readonly underWay: boolean
  /** Null: nothing is known that decides, so Onezone would be asked. */
  readonly verdict: VerdictView | null
}

/** A field of the request that the key holds, and what reads it. */
export interface KeyFieldExplanation {
  readonly field: KeyField
  /** Types of the caveats that read it; `route` for what the route's policy reads. */
  readonly readBy: readonly string[]
}

/** Where one caveat is judged. */
export interface CaveatJudgement {
  /** What its verdict depends on. */
  readonly reads: readonly ContextField[]
  readonly judged: 'here' | 'onezone'
  /** Whether it holds for this request; null where only Onezone can say. */
  readonly holds: boolean | null
}

/** What is known of a family. */
export interface FamilyExplanation {
  readonly ref: FamilyRef
  /** Whom its tokens speak for; null where none was accepted yet. */
  readonly subject: Subject | null
  /** Age of the last yes that still counts; null: there is none. */
  readonly factAgeMs: number | null
  /** In what time a request asks about it anew in the background; negative: the next one does. Null without a fact. */
  readonly refreshInMs: number | null
  /** Why it is dead, as far as is known and still believed. */
  readonly death: DeathReason | null
  /** Age of the last refusal that said so and can be taken back. */
  readonly deathAgeMs: number | null
  /** Temporary tokens of the subject of this generation and of older ones are refused without asking. */
  readonly deadUpToGeneration: number | null
}

/** A verdict for people to read. */
export interface VerdictView {
  readonly outcome: 'accepted' | 'refused'
  readonly source: VerdictSource
  readonly reason: RefusalReason | null
  readonly caveat: string | null
  readonly subject: Subject | null
  /** Age of the fact that it rests on. */
  readonly ageMs: number
}

/** Options of {@link SourcedVerdict.explain}. */
export interface ExplainOptions {
  /**
   * Ask Onezone, and learn from the answer as from any other, where nothing is remembered that decides. @default false
   */
  readonly ask?: boolean | undefined
}

/** An explanation, and the verdict in it as the authenticator wants it. */
export interface ExplainedVerdict {
  readonly explanation: VerdictExplanation
  /** Null: nobody was asked, or nobody could say. */
  readonly verification: SourcedVerdict | null
  /** Why nobody could say. */
  readonly fault?: unknown
}

/** What {@link createExplanation} looks into. */
export interface ExplanationSources {
  readonly gate: VerdictGate
  readonly ledger: FamilyLedger
  readonly onezoneTime: OnezoneTime
  readonly clock: Clock
}

/** Makes the function that says why a request is granted or refused. It decides by the gate's own functions. */
export function createExplanation(
  sources: ExplanationSources,
): (request: Question, options?: ExplainOptions) => Promise<ExplainedVerdict> {
  const { gate, onezoneTime, clock } = sources
  const ledger = sources.ledger.glance

  function view(request: Question, verification?: SourcedVerdict): VerdictExplanation {
    const inspection = gate.inspect(request)
    const { proof, context, underWay, known } = inspection
    const nowMs = clock.monotonic()
    const verdict = verification ?? known
    return {
      proven: proof !== null,
      key: isJudgedLocally(request.token) ? [] : keyOf(request),
      caveats: request.token.caveats.map((caveat) => judgementOf(caveat, request)),
      family: familyView(request, inspection, nowMs),
      contextGoodForMs: context === null ? null : Math.max(0, context.goodUntilMs - nowMs),
      underWay,
      verdict: verdict === null ? null : verdictView(verdict, nowMs),
    }
  }

  function judgementOf(caveat: Caveat, request: Question): CaveatJudgement {
    const reads = fieldsReadBy(caveat)
    const nowMs = onezoneTime.now()
    const context = { ...request, nowSeconds: Math.floor(nowMs / 1000) }
    if (!isDataCaveat(caveat) && caveatHolds(caveat, context) === 'remote') {
      return { reads, judged: 'onezone', holds: null }
    }
    return { reads, judged: 'here', holds: objectionOf([caveat], request, nowMs, 0) === null }
  }

  function familyView(
    { token }: Question,
    { proof, context, family }: Inspection,
    nowMs: number,
  ): FamilyExplanation | null {
    const ref = familyOf(token) ?? family?.ref ?? null
    if (ref === null) return null
    const accepted = proof !== null || context !== null ? family : null
    const death =
      accepted === null
        ? ledger.deathOfStranger(ref, token.subject)
        : ledger.deathOf(accepted, proof?.provenAtMs ?? context?.grant.verdict.askedAtMs)
    const aliveAtMs = family === null ? -Infinity : ledger.aliveSince(family)
    const subject = family?.subject ?? null
    const diedAtMs = {
      user_blocked: subject?.blockedAtMs,
      token_invalid: family?.lostAtMs,
      token_revoked: family?.deadAtMs,
    }
    return {
      ref,
      subject: proof?.subject ?? subject?.subject ?? null,
      factAgeMs: finite(nowMs - aliveAtMs),
      refreshInMs:
        family === null || aliveAtMs === -Infinity ? null : finite(family.refreshAtMs - nowMs),
      death,
      deathAgeMs: death === null ? null : finite(nowMs - (diedAtMs[death] ?? -Infinity)),
      deadUpToGeneration: finite(subject === null ? -Infinity : ledger.overUpTo(subject)),
    }
  }

  return async function explain(request, { ask = false } = {}) {
    const { known } = gate.inspect(request)
    if (known !== null) return { explanation: view(request, known), verification: known }
    if (!ask) return { explanation: view(request), verification: null }
    try {
      const verification = await gate.verify(request)
      return { explanation: view(request, verification), verification }
    } catch (fault) {
      return { explanation: view(request), verification: null, fault }
    }
  }
}

function keyOf(request: Question): KeyFieldExplanation[] {
  return keyFieldsOf(request).map(([field]) => {
    if (field === 'inviteType') return { field, readBy: ['route'] }
    const readers = request.token.caveats.filter((caveat) => fieldsReadBy(caveat).includes(field))
    return { field, readBy: [...new Set(readers.map(({ type }) => type ?? 'scope'))] }
  })
}

function verdictView({ verdict, source }: SourcedVerdict, nowMs: number): VerdictView {
  const ageMs = nowMs - verdict.askedAtMs
  return isAccepted(verdict)
    ? { outcome: 'accepted', source, reason: null, caveat: null, subject: verdict.subject, ageMs }
    : {
        outcome: 'refused',
        source,
        reason: verdict.reason,
        caveat: verdict.caveat,
        subject: null,
        ageMs,
      }
}

/** JSON knows no infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
