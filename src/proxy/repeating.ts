/**
 * Whether a request that failed may be sent once more, and whether its failure counts against the upstream.
 *
 * @module
 */

import { IDEMPOTENT_METHODS } from '../upstream/index.ts'
import { UploadError } from './request-body.ts'

/** How an attempt stood when it failed. */
export interface FailedAttempt {
  readonly method: string
  readonly hasBody: boolean
  /** Whether there was a connection, so that the upstream may have begun to act. */
  readonly connected: boolean
  /** Whether a byte of the answer was seen. */
  readonly answering: boolean
  readonly error: Error
}

/** The connection broke under a request. */
const BROKEN: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_UPSTREAM_CLOSED',
  'UND_ERR_SOCKET',
])

/** A response that had begun did not go on. */
const STALLED: ReadonlySet<unknown> = new Set(['ERR_UPSTREAM_BODY_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** Errors of our transport that are about us: a request that cannot be sent, a pool that is full or closed. */
const OURS: ReadonlySet<unknown> = new Set([
  'ERR_REQUEST_INVALID',
  'ERR_POOL_CLOSED',
  'ERR_UPSTREAM_BUSY',
  // The system's, when this process has run out of something.
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
])

/** A head beyond the limits may be the client's own words, repeated. */
const REPEATED: ReadonlySet<unknown> = new Set([
  'ERR_UPSTREAM_HEAD_TOO_LARGE',
  'UND_ERR_HEADERS_OVERFLOW',
])

/** Errors of undici that are the upstream's doing; its others are about us, too. */
const OF_UPSTREAM: ReadonlySet<unknown> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_SOCKET',
])

/**
 * Whether sending it again cannot do anything twice: either it was never sent, or it has no body, means the same when
 * repeated, and the connection broke before a byte of an answer. A slow upstream is not asked again: it may be at work.
 */
export function mayRepeat(attempt: FailedAttempt): boolean {
  const { method, hasBody, connected, answering, error } = attempt
  // It only waited for a connection, and another upstream may have one.
  if (codeOf(error) === 'ERR_UPSTREAM_BUSY') return !connected
  if (!speaksAgainstUpstream(error)) return false
  if (!connected) return true
  return !answering && !hasBody && IDEMPOTENT_METHODS.has(method) && BROKEN.has(codeOf(error))
}

/** Whether an error is the upstream's doing, and not the client's or ours. */
function speaksAgainstUpstream(error: Error): boolean {
  if (error instanceof UploadError) return error.side === 'upstream'
  const code = codeOf(error)
  if (String(code).startsWith('UND_ERR_')) return OF_UPSTREAM.has(code)
  return !OURS.has(code)
}

/**
 * Whether a failure counts towards leaving the upstream out. What a client can bring about at will does not, or else it
 * could have a healthy upstream left out: a head that repeats what the client said may be too long, an upload that is
 * refused while it is under way breaks its connection, a response that has begun may be one that stalls, and a body
 * that was not asked for yet goes stale while it waits.
 */
export function countsAgainstUpstream(attempt: FailedAttempt): boolean {
  const { hasBody, connected, error } = attempt
  const code = codeOf(error)
  if (error instanceof UploadError && !connected) return false
  if (connected && hasBody && BROKEN.has(code)) return false
  if (REPEATED.has(code)) return false
  return !STALLED.has(code) && speaksAgainstUpstream(error)
}

/** The code of an error, or else its name. Its text may hold what the upstream sent. */
export function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : error.name
}
