import type { AnswerCode } from '../authenticator/index.ts'
import { readHost } from './host-name.ts'
import { isCarried, MAX_TARGET_LENGTH } from './request-record.ts'
import { readsAlike, readTarget } from './request-target.ts'
import type { RouteMatch } from './route-match.ts'
import type { RouteQuestion, RouteTable } from './route-table.ts'
import { createRouteTable } from './route-table.ts'

/** A request whose route is asked for. */
export interface RouteRequest {
  readonly method: string
  /** As in the request line, e.g. `/api?q=1`. */
  readonly target: string
  /** As in a `Host` field. @default none, so that only routes for every host match */
  readonly host?: string | undefined
}

/** The route that a request would take, by its id; or the code of its refusal. */
export type RouteChoice = { readonly routeId: string } | { readonly code: AnswerCode }

/** Finds the routes of requests. */
export interface Router<Route> extends Pick<RouteTable<Route>, 'methodsFor'> {
  /** The route of a request, null where there is none; or the code of a request that has more than one reading. */
  routeOf(question: RouteQuestion): Route | AnswerCode | null
  /** Finds the route of a request that did not come here itself; or the code of its refusal. */
  find(request: RouteRequest): Route | AnswerCode
  /** Methods of all routes that such a request would take but for its method; empty: there is none. */
  methodsAt(request: RouteRequest): string[]
  /** Finds the id of the route. */
  choose(request: RouteRequest): RouteChoice
}

/** Makes the router of a door. Of several routes that match a request, the first one counts. */
export function createRouter<Route extends RouteMatch & { readonly id: string }>(
  routes: readonly Route[],
): Router<Route> {
  const table = createRouteTable(routes)

  function routeOf(question: RouteQuestion): Route | AnswerCode | null {
    const route = table.find(question)
    const { method, hostName, path } = question
    const alike = readsAlike(path, (other) =>
      other === path ? route : table.find({ method, hostName, path: other }),
    )
    return alike ? route : 'request_invalid'
  }

  function find({ method, target, host }: RouteRequest): Route | AnswerCode {
    if (!isCarried(method)) return 'method_not_allowed'
    if (target.length > MAX_TARGET_LENGTH) return 'headers_too_large'
    const read = readTarget(target)
    const name = host === undefined ? { name: '' } : readHost(host)
    if (read === null || name === null) return 'request_invalid'
    const question = { method, hostName: name.name, path: read.path }
    const route = routeOf(question)
    if (route !== null) return route
    return table.methodsFor(question).length > 0 ? 'method_not_allowed' : 'route_not_found'
  }

  return {
    routeOf,
    methodsFor: (question) => table.methodsFor(question),
    find,
    methodsAt({ target, host }) {
      const read = readTarget(target)
      const name = host === undefined ? { name: '' } : readHost(host)
      if (read === null || name === null) return []
      return table.methodsFor({ hostName: name.name, path: read.path })
    },
    choose(request) {
      const found = find(request)
      return typeof found === 'string' ? { code: found } : { routeId: found.id }
    },
  }
}
