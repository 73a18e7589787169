import type { HeaderPolicy, RouteAuthenticator } from '../authenticator/index.ts'
import { nameOption, readOption } from '../authenticator/index.ts'
import type { RouteMatch } from '../routing/index.ts'
import { checkStripPrefix, readRouteMatch } from '../routing/index.ts'
import type {
  UpstreamDispatcher,
  UpstreamGroup,
  UpstreamOptions,
  Upstreams,
} from '../upstream/index.ts'
import { readUpstreamOptions } from '../upstream/index.ts'

/** How long a route waits for its upstream, in whole milliseconds. */
export interface UpstreamTimeouts {
  /** Until a connection is there; 1 or more. @default 3_000 */
  readonly connectMs?: number | undefined
  /** From the end of the request to the head of the response; 1 or more. @default 60_000 */
  readonly headMs?: number | undefined
  /** Between two parts of a body, in either direction; 0: any time, for event streams. @default 60_000 */
  readonly idleBodyMs?: number | undefined
  /** Between two bytes of a WebSocket, in either direction; 0: any time. @default 0 */
  readonly idleStreamMs?: number | undefined
}

/** Which requests take a route, where they go, and who may make them. */
export interface ProxyRoute extends RouteMatch {
  /** Bounded name of the route, for metrics and logs. */
  readonly id: string
  /**
   * What is taken off the front of each path before it is sent on, e.g. `/api`. A prefix of `path` up to its first
   * parameter. The upstream is told in `X-Forwarded-Prefix`.
   *
   * @default nothing
   */
  readonly stripPrefix?: string | undefined
  /** Longest request body, in bytes, counted as they come; longer ones are answered 413. @default unlimited */
  readonly maxBodyBytes?: number | undefined
  /**
   * One URL, or several that take turns, see `parseUpstreamUrl`; or these with what else there is to say. Null: the
   * route is for another door, and here its requests are answered 404.
   */
  readonly upstream: string | readonly string[] | UpstreamOptions | null
  readonly authenticator: RouteAuthenticator
  readonly timeouts?: UpstreamTimeouts | undefined
  /** Whether requests for a WebSocket are carried, or refused. @default true */
  readonly websocket?: boolean | undefined
  /** Makes the requests to the upstream, undici's too; the caller closes it. @default connections of the proxy's own */
  readonly dispatcher?: UpstreamDispatcher | undefined
}

/** A route with everything filled in that does not depend on the request. */
export interface CompiledRoute extends RouteMatch {
  readonly id: string
  /** Empty: nothing is taken off. */
  readonly stripPrefix: string
  /** Infinity: there is no limit. */
  readonly maxBodyBytes: number
  /** Null: its requests are answered 404. */
  readonly upstreams: UpstreamGroup | null
  readonly authenticator: RouteAuthenticator
  readonly policy: HeaderPolicy
  readonly websocket: boolean
  readonly timeouts: { readonly [Name in keyof UpstreamTimeouts]-?: number }
}

/** A text that the proxy itself answers with, without asking for a token. */
export interface ProxyDocument {
  /** One path. */
  readonly path: string
  /** Header fields: name, value … */
  readonly fields: readonly string[]
  readonly body: string
}

/** The route of such a text: before all others. */
export interface DocumentRoute extends RouteMatch {
  readonly id: string
  readonly upstreams: null
  readonly document: ProxyDocument
}

/** Makes the route of a text. */
export function documentRoute(document: ProxyDocument): DocumentRoute {
  const match = readRouteMatch('document', { path: document.path, methods: ['GET'] })
  return { ...match, id: 'document', upstreams: null, document }
}

/** A route whose requests are carried to an upstream. */
export interface CarryingRoute extends CompiledRoute {
  readonly upstreams: UpstreamGroup
}

/** Whether the requests of a route are carried at all. */
export function isCarrying(route: CompiledRoute | DocumentRoute): route is CarryingRoute {
  return route.upstreams !== null
}

/** What is used where a time-out is left out. */
export const TIMEOUT_DEFAULTS = {
  connectMs: 3_000,
  headMs: 60_000,
  idleBodyMs: 60_000,
  idleStreamMs: 0,
} as const

/**
 * Checks the routes and fills in what they leave out.
 *
 * @throws {TypeError} naming the option that makes no sense.
 */
export function compileRoutes(
  routes: readonly ProxyRoute[],
  groupFor: Upstreams['groupFor'],
): CompiledRoute[] {
  const ids = new Set<string>()
  return routes.map((route, index) => {
    const at = `routes[${index}]`
    if (route.id === '' || ids.has(route.id)) {
      throw new TypeError(`"${at}.id" must be a name that no other route has`)
    }
    ids.add(route.id)
    const match = readRouteMatch(at, route)
    const given = route.upstream
    const upstream =
      given === null ? null : nameOption(`${at}.upstream`, () => readUpstreamOptions(given))
    const timeouts = readTimeouts(route.timeouts, `${at}.timeouts`)
    return {
      id: route.id,
      ...match,
      stripPrefix:
        route.stripPrefix === undefined
          ? ''
          : readOption(`${at}.stripPrefix`, route.stripPrefix, (prefix) =>
              checkStripPrefix(prefix, match.path),
            ),
      maxBodyBytes: readMaxBodyBytes(`${at}.maxBodyBytes`, route.maxBodyBytes),
      upstreams:
        upstream &&
        groupFor(upstream, { connectMs: timeouts.connectMs, dispatcher: route.dispatcher }),
      authenticator: route.authenticator,
      policy: route.authenticator.headers,
      websocket: route.websocket ?? true,
      timeouts,
    }
  })
}

function readMaxBodyBytes(name: string, given: number | undefined): number {
  if (given === undefined) return Infinity
  if (Number.isSafeInteger(given) && given >= 0) return given
  throw new TypeError(`"${name}" must be a whole number of bytes, 0 or more`)
}

function readTimeouts(given: UpstreamTimeouts = {}, name: string): CompiledRoute['timeouts'] {
  const timeouts: Record<keyof UpstreamTimeouts, number> = { ...TIMEOUT_DEFAULTS }
  for (const key of Object.keys(TIMEOUT_DEFAULTS) as (keyof UpstreamTimeouts)[]) {
    const value = given[key] ?? TIMEOUT_DEFAULTS[key]
    const least = key.startsWith('idle') ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least || value > 2 ** 31 - 1) {
      throw new TypeError(
        `"${name}.${key}" must be a whole number of milliseconds, ${least} or more`,
      )
    }
    timeouts[key] = value
  }
  return timeouts
}
