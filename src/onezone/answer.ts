import { OnezoneFaultError, type OnezoneFaultCode } from '../errors.ts'
import type { ApiAnswer, ApiCall } from './api-call.ts'
import type { Answer } from './exchange.ts'
import { isJsonObject, parseStrictJson } from './strict-json.ts'
import { readErrorBody } from './wire.ts'

/** Where and when an answer came. */
export interface AnswerContext {
  readonly origin: string
  /** Wall time, for a `Retry-After` that is a date. */
  readonly nowMs: number
}

// The longest that the circuit breaker would stay open; a longer wait is somebody else's mistake or malice.
const MAX_RETRY_AFTER_SECONDS = 60

/** Turns an HTTP answer into one of the API; throws an `OnezoneFaultError` for whatever is no answer of Onezone. */
export function readAnswer<Result>(
  call: Pick<ApiCall<Result>, 'operation' | 'refusals' | 'blamesUs' | 'read'>,
  answer: Answer,
  { origin, nowMs }: AnswerContext,
): ApiAnswer<Result> {
  const { status, headers } = answer
  const fault = (code: OnezoneFaultCode, what: string): OnezoneFaultError =>
    new OnezoneFaultError(code, `${call.operation}: ${origin} ${what}.`, {
      retryAfterSeconds: readRetryAfter(headers['retry-after'], nowMs),
    })

  if (status >= 300 && status < 400) {
    const what = `answered ${status}, and redirects are not followed; set "url" to where Onezone really is`
    throw fault('ERR_ONEZONE_REDIRECT', what)
  }
  if (status !== 200 && !call.refusals.includes(status)) {
    throw fault('ERR_ONEZONE_STATUS', `answered ${status}`)
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw fault('ERR_ONEZONE_ANSWER_INVALID', 'encoded its answer, though asked for "identity"')
  }
  // Not asked of errors: a 401 from authentication has none (Onezone API, §8).
  if (status === 200 && !isJsonType(headers['content-type'])) {
    throw fault('ERR_ONEZONE_ANSWER_INVALID', 'answered 200 with something other than JSON')
  }

  let body: unknown
  try {
    body = parseStrictJson(answer.body)
  } catch (error) {
    const why = error instanceof Error ? error.message : ''
    throw fault('ERR_ONEZONE_ANSWER_INVALID', `answered ${status} with a body that is ${why}`)
  }
  if (status === 200) {
    const result = isJsonObject(body) ? call.read(body) : undefined
    if (result !== undefined) return { ok: true, result }
  } else {
    const error = isJsonObject(body) ? readErrorBody(body) : undefined
    if (error !== undefined && call.blamesUs?.(error) === true) {
      throw fault('ERR_ONEZONE_STATUS', `answered ${status} ${error.id} to the request itself`)
    }
    if (error !== undefined) return { ok: false, status, error }
  }
  const what = `answered ${status} with JSON that is not of the documented shape`
  throw fault('ERR_ONEZONE_ANSWER_INVALID', what)
}

type HeaderValue = string | string[] | undefined

function isJsonType(value: HeaderValue): boolean {
  return typeof value === 'string' && /^application\/json(?:; ?charset="?utf-8"?)?$/i.test(value)
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
function readRetryAfter(value: HeaderValue, nowMs: number): number | undefined {
  if (typeof value !== 'string') return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value), MAX_RETRY_AFTER_SECONDS)
  if (!IMF_FIXDATE.test(value)) return undefined
  const seconds = Math.ceil((Date.parse(value) - nowMs) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS)
}
