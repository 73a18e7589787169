import type { AnswerCode } from '../authenticator/index.ts'
import type { UpstreamEvent } from './events.ts'
import { UploadError } from './request-body.ts'

/**
 * Codes of the transport, of undici and of the system that mean "took too long"; all others: "refused, broke off or
 * garbled".
 */
const TIMEOUTS: ReadonlySet<unknown> = new Set([
  'ERR_UPSTREAM_CONNECT_TIMEOUT',
  'ERR_UPSTREAM_HEAD_TIMEOUT',
  'ERR_UPSTREAM_BODY_TIMEOUT',
  'ERR_UPSTREAM_BUSY',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

const CODES: Readonly<Record<UploadError['fault'], AnswerCode>> = {
  gone: 'request_invalid',
  stalled: 'request_timeout',
  'too-large': 'body_too_large',
}

/** What the failure of a request to an upstream is called in metrics, and how it is answered. */
export function meaningOf(error: Error): { outcome: UpstreamEvent['outcome']; code: AnswerCode } {
  if (error instanceof UploadError && error.side === 'client') {
    return { outcome: 'aborted', code: CODES[error.fault] }
  }
  const late = error instanceof UploadError || ('code' in error && TIMEOUTS.has(error.code))
  return late
    ? { outcome: 'timeout', code: 'upstream_timeout' }
    : { outcome: 'unreachable', code: 'upstream_unreachable' }
}
