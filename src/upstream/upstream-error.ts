import type { UpstreamRequest } from './dispatcher.ts'
import { TOO_LONG, TOO_MANY_FIELDS } from './response-head.ts'

/** Why a request to an upstream failed, where the system has no code of its own for it. */
export type UpstreamErrorCode =
  | 'ERR_UPSTREAM_CONNECT_TIMEOUT'
  | 'ERR_UPSTREAM_HEAD_TIMEOUT'
  | 'ERR_UPSTREAM_BODY_TIMEOUT'
  | 'ERR_UPSTREAM_INVALID'
  | 'ERR_UPSTREAM_HEAD_TOO_LARGE'
  | 'ERR_UPSTREAM_CLOSED'
  | 'ERR_UPSTREAM_BUSY'
  | 'ERR_REQUEST_INVALID'
  | 'ERR_POOL_CLOSED'

/** A request to an upstream that failed. The message never repeats what the upstream, or the client, sent. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly code: UpstreamErrorCode

  constructor(code: UpstreamErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const TIMEOUTS: Record<'connecting' | 'head' | 'body', [UpstreamErrorCode, string]> = {
  connecting: ['ERR_UPSTREAM_CONNECT_TIMEOUT', 'there was no connection in time'],
  head: ['ERR_UPSTREAM_HEAD_TIMEOUT', 'there was no response in time'],
  body: ['ERR_UPSTREAM_BODY_TIMEOUT', 'the response stalled'],
}

/** @param what What a connection was at. */
export function tookTooLong(what: keyof typeof TIMEOUTS): UpstreamError {
  const [code, message] = TIMEOUTS[what]
  return new UpstreamError(code, message)
}

const TOO_LARGE: ReadonlySet<string> = new Set([TOO_LONG, TOO_MANY_FIELDS])

/** @param objection What is wrong with a response. */
export function refusedFor(objection: string): UpstreamError {
  const message = `the response of the upstream was refused: ${objection}`
  const code = TOO_LARGE.has(objection) ? 'ERR_UPSTREAM_HEAD_TOO_LARGE' : 'ERR_UPSTREAM_INVALID'
  return new UpstreamError(code, message)
}

/** Names the setting, since it is the operator who reads this. */
function inUse(maxConnections: number): string {
  return `all connections to the upstream (maxConnections: ${maxConnections}) are in use`
}

export function noConnectionInTime(maxConnections: number): UpstreamError {
  const message = `${inUse(maxConnections)}, and none became free in time`
  return new UpstreamError('ERR_UPSTREAM_BUSY', message)
}

export function heldTooLong(maxConnections: number): UpstreamError {
  const message = `${inUse(maxConnections)}; this client has most of those that wait for their clients, and others wait`
  return new UpstreamError('ERR_UPSTREAM_BUSY', message)
}

export function tooManyWait(maxConnections: number, maxWaiting: number): UpstreamError {
  const message = `${inUse(maxConnections)}, and ${maxWaiting} requests wait for one`
  return new UpstreamError('ERR_UPSTREAM_BUSY', message)
}

export function poolClosed(): UpstreamError {
  return new UpstreamError('ERR_POOL_CLOSED', 'the connections to the upstream were closed')
}

/** Why there is nothing to send: the body was destroyed, and nothing would ever come after the head. Null: there is. */
export function lossOfBody({ body }: UpstreamRequest): Error | null {
  if (body?.destroyed !== true) return null
  const message = 'the body of the request was destroyed before it was sent'
  return body.errored ?? new UpstreamError('ERR_REQUEST_INVALID', message)
}
