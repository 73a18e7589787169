import type { Answer } from './exchange.ts'
import type { JsonObject } from '../json.ts'

/** An operation of an API over HTTP and JSON, and how to read what it answers. */
export interface HttpCall<Result, ErrorBody> {
  /** Name of the client's method. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the API prefix, already percent-encoded, with its query. */
  readonly path: string
  /** Credentials and the type of the body, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: JsonObject | undefined
  /** Ends the call: it rejects with the signal's reason, and the connection becomes free. */
  readonly signal?: AbortSignal | undefined
  /** Goes before calls that are not urgent where calls have to wait. */
  readonly urgent?: boolean | undefined
  /** For whom it is: where calls have to wait, parties take turns. @default all calls are for one */
  readonly party?: string | undefined
  /**
   * Whether doing it twice is more than doing it once: then it is sent again only where nothing had been sent.
   *
   * @default false
   */
  readonly changesThings?: boolean | undefined
  /** Status of a success. @default 200 */
  readonly success?: number | undefined
  /** Statuses whose error is an answer to the question; any other status is a fault. */
  readonly refusals: readonly number[]
  /**
   * Takes the error out of an answer of such a status; null: its body is no JSON object. Undefined where it is no
   * error.
   */
  readonly readError: (body: JsonObject | null, status: number) => ErrorBody | undefined
  /** Names an error that is about how we asked rather than what: then it is a fault, too. Null for any other. */
  readonly blamesUs?: ((error: ErrorBody) => string | null) | undefined
  /** Takes the result out of a success, `{}` where that is a 204; undefined where it is not of the documented shape. */
  readonly read: (body: JsonObject, headers: Answer['headers']) => Result | undefined
  /** Deepest nesting of its answer. @default 16 */
  readonly maxDepth?: number | undefined
}

/** A result, or an error of the API that answers the question. */
export type HttpAnswer<Result, ErrorBody> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly status: number; readonly error: ErrorBody }
