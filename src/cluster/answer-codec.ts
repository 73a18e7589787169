import { VerificationBudgetError, VerifierFaultError } from '../errors.ts'
import type { Subject } from '../token/index.ts'
import type {
  RefusalReason,
  TokenRecord,
  SourcedVerdict,
  VerdictSource,
} from '../verifier/index.ts'
import { accept, isAccepted, refuse } from '../verifier/index.ts'
import type { Message } from './message.ts'
import { isMessage } from './message.ts'

/** What the primary knows of the times of an answer. All are milliseconds. */
export interface AnswerTimes {
  /** Its monotonic time when the question had come, and when the answer was sent. */
  readonly receivedAtMs: number
  readonly answeredAtMs: number
  /** What time it was at the verifier when the answer was sent. */
  readonly onezoneNowMs: number
}

/** What the worker knows of them: its own monotonic time. */
export interface QuestionTimes {
  readonly sentAtMs: number
  readonly heardAtMs: number
}

/** An answer that was read. */
export interface DecodedAnswer {
  readonly outcome: SourcedVerdict | VerifierFaultError | VerificationBudgetError
  /** What time it was at the verifier when the answer was sent. */
  readonly onezoneNowMs: number
}

const SOURCES: readonly VerdictSource[] = [
  'local',
  'cache',
  'coalesced',
  'stale',
  'shared',
  'onezone',
  'token-lookup',
]

const REASONS: Readonly<Record<RefusalReason, true>> = {
  token_malformed: true,
  token_too_large: true,
  token_invalid: true,
  token_expired: true,
  token_revoked: true,
  token_type_mismatch: true,
  caveat_unverified: true,
  consumer_token_invalid: true,
  user_blocked: true,
  service_forbidden: true,
}

/**
 * Writes a verdict down. Readings of one process's clock mean nothing to another, so ages travel: a fact that was asked
 * for after the question had come has a negative one.
 */
export function encodeVerdict({ verdict, source }: SourcedVerdict, times: AnswerTimes): Message {
  const { receivedAtMs, answeredAtMs, onezoneNowMs } = times
  const ageMs = receivedAtMs - verdict.askedAtMs
  const answerAgeMs = answeredAtMs - verdict.askedAtMs
  if (!isAccepted(verdict)) {
    const { reason, caveat } = verdict
    return { outcome: 'refused', source, onezoneNowMs, reason, caveat, answerAgeMs }
  }
  const { subject, record } = verdict
  // What is remembered of a token no longer says how long it has; its record does.
  const ends = record?.validUntil ?? null
  const ttlSeconds = verdict.ttlSeconds ?? (ends && ends - (onezoneNowMs - answerAgeMs) / 1000)
  return { outcome: 'accepted', source, onezoneNowMs, subject, record, ttlSeconds, ageMs }
}

/** Writes down why there is no verdict; null for an error that is none of those that a verifier throws. */
export function encodeFault(error: unknown, onezoneNowMs: number): Message | null {
  if (error instanceof VerificationBudgetError) {
    return { outcome: 'budget', onezoneNowMs, retryAfterSeconds: error.retryAfterSeconds }
  }
  if (!(error instanceof VerifierFaultError)) return null
  const { code, message, retryAfterSeconds = null } = error
  return { outcome: 'fault', onezoneNowMs, code, message, retryAfterSeconds }
}

/**
 * Reads an answer; null: it is none, and certainly no grant. A grant is at most as young as it really is: it is
 * reckoned from the sending of the question. A refusal is at most as old: from the hearing of the answer.
 */
export function decodeAnswer(message: unknown, times: QuestionTimes): DecodedAnswer | null {
  if (!isMessage(message) || !isFiniteNumber(message['onezoneNowMs'])) return null
  const outcome = decodeOutcome(message, times)
  return outcome === null ? null : { outcome, onezoneNowMs: message['onezoneNowMs'] }
}

function decodeOutcome(message: Message, times: QuestionTimes): DecodedAnswer['outcome'] | null {
  switch (message['outcome']) {
    case 'accepted':
      return decodeAccepted(message, times)
    case 'refused':
      return decodeRefused(message, times)
    default:
      return decodeFailure(message)
  }
}

/** Reads why nobody could say, as {@link encodeFault} writes it; null: it is none of that. */
export function decodeFailure(
  message: Message,
): VerifierFaultError | VerificationBudgetError | null {
  const { outcome, retryAfterSeconds } = message
  if (outcome === 'fault') return decodeFault(message)
  if (outcome !== 'budget' || !isCount(retryAfterSeconds)) return null
  return new VerificationBudgetError(retryAfterSeconds)
}

function decodeAccepted(message: Message, { sentAtMs }: QuestionTimes): SourcedVerdict | null {
  const { ttlSeconds, ageMs } = message
  const source = SOURCES.find((each) => each === message['source'])
  const subject = readSubject(message['subject'])
  const record = readRecord(message['record'])
  if (source === undefined || subject === null || record === undefined) return null
  if (!isFiniteNumber(ageMs) || (ttlSeconds !== null && !isFiniteNumber(ttlSeconds))) return null
  const askedAtMs = sentAtMs - Math.max(0, ageMs)
  return { verdict: accept({ subject, ttlSeconds, askedAtMs, record }), source }
}

function decodeRefused(message: Message, { heardAtMs }: QuestionTimes): SourcedVerdict | null {
  const { reason, caveat, answerAgeMs } = message
  const source = SOURCES.find((each) => each === message['source'])
  if (source === undefined || !isReason(reason) || !isFiniteNumber(answerAgeMs)) return null
  if (caveat !== null && typeof caveat !== 'string') return null
  return { verdict: refuse(reason, heardAtMs - Math.max(0, answerAgeMs), caveat), source }
}

function decodeFault(message: Message): VerifierFaultError | null {
  const { code, message: text, retryAfterSeconds } = message
  if (code !== 'ERR_VERIFIER_UNAVAILABLE' && code !== 'ERR_GATEWAY_MISCONFIGURED') return null
  if (typeof text !== 'string' || (retryAfterSeconds !== null && !isCount(retryAfterSeconds))) {
    return null
  }
  return new VerifierFaultError(code, text, { retryAfterSeconds: retryAfterSeconds ?? undefined })
}

function readSubject(value: unknown): Subject | null {
  if (!isMessage(value)) return null
  const { type, id } = value
  if (type !== 'user' && type !== 'oneprovider') return null
  return typeof id === 'string' && id !== '' ? { type, id } : null
}

/** Undefined: malformed. */
function readRecord(value: unknown): TokenRecord | null | undefined {
  if (value === null) return null
  if (!isMessage(value)) return undefined
  const { id, scopes, validUntil } = value
  if (typeof id !== 'string' || !Array.isArray(scopes)) return undefined
  if (!scopes.every((scope) => typeof scope === 'string')) return undefined
  if (validUntil !== null && !isFiniteNumber(validUntil)) return undefined
  return { id, scopes, validUntil }
}

function isReason(value: unknown): value is RefusalReason {
  return typeof value === 'string' && Object.hasOwn(REASONS, value)
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isCount(value: unknown): value is number {
  return isFiniteNumber(value) && value >= 0
}
