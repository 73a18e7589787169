import { contextKey, proofKey } from '../../../src/cache/index.ts'
import type { Clock } from '../../../src/clock.ts'
import { VerifierFaultError } from '../../../src/errors.ts'
import type { FamilyRef } from '../../../src/token/index.ts'
import { familyKey, familyOf } from '../../../src/token/index.ts'
import { isJudgedLocally } from '../../../src/verification/local-judgement.ts'
import type { Verdict, Verification, VerificationRequest } from '../../../src/verifier/index.ts'
import { isAccepted } from '../../../src/verifier/index.ts'
import type { Gate } from '../gate-rig.ts'
import { judge } from './onezone-oracle.ts'
import type { Moment, RunSettings } from './run-settings.ts'
import { MAX_STALENESS_MS, TIMEOUT_MS } from './run-settings.ts'

/** Watches a run and objects to what the verdict model does not allow. */
export interface Referee {
  /** Requests are about to arrive. */
  used(): void
  called(request: VerificationRequest): void
  answered(request: VerificationRequest, verdict: Verdict): void
  failed(request: VerificationRequest): void
  decided(request: VerificationRequest, verification: Verification): void
  undecided(error: unknown): void
  objected(error: unknown): void
  /** Throws the first objection, if there is one. */
  verdict(): void
}

export interface RefereeOptions {
  readonly settings: RunSettings
  readonly clock: Clock
  readonly gate: Gate
  readonly history: readonly Moment[]
  readonly secondsAt: (monotonicMs: number) => number
}

/** The earliest part of the bound at which a family may be asked about anew. */
const EARLIEST_REFRESH_MS = 0.65 * MAX_STALENESS_MS
/** How far off Onezone’s time may be known: a second, and the way of an answer. */
const TIME_ERROR_MS = 1_000 + TIMEOUT_MS
/** How often the wall clock is compared with the monotonic one, and which step of it makes every fact old. */
const SUSPENSION_CHECK_MS = 100
const SUSPENSION_STEP_MS = 1_000

