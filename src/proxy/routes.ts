import type { HeaderPolicy, RouteAuthenticator } from '../authenticator/index.ts'
import { readOption } from '../authenticator/index.ts'
import type { UpstreamDispatcher } from '../upstream/index.ts'
import { parseRoutePath } from './route-path.ts'
import { parseUpstreamUrl } from './upstream-url.ts'

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

/** Where requests go, and who may make them. */
export interface ProxyRoute {
  /** Bounded name of the route, for metrics and logs. */
  readonly id: string
  /**
   * `/exact`, `/prefix/**` or `/**`. Compared segment by segment and with regard to case; `/prefix/**` is also `/prefix`.
   * Of several routes that match, the first one counts.
   */
  readonly path: string
  /** `http://` or `https://`, host, and optionally a base path that is put in front of every path. */
  readonly upstream: string
  readonly authenticator: RouteAuthenticator
  readonly timeouts?: UpstreamTimeouts | undefined
  /** Whether requests for a WebSocket are carried, or refused. @default true */
  readonly websocket?: boolean | undefined
  /** Makes the requests to the upstream, undici's too; the caller closes it. @default a pool of the proxy's own */
  readonly dispatcher?: UpstreamDispatcher | undefined
}

/** A route with everything filled in that does not depend on the request. */
export interface CompiledRoute {
  readonly id: string
  /** The path in the router's own notation. */
  readonly pattern: string
  readonly origin: string
  readonly basePath: string
  /** `Host` towards the upstream; null: the client's. */
  readonly upstreamHost: string | null
  readonly authenticator: RouteAuthenticator
  readonly policy: HeaderPolicy
  readonly websocket: boolean
  readonly timeouts: { readonly [Name in keyof UpstreamTimeouts]-?: number }
  readonly dispatcher: UpstreamDispatcher
}

/** Finds the dispatcher for an origin. */
export type DispatcherFor = (origin: string, connectMs: number) => UpstreamDispatcher

const DEFAULT_TIMEOUTS = {
  connectMs: 3_000,
  headMs: 60_000,
  idleBodyMs: 60_000,
  idleStreamMs: 0,
} as const

/**
 * Checks the routes and fills in what they leave out.
 *
 * The client's `Host` is kept towards `http:` upstreams, so that an API behind the gateway builds the same links as in
 * front of it. Towards `https:` it is the upstream's own, since it is also the name that its certificate is checked for,
 * which is not for a client to choose.
 *
 * @throws {TypeError} naming the option that makes no sense.
 */
export function compileRoutes(
  routes: readonly ProxyRoute[],
  dispatcherFor: DispatcherFor,
): CompiledRoute[] {
  const ids = new Set<string>()
  return routes.map((route, index) => {
    const at = `routes[${index}]`
    if (route.id === '' || ids.has(route.id)) {
      throw new TypeError(`"${at}.id" must be a name that no other route has`)
    }
    ids.add(route.id)
    const path = readOption(`${at}.path`, route.path, parseRoutePath)
    const upstream = readOption(`${at}.upstream`, route.upstream, parseUpstreamUrl)
    const { origin, protocol, host } = new URL(upstream)
    const timeouts = readTimeouts(route.timeouts, `${at}.timeouts`)
    return {
      id: route.id,
      pattern: path.replace(/\*\*$/, '*'),
      origin,
      basePath: upstream.slice(origin.length),
      upstreamHost: protocol === 'https:' ? host : null,
      authenticator: route.authenticator,
      policy: route.authenticator.headers,
      websocket: route.websocket ?? true,
      timeouts,
      dispatcher: route.dispatcher ?? dispatcherFor(origin, timeouts.connectMs),
    }
  })
}

function readTimeouts(given: UpstreamTimeouts = {}, name: string): CompiledRoute['timeouts'] {
  const timeouts: Record<keyof UpstreamTimeouts, number> = { ...DEFAULT_TIMEOUTS }
  for (const key of Object.keys(DEFAULT_TIMEOUTS) as (keyof UpstreamTimeouts)[]) {
    const value = given[key] ?? DEFAULT_TIMEOUTS[key]
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
