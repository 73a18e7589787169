import type { RequestTrace } from './request-trace.ts'

/** Route id of requests that were refused before a route was found. */
export const UNMATCHED = 'unmatched'

/** One request, told when its response has ended or broken off. */
export interface RequestEvent {
  /** `unmatched` where no route was found. */
  readonly routeId: string
  /** As sent by the client; one of those that Node's parser knows. */
  readonly method: string
  /** Status that was sent; 499 where the client went away before any was. */
  readonly status: number
  readonly durationMs: number
  /** Whether the response was sent to its end. */
  readonly completed: boolean
  /** What else is known of it: its id, whose it was, where it went. */
  readonly trace: RequestTrace
}

/** What became of one upstream request. */
export interface UpstreamEvent {
  readonly routeId: string
  /**
   * `ok`: answered to the end, whatever the status. `unreachable`: refused, reset, cut short or garbled. `timeout`: no
   * connection, no head or no body in time. `aborted`: the client went away first, or its stream was ended here.
   */
  readonly outcome: 'ok' | 'unreachable' | 'timeout' | 'aborted'
  /** The request is sent once more, because that is safe and there is somewhere to send it. @default false */
  readonly retried?: boolean
}

/** What stays open for as long as it likes. */
export type StreamKind = 'websocket' | 'event-stream'

/**
 * Why a stream ended. `client`, `upstream`: that side ended it. `idle`: nothing came for too long. `refused`: its token
 * is no good any more. `unverified`: nobody could say so until the bound. `draining`: the gateway is being stopped.
 */
export type StreamEnd = 'client' | 'upstream' | 'idle' | 'refused' | 'unverified' | 'draining'

/** Something that happened to one stream. */
export type StreamEvent =
  | { readonly kind: StreamKind; readonly routeId: string; readonly phase: 'begun' }
  | {
      readonly kind: StreamKind
      readonly routeId: string
      readonly phase: 'ended'
      readonly why: StreamEnd
    }