export function createReferee(options: RefereeOptions): Referee {
  const { settings, clock, gate, history, secondsAt } = options
  const boundMs = MAX_STALENESS_MS + settings.staleIfErrorMs
  const timeErrorMs = settings.aheadMs === 0 ? 0 : TIME_ERROR_MS
  const underWay = new Set<string>()
  const refreshed = new Set<string>()
  const proven = new Set<string>()
  /** When the questions behind these were sent: yes by family or key, no by family, subject or key. */
  const yesAtMs = new Map<string, number>()
  const noAtMs = new Map<string, number>()
  const marks = new Map<string, number>()
  let objection: unknown = null
  const wallAhead = (): number => clock.now() - clock.monotonic()
  let lastWallAheadMs = wallAhead()
  /** Since when the gate may notice that the machine seems to have been suspended, and soon has; Infinity: it has. */
  let suspicionAtMs = Infinity
  /** Facts up to this moment are old, since the machine seems to have been suspended. */
  let suspendedAtMs = -Infinity

  const object = (what: string, request: VerificationRequest, more: object = {}): void => {
    const { token, peerIp, interface: door } = request
    const about = { id: token.id, generation: token.generation, caveats: token.caveats }
    const text = JSON.stringify({ atMs: clock.monotonic(), peerIp, door, ...about, ...more })
    objection ??= new Error(`${what}: ${text}`)
  }

  const keyOf = (request: VerificationRequest): string =>
    isJudgedLocally(request.token) ? proofKey(request) : contextKey(request)
  const famOf = (request: VerificationRequest): string => familyKey(refOf(request))
  /** What a yes vouches for: only one to an access token says that its service is allowed. */
  const vouchedOf = (request: VerificationRequest): string =>
    request.kind === 'access' ? `${famOf(request)}/served` : famOf(request)
  const ownerOf = (request: VerificationRequest): string => `owner/${request.token.subject.id}`
  const since = (map: Map<string, number>, key: string): number => map.get(key) ?? -Infinity
  const raise = (map: Map<string, number>, key: string, value: number): void =>
    void map.set(key, Math.max(since(map, key), value))
  const deadSince = (request: VerificationRequest): number =>
    Math.max(since(noAtMs, famOf(request)), since(noAtMs, ownerOf(request)))
  const voidSince = (request: VerificationRequest): number =>
    Math.max(deadSince(request), suspendedAtMs)
  /** Whether the wall clock has gone ahead, so that how long a token has may be asked about anew. */
  const endIsInDoubt = ({ token }: VerificationRequest): boolean =>
    suspendedAtMs > -Infinity && token.validUntil !== null
  const isOver = ({ token }: VerificationRequest): boolean =>
    token.generation !== null && token.generation <= since(marks, token.subject.id ?? '')

  /** Whether Onezone said so at some moment of a window, in that context. */
  const saidWithin = (
    request: VerificationRequest,
    windowMs: number,
    yes: boolean,
    errorMs: number,
  ): boolean => {
    const fromMs = clock.monotonic() - windowMs
    for (let i = history.length - 1; i >= 0; i--) {
      const { world, fromMs: beganMs } = history[i]!
      const endMs = history[i + 1]?.fromMs ?? clock.monotonic()
      // A token only ever runs out, so a yes is likeliest at the beginning and a no at the end.
      const atMs = yes ? Math.max(beganMs, fromMs) - errorMs : endMs + errorMs
      // The gate may refuse an ended consumer token that no caveat reads: Onezone would too, if it were sent.
      if ((judge(world, secondsAt(atMs), request, !yes) === null) === yes) return true
      if (beganMs <= fromMs) return false
    }
    return false
  }

  /** Generations only ever go up, and never beyond what Onezone has. */
  const checkMarks = (request: VerificationRequest): void => {
    const { subject } = request.token
    const user = history[history.length - 1]!.world.users[subject.id ?? '']
    if (user === undefined) return
    const over = (generation: number): boolean =>
      gate.ledger.deathOfStranger({ kind: 'temporary', subject, generation }, subject) ===
      'token_revoked'
    let mark = Math.max(-1, since(marks, subject.id ?? ''))
    if (mark >= 0 && !over(mark)) object('the mark of a subject went back', request, { mark })
    while (mark < 100 && over(mark + 1)) mark += 1
    if (mark >= user.generation) object('a living generation was buried', request, { mark })
    marks.set(subject.id ?? '', mark)
  }

  const noteSuspension = (): void => {
    const nowMs = clock.monotonic()
    if (wallAhead() - lastWallAheadMs >= SUSPENSION_STEP_MS) {
      suspicionAtMs = Math.min(suspicionAtMs, nowMs)
    }
    lastWallAheadMs = wallAhead()
    if (suspicionAtMs > nowMs) return
    suspendedAtMs = nowMs
    // What is under way counts no more, and is asked anew.
    underWay.clear()
    refreshed.clear()
  }

  const refreshedBy = (request: VerificationRequest): void => {
    if (request.proven === true) refreshed.add(famOf(request))
  }

  return {
    used() {
      noteSuspension()
      if (clock.monotonic() >= suspicionAtMs + SUSPENSION_CHECK_MS) suspicionAtMs = Infinity
    },
    called(request) {
      const key = keyOf(request)
      const nowMs = clock.monotonic()
      if (underWay.has(key)) object('the same was asked twice at once', request)
      underWay.add(key)
      if (settings.tiny) return
      // What was under way then is asked anew, whatever is known by now.
      if (nowMs - suspendedAtMs <= TIMEOUT_MS) {
        refreshedBy(request)
        return
      }
      if (isOver(request)) object('asked about a generation that is over', request)
      const refusedAtMs = since(noAtMs, key)
      if (nowMs - refusedAtMs < settings.negativeTtlMs && refusedAtMs > suspendedAtMs) {
        object('asked again about what was just refused', request)
      }
      const askedAtMs = since(yesAtMs, request.proven === true ? vouchedOf(request) : key)
      const voidAtMs = voidSince(request)
      if (request.proven === true) {
        if (refreshed.has(famOf(request)) && !endIsInDoubt(request))
          object('a family was asked about twice at once', request)
        refreshed.add(famOf(request))
        const isYoung = askedAtMs > voidAtMs && nowMs - askedAtMs < EARLIEST_REFRESH_MS
        if (isYoung && !endIsInDoubt(request)) {
          object('a family was asked about too soon', request, { askedAtMs })
        }
      } else if (proven.has(key)) {
        object('a proven token was asked about as if it were new', request)
      } else if (
        !isJudgedLocally(request.token) &&
        !endsByItself(request) &&
        askedAtMs > voidAtMs &&
        nowMs - askedAtMs < MAX_STALENESS_MS
      ) {
        object('a context was asked about too soon', request, { askedAtMs })
      }
    },

    answered(request, verdict) {
      noteSuspension()
      const key = keyOf(request)
      underWay.delete(key)
      if (request.proven === true) refreshed.delete(famOf(request))
      const { askedAtMs } = verdict
      if (isAccepted(verdict)) {
        if (askedAtMs <= voidSince(request) || isOver(request)) return // it came late
        raise(yesAtMs, famOf(request), askedAtMs)
        raise(yesAtMs, vouchedOf(request), askedAtMs)
        raise(yesAtMs, key, askedAtMs)
        noAtMs.delete(key)
        if (isJudgedLocally(request.token)) proven.add(key)
        return
      }
      if (verdict.reason === 'token_revoked') {
        if (request.token.generation === null) raise(noAtMs, famOf(request), askedAtMs)
      } else if (verdict.reason === 'user_blocked') {
        raise(noAtMs, ownerOf(request), askedAtMs)
      } else if (verdict.reason === 'token_invalid' && request.proven === true) {
        raise(noAtMs, famOf(request), askedAtMs)
      } else {
        proven.delete(key)
      }
      yesAtMs.delete(isJudgedLocally(request.token) ? '' : key)
      if (!proven.has(key)) raise(noAtMs, key, askedAtMs)
    },

    failed(request) {
      underWay.delete(keyOf(request))
      if (request.proven === true) refreshed.delete(famOf(request))
    },

    decided(request, { verdict, source }) {
      const nowMs = clock.monotonic()
      if (!settings.tiny) checkMarks(request)
      if (isAccepted(verdict)) {
        const ageMs = nowMs - verdict.askedAtMs
        if (ageMs > (source === 'stale' ? boundMs : MAX_STALENESS_MS)) {
          object('a grant was older than the bound', request, { ageMs, source })
        }
        if (source === 'stale' && settings.staleIfErrorMs === 0) {
          object('a stale grant without leave', request)
        }
        if (!saidWithin(request, boundMs, true, timeErrorMs)) {
          object('a grant that Onezone did not give within the bound', request, { source })
        }
        const remembered = source === 'cache' || source === 'stale'
        if (remembered && !saidInTime(request, nowMs - timeErrorMs)) {
          object('a grant beyond the end of the token', request, { source })
        }
        if (!settings.tiny && (verdict.askedAtMs <= deadSince(request) || isOver(request))) {
          object('a grant against a known death', request, { source })
        }
      } else {
        const windowMs = Math.max(settings.negativeTtlMs, TIMEOUT_MS)
        if (!saidWithin(request, windowMs, false, timeErrorMs)) {
          object('a refusal that Onezone did not give', request, { source, reason: verdict.reason })
        }
      }
    },

    undecided(error) {
      if (!(error instanceof VerifierFaultError)) objection ??= error
    },
    objected: (error) => void (objection ??= error),
    verdict() {
      if (objection !== null) throw objection
    },
  }

  function saidInTime({ token, consumerToken }: VerificationRequest, atMs: number): boolean {
    const seconds = secondsAt(atMs)
    const consumed = token.caveats.some(({ type }) => type === 'consumer')
    const ends = [token.validUntil, consumed ? (consumerToken?.validUntil ?? null) : null]
    return ends.every((end) => end === null || seconds < end)
  }
}

function refOf({ token }: VerificationRequest): FamilyRef {
  const ref = familyOf(token)
  if (ref === null) throw new Error('A token of the model has no family')
  return ref
}

function endsByItself({ token, consumerToken }: VerificationRequest): boolean {
  return token.validUntil !== null || (consumerToken?.validUntil ?? null) !== null
}
