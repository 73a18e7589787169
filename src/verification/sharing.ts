import type { Clock } from '../clock.ts'
import type { FamilyLedger, FamilyRecord, OnezoneTime } from '../revocation/index.ts'
import type { Finding, News, SharedKnowledge, Told } from '../store/index.ts'
import { isAfter, LONGEST_PROOF_MS, MOST_DISAGREEMENT_MS } from '../store/index.ts'
import type { FamilyRef } from '../token/index.ts'
import { familyOf, serializeSubject } from '../token/index.ts'
import type { Accepted, Question } from '../verifier/index.ts'
import { accept } from '../verifier/index.ts'
import { selectorOf } from './dead-selector.ts'
import type { InvalidationSelector } from './invalidation-selector.ts'
import { refOf } from './invalidation-selector.ts'
import { contextCaveatsOf, isJudgedLocally } from './local-judgement.ts'
import { OWN_QUESTION_INTERVALS, ownQuestionOf } from './proven-grant.ts'
import { digestOfKey } from './verdict-keys.ts'
import { createSharedDeaths } from './shared-deaths.ts'
import { endOfToken } from './token-end.ts'
import type { Proof, VerdictMemory } from './verdict-memory.ts'

/** Options of {@link createSharing}. */
export interface SharingOptions {
  readonly knowledge: SharedKnowledge
  readonly memory: VerdictMemory<FamilyRecord>
  /** Where facts of others go; it tells nobody. */
  readonly ledger: FamilyLedger
  readonly onezoneTime: OnezoneTime
  readonly clock: Clock
  readonly maxStalenessMs: number
  readonly random: () => number
  /** Takes back what is known here, and has all who rest on it look again. */
  readonly takeBack: (selector: InvalidationSelector) => void
}

/** What is known here and elsewhere, made one: facts of others enter by the doors that our own do. */
export interface Sharing {
  /**
   * Looks once for what others know of a token and its family, and takes it in. Never fails.
   *
   * @param stillCounts Whether what is found may be taken in, when it is there.
   */
  look(key: string, request: Question, stillCounts: () => boolean): Promise<void>
  /** Tells of a yes. */
  granted(key: string, request: Question, verdict: Accepted, family: FamilyRecord): void
  /** Tells that a token must be proven anew. */
  withdrawn(key: string, ref: FamilyRef, askedAtMs: number): void
  /** An operator has taken something back here. */
  invalidated(selector: InvalidationSelector): Promise<Told>
  /** Takes in what another one says. */
  hear(news: News): void
}

/** When a fact has reached about this part of the bound its family is asked about anew: not all wake together. */
export const SHARED_REFRESH = { from: 0.5, jitter: 0.3 } as const

/** An invalidation that was said longer ago is over. */
const HEARD_MS = 15_000

