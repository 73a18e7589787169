/** Why a request to an upstream failed, where the system has no code of its own for it. */
export type UpstreamErrorCode =
  | 'ERR_UPSTREAM_CONNECT_TIMEOUT'
  | 'ERR_UPSTREAM_HEAD_TIMEOUT'
  | 'ERR_UPSTREAM_BODY_TIMEOUT'
  | 'ERR_UPSTREAM_INVALID'
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
