import type { FaultReason, PeerFaultError } from '../errors.ts'
import type { Answer } from './exchange.ts'
import type { HttpAnswer, HttpCall } from './http-call.ts'
import type { Peer } from './peer.ts'
import { isJsonObject } from '../json.ts'
import { parseStrictJson } from './strict-json.ts'

/** Where and when an answer came. */
export interface AnswerContext {
  readonly origin: string
  readonly peer: Peer
  /** Wall time, for a `Retry-After` that is a date. */
  readonly nowMs: number
}

// The longest that the circuit breaker would stay open; a longer wait is somebody else's mistake or malice.
const MAX_RETRY_AFTER_SECONDS = 60

/** Turns an HTTP answer into one of the API; throws the fault of the peer for whatever is no answer of it. */
export function readAnswer<Result, ErrorBody>(
  call: Pick<
    HttpCall<Result, ErrorBody>,
    'operation' | 'success' | 'refusals' | 'readError' | 'blamesUs' | 'read' | 'maxDepth'
  >,
  answer: Answer,
  { origin, peer, nowMs }: AnswerContext,
): HttpAnswer<Result, ErrorBody> {
  const { status, headers } = answer
  const { success = 200 } = call
  const fault = (reason: FaultReason, what: string): PeerFaultError =>
    peer.fault(reason, `${call.operation}: ${origin} ${what}.`, {
      retryAfterSeconds: readRetryAfter(headers['retry-after'], nowMs),
    })

  if (status >= 300 && status < 400) {
    const what = `answered ${status}, and redirects are not followed; set "url" to where ${peer.name} really is`
    throw fault('REDIRECT', what)
  }
  if (status !== success && !call.refusals.includes(status)) {
    throw fault('STATUS', `answered ${status}`)
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw fault('ANSWER_INVALID', 'encoded its answer, though asked for "identity"')
  }
  const isEmpty = status === 204
  // Not asked of errors: a 401 from authentication has none (Onezone API, §8).
  if (status === success && !isEmpty && !isJsonType(headers['content-type'])) {
    throw fault('ANSWER_INVALID', `answered ${status} with something other than JSON`)
  }

  let body: unknown = {}
  let trouble = 'JSON that is not of the documented shape'
  try {
    if (!isEmpty) body = parseStrictJson(answer.body, call.maxDepth)
  } catch (error) {
    body = null
    trouble = `a body that is ${error instanceof Error ? error.message : ''}`
  }
  const object = isJsonObject(body) ? body : null
  if (status === success) {
    const result = object === null ? undefined : call.read(object, headers)
    if (result !== undefined) return { ok: true, result }
  } else {
    const error = call.readError(object, status)
    const blame = error === undefined ? null : (call.blamesUs?.(error) ?? null)
    if (blame !== null) throw fault('STATUS', `answered ${status} ${blame} to the request itself`)
    if (error !== undefined) return { ok: false, status, error }
  }
  throw fault('ANSWER_INVALID', `answered ${status} with ${trouble}`)
}

type HeaderValue = string | string[] | undefined

function isJsonType(value: HeaderValue): boolean {
  return typeof value === 'string' && /^application\/json(?:; ?charset="?utf-8"?)?$/i.test(value)
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * The server's clock when it answered, in milliseconds since 1970, to the second; null: it did not say so in the one
 * form that is to be sent (RFC 9110, section 5.6.7), or the answer had been lying in a cache.
 */
export function readDate({ date, age }: Answer['headers']): number | null {
  if (typeof date !== 'string' || age !== undefined || !IMF_FIXDATE.test(date)) return null
  const dateMs = Date.parse(date)
  // A day that no calendar has, or another day of the week, is a date that two readers read in two ways.
  return dateMs >= 0 && new Date(dateMs).toUTCString() === date ? dateMs : null
}

/** How long the server wants to be left alone, in seconds (RFC 9110 §10.2.3); undefined: it does not say. */
export function readRetryAfter(value: HeaderValue, nowMs: number): number | undefined {
  if (typeof value !== 'string') return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value), MAX_RETRY_AFTER_SECONDS)
  if (!IMF_FIXDATE.test(value)) return undefined
  const seconds = Math.ceil((Date.parse(value) - nowMs) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS)
}