/** Makes the one place in which what others know becomes our own. */
export function createSharing(options: SharingOptions): Sharing {
  const { knowledge, memory, ledger, onezoneTime, clock, maxStalenessMs, random } = options
  const { takeBack } = options
  const deaths = createSharedDeaths(options)

  /** What is shared of a token; null: nothing, since its own text does not say whose it is, or where it passes. */
  function shareableOf({ token }: Question): FamilyRef | null {
    const ref = familyOf(token)
    const isSaid = token.subject.type === 'user' || token.subject.type === 'oneprovider'
    return ref !== null && isSaid && isJudgedLocally(token) ? ref : null
  }

  async function look(key: string, request: Question, stillCounts: () => boolean): Promise<void> {
    const ref = shareableOf(request)
    if (ref === null) return
    const { subject } = request.token
    const found = await knowledge.look(ref, subject, key)
    if (found.length === 0 || !stillCounts()) return
    deaths.found(ref, subject, found)
    const own = memory.proofs.peek(key) ?? null
    const proven = provenIn(found, request)
    if (own !== null || proven !== null) learn(key, request, ref, found, { own, proven })
  }

  /** That others have proven this very token, if nobody wants it proven anew. */
  function provenIn(found: readonly Finding[], request: Question): Finding | null {
    const proven = found.find(({ fact }) => fact.kind === 'proven' && fact.use === request.kind)
    // The signature stays good where only a family was taken back.
    const isTakenBack = found.some(
      ({ fact, stamp, isOfAll }) =>
        isOfAll &&
        fact.kind === 'invalidated' &&
        proven !== undefined &&
        !isAfter(proven.stamp, stamp),
    )
    return proven === undefined || isTakenBack ? null : proven
  }

  function learn(
    key: string,
    request: Question,
    ref: FamilyRef,
    found: readonly Finding[],
    { own, proven }: { readonly own: Proof<FamilyRecord> | null; readonly proven: Finding | null },
  ): void {
    const { subject } = request.token
    const alive = aliveIn(found)
    const known = ledger.find(ref)
    if (alive === null && known === null) return
    const family = ledger.open(ref, subject)
    if (alive !== null && alive.askedAtMs > family.aliveAtMs) {
      const { askedAtMs, served } = alive
      if (ledger.sawAlive(family, askedAtMs, own?.provenAtMs)) {
        if (served) family.servedAtMs = Math.max(family.servedAtMs, askedAtMs)
        const part = SHARED_REFRESH.from + SHARED_REFRESH.jitter * random()
        family.refreshAtMs = Math.max(family.refreshAtMs, askedAtMs + maxStalenessMs * part)
        family.usedAtMs = clock.monotonic()
      }
    }
    if (proven !== null) learnProof(key, request, family, proven, own)
  }

  /** The youngest fact that the family lived that can be used at all. */
  function aliveIn(
    found: readonly Finding[],
  ): { readonly askedAtMs: number; readonly served: boolean } | null {
    const takenBack = found.filter(({ fact }) => fact.kind === 'invalidated')
    for (const { fact, age, stamp } of found) {
      if (fact.kind !== 'alive' || age === null) continue
      if (takenBack.some((each) => !isAfter(stamp, each.stamp))) continue
      // So much two clocks may both be wrong.
      const ageMs = age.mostMs + MOST_DISAGREEMENT_MS
      if (ageMs < maxStalenessMs) {
        return { askedAtMs: clock.monotonic() - ageMs, served: fact.served }
      }
    }
    return null
  }

  function learnProof(
    key: string,
    request: Question,
    family: FamilyRecord,
    { fact, age }: Finding,
    own: Proof<FamilyRecord> | null,
  ): void {
    if (fact.kind !== 'proven') return
    const { token } = request
    const nowMs = clock.monotonic()
    const isEndless = family.ref.kind === 'named' && fact.endsAfterMs < 0
    // The id of a named token never comes back: that its signature is good was true whenever it was found to be.
    if (age === null && !isEndless) return
    const confirmedAtMs =
      age === null ? family.aliveAtMs : nowMs - age.mostMs - MOST_DISAGREEMENT_MS
    if (own !== null && own.confirmedAtMs >= confirmedAtMs) return
    const ownQuestion = ownQuestionOf(family.ref, confirmedAtMs, maxStalenessMs, 0.5)
    if (nowMs >= ownQuestion.ownLimitAtMs || confirmedAtMs === -Infinity) return
    if ((token.validUntil === null) !== fact.endsAfterMs < 0) return
    const ttlSeconds = fact.endsAfterMs < 0 ? null : fact.endsAfterMs / 1000
    const end = endOfToken(token, { askedAtMs: confirmedAtMs, ttlSeconds }, onezoneTime, nowMs)
    // Never later than whoever asked was told, whatever is known here of the time at Onezone.
    const endsAtMs =
      ttlSeconds === null
        ? end.endsAtMs
        : Math.min(end.endsAtMs, confirmedAtMs + MOST_DISAGREEMENT_MS + fact.endsAfterMs)
    const { subject } = token
    const verdict = accept({ subject, ttlSeconds, askedAtMs: confirmedAtMs })
    memory.proofs.set(key, {
      family,
      subject,
      asAccess: request.kind === 'access',
      provenAtMs: own?.provenAtMs ?? confirmedAtMs,
      confirmedAtMs,
      ...ownQuestion,
      validUntilMs: end.validUntilMs - (end.endsAtMs === endsAtMs ? 0 : end.endsAtMs - endsAtMs),
      endsAtMs,
      toldAtMs: end.toldAtMs,
      caveats: contextCaveatsOf(token),
      grant: Object.freeze({ verdict, source: 'cache' as const }),
      kept: true,
    })
  }

  function granted(
    key: string,
    request: Question,
    { askedAtMs, subject, ttlSeconds }: Accepted,
    { ref }: FamilyRecord,
  ): void {
    knowledge.acquaint(ref, subject)
    const { token, kind } = request
    if (shareableOf(request) === null) return
    if (serializeSubject(token.subject) !== serializeSubject(subject)) return
    const endsAfterMs = token.validUntil === null ? -1 : Math.floor((ttlSeconds ?? 0) * 1000)
    const restMs = endsAfterMs < 0 ? LONGEST_PROOF_MS : endsAfterMs
    // Of a temporary token no proof counts for longer.
    const limitMs = ref.kind === 'named' ? Infinity : maxStalenessMs * OWN_QUESTION_INTERVALS
    const fact = { kind: 'proven', use: kind, endsAfterMs } as const
    const proof = { key, fact, ttlMs: Math.min(restMs, limitMs) }
    knowledge.tellGranted({ ref, subject, askedAtMs, served: kind === 'access', proof })
  }

  /** Tokens of which something is remembered, by their fingerprints. */
  function fingerprints(): Set<string> {
    const keys = [
      ...[...memory.proofs.entries()].map(([key]) => key),
      ...[...memory.contexts.entries()].map(([key]) => key),
      ...[...memory.refusals()].map(([key]) => key),
    ]
    return new Set(keys.map(fingerprintOf))
  }

  function hear(news: News): void {
    const { about, fact, age } = news
    if (fact.kind === 'invalidated' || fact.kind === 'withdrawn') {
      if (age !== null && age.leastMs > HEARD_MS) return
      if (about === 'all') return takeBack({ all: true })
      if ('isFingerprint' in about) {
        for (const fingerprint of fingerprints()) {
          if (about.isFingerprint(fingerprint)) withdrawAndTakeBack(fingerprint)
        }
        return
      }
      if (about.ref !== null) takeBack(selectorOf({ family: about.ref }))
      else if (about.subject !== null) takeBack(selectorOf({ subject: about.subject }))
    } else if (about !== 'all' && !('isFingerprint' in about)) {
      deaths.heard(about, news)
    }
  }

  function withdrawAndTakeBack(fingerprint: string): void {
    withdrawAll(fingerprint)
    takeBack({ fingerprint })
  }

  /** Nobody is to take the proofs of these tokens from the store. */
  function withdrawAll(fingerprint: string): void {
    for (const [key, { family }] of memory.proofs.entries()) {
      if (fingerprintOf(key) === fingerprint) {
        knowledge.tellWithdrawn(family.ref, key, clock.monotonic())
      }
    }
  }

  return {
    look,
    granted,
    withdrawn: (key, ref, askedAtMs) => knowledge.tellWithdrawn(ref, key, askedAtMs),
    invalidated(selector) {
      if ('all' in selector) return knowledge.tellInvalidated('all')
      if ('fingerprint' in selector) {
        withdrawAll(selector.fingerprint)
        return knowledge.tellInvalidated(selector)
      }
      return knowledge.tellInvalidated('subject' in selector ? selector.subject : refOf(selector))
    },
    hear,
  }
}

function fingerprintOf(key: string): string {
  return Buffer.from(digestOfKey(key), 'base64url').toString('hex').slice(0, 12)
}
