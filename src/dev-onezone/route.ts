import type { Answer } from './answers.ts'
import { Refusal, refusals } from './answers.ts'
import type { Caller } from './caller.ts'
import { refuseBeyondLimits } from './caller-limits.ts'
import type { Gri, GriOperation } from './gri.ts'
import type { Operation } from './operations.ts'
import type { Reply } from './reply.ts'
import type { OnezoneState } from './state.ts'

/** Under which all operations of the REST API are found. */
export const API_PREFIX = '/api/v3/onezone'

/** A request that passed the HTTP edge: the method is allowed, the caller authenticated, the body parsed. */
export interface ApiRequest {
  readonly state: OnezoneState
  /** Segments of the path that stand in braces in {@link Route.path}, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly caller: Caller
  /** Whether permissions are asked for. */
  readonly asksPermission: boolean
  /** Address of the TCP peer if it is IPv4, else null. */
  readonly peerIp: string | null
  /** Address of the TCP peer as the server sees it. */
  readonly peerAddress: string
  /** Any JSON value; `{}` if the request has no body. Whether it is an object is for the route to ask. */
  readonly body: unknown
}

/** Where an operation is found. */
interface Place {
  readonly operation: Operation
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** E.g. `/api/v3/onezone/tokens/named/{id}`. */
  readonly path: string
}

/** One operation of the API at one path, and everything that stands before it. */
export interface ApiRoute extends Place {
  readonly answer: (request: ApiRequest) => Answer | Refusal
}

/** A page beside the API: nothing about the request is looked at, its credentials included. */
export interface PageRoute extends Place {
  readonly reply: (state: OnezoneState) => Reply
}

export type Route = ApiRoute | PageRoute

/** A row of a table of routes. What must not be forgotten is required. */
export interface RouteRow<About> extends Place {
  /** What is asked for, say a stored token; a refusal says that there is no such thing. */
  readonly about: (request: ApiRequest) => About | Refusal
  /** What limits on the caller's own token are matched against (Onezone API, §7.3). */
  readonly gri: (about: About, request: ApiRequest) => Gri
  /** Whether the caller may do this (Onezone API, §7.2). */
  readonly permits: (about: About, request: ApiRequest) => boolean
  readonly answer: (about: About, request: ApiRequest) => Answer | Refusal
}

/**
 * The route of a row. It refuses in the order of the original (Onezone API, §16): what is not there, what the caller's
 * own token does not reach, what the caller may not do; then it answers.
 */
export function routeOf<About>(row: RouteRow<About>): ApiRoute {
  const { operation, method, path } = row
  return {
    operation,
    method,
    path,
    answer(request) {
      const about = row.about(request)
      if (about instanceof Refusal) return about
      const { caller } = request
      const doing = GRI_OPERATIONS[method]
      const refusal = refuseBeyondLimits(caller.caveats, doing, row.gri(about, request))
      if (refusal !== null) return refusal
      if (request.asksPermission && !row.permits(about, request)) {
        return caller.subject.type === 'nobody' ? refusals.unauthorized() : refusals.forbidden()
      }
      return row.answer(about, request)
    },
  }
}

/** The route of an operation that is open to everybody. */
export function publicRoute(
  row: Place & {
    readonly gri: Gri
    readonly answer: (request: ApiRequest) => Answer | Refusal
  },
): ApiRoute {
  return routeOf({
    ...row,
    about: () => null,
    gri: () => row.gri,
    permits: () => true,
    answer: (_, request) => row.answer(request),
  })
}

const GRI_OPERATIONS: Readonly<Record<Route['method'], GriOperation>> = {
  POST: 'create',
  GET: 'get',
  PATCH: 'update',
  DELETE: 'delete',
}
