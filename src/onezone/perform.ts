import { checkOptions } from '../option-shape.ts'
import { isId } from '../token/index.ts'
import { CALL_OPTIONS, resultOf, type ApiCall, type CallOptions } from './api-call.ts'
import type { Transport } from './api-transport.ts'
import { credentialFields, type OnezoneCredentials } from './credentials.ts'

/** An operation that answers with a result or with an error of the catalogue. */
export interface Operation<Result> extends Omit<
  ApiCall<Result>,
  'refusals' | 'changesThings' | 'authentication' | 'signal'
> {
  /** `public`: anybody may; `restricted`: only who shows credentials. */
  readonly access: 'public' | 'restricted'
  /** Whether it only reads, whatever its method is. @default true for GET, false for all others */
  readonly reads?: boolean
}

/** Performs an operation. Rejects with an `OnezoneApiError` where Onezone says no. */
export type Perform = <Result>(
  operation: Operation<Result>,
  options: CallOptions | undefined,
) => Promise<Result>

/** Answers of the operation or about its caller; all other statuses are faults (Onezone API, §9). */
const API_ERRORS = [400, 401, 403, 404, 409]

/** Makes the {@link Perform} of a client that has these credentials. */
export function createPerform(
  transport: Transport,
  clientCredentials: OnezoneCredentials | undefined,
): Perform {
  return async ({ access, reads, ...operation }, options) => {
    if (options !== undefined) checkOptions(operation.operation, options, CALL_OPTIONS)
    const own = access === 'restricted' ? clientCredentials : undefined
    const credentials = options?.credentials === undefined ? own : options.credentials
    if (credentials === undefined && access === 'restricted') {
      throw new TypeError(
        `"credentials" are missing: ${operation.operation} is for nobody without; give them with the call or to the client.`,
      )
    }
    const answer = await transport.call({
      ...operation,
      authentication: credentials === undefined ? undefined : credentialFields(credentials),
      signal: readSignal(options?.signal),
      changesThings: !(reads ?? operation.method === 'GET'),
      refusals: API_ERRORS,
    })
    return resultOf(operation.operation, answer)
  }
}

/** Checks a signal that a caller gave. */
export function readSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw new TypeError('"signal" must be an AbortSignal.')
}

/** An id as a segment of a path. */
export function idSegment(name: string, id: string): string {
  if (!isId(id)) throw new TypeError(`"${name}" must be the id of a resource.`)
  return encodeURIComponent(id)
}

/** The name of a token as a segment of a path: any text that leads nowhere else. */
export function nameSegment(name: string): string {
  const isName = typeof name === 'string' && name !== '' && name !== '.' && name !== '..'
  if (!isName || /\p{Surrogate}/u.test(name)) {
    throw new TypeError('"name" must be the name of a token.')
  }
  return encodeURIComponent(name)
}
