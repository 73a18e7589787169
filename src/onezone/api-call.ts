import { OnezoneApiError } from '../errors.ts'
import type { JsonObject } from '../http-client/index.ts'
import type { OnezoneErrorBody } from './wire.ts'

/** Whom to call Onezone as, where an operation is not public. */
export interface OnezoneCredentials {
  /** An access token of the caller, sent as `X-Auth-Token` (Onezone API, §8). */
  readonly token: string
}

/** An operation of the API, and how to read what it answers. */
export interface ApiCall<Result> {
  /** Name of the client's method. */
  readonly operation: string
  readonly method: 'GET' | 'POST'
  /** Below the API prefix, already percent-encoded. */
  readonly path: string
  readonly body?: JsonObject
  /** Absent: the call is anonymous. */
  readonly credentials?: OnezoneCredentials
  /** Goes before calls that are not urgent where calls have to wait. */
  readonly urgent?: boolean | undefined
  /** Statuses whose error is an answer to the question; any other status is a fault. */
  readonly refusals: readonly number[]
  /** Whether an error of such a status is about how we asked rather than what: then it is a fault, too. */
  readonly blamesUs?: (error: OnezoneErrorBody) => boolean
  /** Takes the result out of a 200; undefined where it is not of the documented shape. */
  readonly read: (body: JsonObject) => Result | undefined
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
