import type { Answer, AnswerCode, Decision } from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { Incoming } from '../listener/index.ts'
import type { RequestRecord } from '../routing/index.ts'
import type { RequestSpan } from './request-span.ts'

/**
 * What is known of one request, noted while it goes its way. Only references are kept, so that what nobody reads costs
 * next to nothing; read it when the response has ended.
 */
export interface RequestTrace {
  readonly requestId: string
  readonly incoming: Incoming
  /** Address of the peer as its socket said when the request came: of one that is closed it says nothing any more. */
  readonly remoteAddress: string | undefined
  /** Monotonic time in milliseconds. */
  readonly startedAtMs: number
  /** Null where the request could not be read. */
  record: RequestRecord | null
  /** Null until it was decided, and where that did not come to pass. */
  decision: Decision | null
  /** When it was decided; null where it was decided in the turn in which it came. */
  decidedAtMs: number | null
  /** What the client was told in the gateway's own name; null where it was not. */
  answer: Answer | null
  /** URL of the upstream that it was sent to last; null where it was sent to none. */
  upstream: string | null
  /** When it was sent to an upstream for the first time; null where nobody asked for that, or it was sent to none. */
  sentAtMs: number | null
  /** When its response began, likewise. */
  answeredAtMs: number | null
  /** Bytes of the response's body that were passed on; a WebSocket's are not counted. */
  bytes: number
  /** Null where nobody gathers traces. */
  span: RequestSpan | null
}

/** Begins the trace of a request. */
export function beginTrace({
  requestId,
  incoming,
  remoteAddress,
  startedAtMs,
}: Pick<RequestTrace, 'requestId' | 'incoming' | 'remoteAddress' | 'startedAtMs'>): RequestTrace {
  return {
    requestId,
    incoming,
    remoteAddress,
    startedAtMs,
    record: null,
    decision: null,
    decidedAtMs: null,
    answer: null,
    upstream: null,
    sentAtMs: null,
    answeredAtMs: null,
    bytes: 0,
    span: null,
  }
}

/** Makes the answer for a code, under the id of the request, and notes it. */
export function answerOf(trace: RequestTrace, code: AnswerCode, detail?: string): Answer {
  return noted(trace, answerFor(code, { requestId: trace.requestId, detail }))
}

/** Notes that the client is told this. */
export function noted(trace: RequestTrace, answer: Answer): Answer {
  trace.answer = answer
  trace.bytes = Buffer.byteLength(answer.body)
  return answer
}
