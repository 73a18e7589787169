import type { Sliced } from '../slices.ts'
import { inOneGo } from '../slices.ts'
import { readHost } from './host-name.ts'
import { objectionToPath } from './path-readings.ts'
import type { RequestRefusal } from './request-record.ts'
import type { RequestLimits } from './request-limits.ts'
import { REQUEST_LIMITS } from './request-limits.ts'
import { isCarried } from './request-record.ts'
import { readTarget } from './request-target.ts'
import type { RouteMatch } from './route-match.ts'
import type { RouteQuestion, RouteTable } from './route-table.ts'
import { assembleRouteTable } from './route-table.ts'

/** A request whose route is asked for. */
export interface RouteRequest {
  readonly method: string
  /** As in the request line, e.g. `/api?q=1`. */
  readonly target: string
  /** As in a `Host` field. @default none, so that only routes for every host match */
  readonly host?: string | undefined
}

/** The route that a request would take, by its id; or its refusal. */
export type RouteChoice = { readonly routeId: string } | RequestRefusal

/** What a router has to know of a route. */
export interface Routable extends RouteMatch {
  readonly id: string
  /** What is taken off the front of its paths. @default nothing */
  readonly stripPrefix?: string | undefined
  /** Whether paths are sent on as they came, with nothing before them and nothing taken off. @default false */
  readonly keepsPaths?: boolean | undefined
}

/** Finds the routes of requests. */
export interface Router<Route> extends Pick<RouteTable<Route>, 'methodsFor'> {
  /** The route of a request, null where there is none; or the refusal of one whose path has more than one reading. */
  routeOf(question: RouteQuestion): RouteFound<Route>
  /** Finds the route of a request that did not come here itself; or its refusal. */
  find(request: RouteRequest): Route | RequestRefusal
  /** Methods of all routes that such a request would take but for its method; empty: there is none. */
  methodsAt(request: RouteRequest): string[]
  /** Finds the id of the route. */
  choose(request: RouteRequest): RouteChoice
}

/** What {@link Router.routeOf} finds. */
export type RouteFound<Route> = Route | RequestRefusal | null

/** Whether what was found is a refusal. */
export function isRefusal(found: object | null): found is RequestRefusal {
  return found !== null && 'code' in found
}

/** What takes no route goes nowhere. */
const ANY: Pick<Routable, 'stripPrefix' | 'keepsPaths'> = {}

/** Makes the router of a door. Of several routes that match a request, the first one counts. */
export function createRouter<Route extends Routable>(
  routes: readonly Route[],
  limits?: Pick<RequestLimits, 'targetBytes'>,
): Router<Route> {
  return inOneGo(assembleRouter(routes, limits))
}

/** The same, in slices. */
export function* assembleRouter<Route extends Routable>(
  routes: readonly Route[],
  limits: Pick<RequestLimits, 'targetBytes'> = REQUEST_LIMITS,
): Sliced<Router<Route>> {
  const table = yield* assembleRouteTable(routes)

  function routeOf(question: RouteQuestion): RouteFound<Route> {
    const route = table.find(question)
    const { stripPrefix = '', keepsPaths } = route ?? ANY
    const objection = objectionToPath(question, route, stripPrefix, table, keepsPaths)
    return objection === null ? route : { code: 'request_invalid', detail: objection }
  }

  function find({ method, target, host }: RouteRequest): Route | RequestRefusal {
    if (!isCarried(method)) return { code: 'method_not_allowed' }
    if (target.length > limits.targetBytes) return { code: 'target_too_long' }
    const read = readTarget(target)
    const name = host === undefined ? { name: '' } : readHost(host)
    if (typeof read === 'string') return { code: 'request_invalid', detail: read }
    if (name === null) return { code: 'request_invalid' }
    const question = { method, hostName: name.name, path: read.path }
    const route = routeOf(question)
    if (route !== null) return route
    const others = table.methodsFor(question)
    return { code: others.length > 0 ? 'method_not_allowed' : 'route_not_found' }
  }

  return {
    routeOf,
    methodsFor: (question) => table.methodsFor(question),
    find,
    methodsAt({ target, host }) {
      const read = readTarget(target)
      const name = host === undefined ? { name: '' } : readHost(host)
      if (typeof read === 'string' || name === null) return []
      return table.methodsFor({ hostName: name.name, path: read.path })
    },
    choose(request) {
      const found = find(request)
      return isRefusal(found) ? found : { routeId: found.id }
    },
  }
}
