import type { Dispatcher } from 'undici'

import type { HeaderPolicy, RouteAuthenticator } from '../authenticator/index.ts'

/** How long a route waits for its upstream, in whole milliseconds. */
export interface UpstreamTimeouts {
  /** Until a connection is there; 1 or more. @default 3_000 */
  readonly connectMs?: number | undefined
  /** From the end of the request to the head of the response; 1 or more. @default 60_000 */
  readonly headMs?: number | undefined
  /** Between two parts of a body, in either direction; 0: any time, for event streams. @default 60_000 */
  readonly idleBodyMs?: number | undefined
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
  /** Makes the requests to the upstream; the caller closes it. @default a pool of the proxy's own */
  readonly dispatcher?: Dispatcher | undefined
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
  readonly timeouts: { readonly [Name in keyof UpstreamTimeouts]-?: number }
  readonly dispatcher: Dispatcher
}

/** Finds the dispatcher for an origin. */
export type DispatcherFor = (origin: string, connectMs: number) => Dispatcher

const DEFAULT_TIMEOUTS = { connectMs: 3_000, headMs: 60_000, idleBodyMs: 60_000 } as const

/** Only letters that no server reads in a second way, so that a path can be compared with them as text. */
const PATTERN = /^(?:\/|(?:\/[A-Za-z0-9._~@-]+)+\/?|(?:\/[A-Za-z0-9._~@-]+)*\/\*\*)$/

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
    const upstream = readUpstream(route.upstream, `${at}.upstream`)
    const timeouts = readTimeouts(route.timeouts, `${at}.timeouts`)
    return {
      id: route.id,
      pattern: readPattern(route.path, `${at}.path`),
      origin: upstream.origin,
      basePath: upstream.pathname.replace(/\/$/, ''),
      upstreamHost: upstream.protocol === 'https:' ? upstream.host : null,
      authenticator: route.authenticator,
      policy: route.authenticator.headers,
      timeouts,
      dispatcher: route.dispatcher ?? dispatcherFor(upstream.origin, timeouts.connectMs),
    }
  })
}

function readPattern(path: string, name: string): string {
  if (!PATTERN.test(path) || /\/\.\.?(?:\/|$)/.test(path)) {
    throw new TypeError(
      `"${name}": ${JSON.stringify(path)} must be "/exact", "/prefix/**" or "/**", of letters, digits and "._~@-"`,
    )
  }
  return path.replace(/\*\*$/, '*')
}

function readUpstream(upstream: string, name: string): URL {
  const url = URL.canParse(upstream) ? new URL(upstream) : null
  const plain =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username + url.password + url.search + url.hash === ''
  if (!plain) {
    throw new TypeError(
      `"${name}": ${JSON.stringify(upstream)} must be an http(s) URL without credentials, query or fragment`,
    )
  }
  return url
}

function readTimeouts(given: UpstreamTimeouts = {}, name: string): CompiledRoute['timeouts'] {
  const timeouts: Record<keyof UpstreamTimeouts, number> = { ...DEFAULT_TIMEOUTS }
  for (const key of Object.keys(DEFAULT_TIMEOUTS) as (keyof UpstreamTimeouts)[]) {
    const value = given[key] ?? DEFAULT_TIMEOUTS[key]
    const least = key === 'idleBodyMs' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least || value > 2 ** 31 - 1) {
      throw new TypeError(
        `"${name}.${key}" must be a whole number of milliseconds, ${least} or more`,
      )
    }
    timeouts[key] = value
  }
  return timeouts
}
