import { OnezoneApiError } from '../errors.ts'
import type { HttpCall } from '../http-client/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { JUDGED_ELSEWHERE } from '../option-shape.ts'
import type { OnezoneCredentials } from './credentials.ts'
import type { OnezoneErrorBody } from './wire.ts'

/** What a method takes beside its request. */
export interface CallOptions {
  /**
   * Whom to call as. Public operations use only what is given here, never the client's own: there, credentials change
   * the answer (the caller becomes the consumer), and bad ones spoil it.
   *
   * @default the client's `credentials`; none for a public operation
   */
  readonly credentials?: OnezoneCredentials | undefined
  /** Ends the call: it rejects with the signal's reason, and the connection becomes free. */
  readonly signal?: AbortSignal | undefined
}

/** What may stand beside a request; each has a reader of its own. */
export const CALL_OPTIONS: OptionShape<CallOptions> = {
  credentials: JUDGED_ELSEWHERE,
  signal: JUDGED_ELSEWHERE,
}

/** An operation of the API, and how to read what it answers. */
export interface ApiCall<Result> extends Omit<
  HttpCall<Result, OnezoneErrorBody>,
  'headers' | 'readError' | 'blamesUs'
> {
  /** Header fields with the caller's credentials; absent: the call is anonymous. */
  readonly authentication?: Readonly<Record<string, string>> | undefined
  /** Whether an error is about how we asked rather than what: then it is a fault, too. */
  readonly blamesUs?: (error: OnezoneErrorBody) => boolean
}

/** A result, or an error of Onezone's catalogue that answers the question. */
export type ApiAnswer<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly status: number; readonly error: OnezoneErrorBody }

/** The result of an answer; an error of Onezone's catalogue is thrown as `OnezoneApiError`. */
export function resultOf<Result>(operation: string, answer: ApiAnswer<Result>): Result {
  if (answer.ok) return answer.result
  const { status, error } = answer
  const message = `${operation}: Onezone answered ${status} ${error.id}.`
  throw new OnezoneApiError(message, { status, id: error.id, details: error.details })
}
