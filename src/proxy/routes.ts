import type { HeaderPolicy, RouteAuthenticator } from '../authenticator/index.ts'
import { nameOption, readOption } from '../authenticator/index.ts'
import type { RouteMatch } from '../routing/index.ts'
import { checkStripPrefix, readRouteMatch } from '../routing/index.ts'
import type { Sliced } from '../slices.ts'
import type {
  UpstreamDispatcher,
  UpstreamGroup,
  UpstreamOptions,
  Upstreams,
  UpstreamSettings,
} from '../upstream/index.ts'
import { readUpstreamOptions } from '../upstream/index.ts'
import type { CorsOptions, CorsPolicy } from './cors.ts'
import { createCorsPolicy } from './cors.ts'
import type { FixedFields } from './fixed-fields.ts'
import { createFixedFields } from './fixed-fields.ts'

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
   * A request body without a length is held until its end and sent with one, up to so many bytes, 0 to 16_777_216;
   * longer ones are answered 413. 0: it is passed on as it comes, in chunks.
   *
   * @default 0
   */
  readonly bufferRequestBytes?: number | undefined
  /** Header fields that the upstream gets with every request, in place of the client's of these names. @default none */
  readonly upstreamHeaders?: Readonly<Record<string, string>> | undefined
  /** Which pages of other origins may use the route. @default the gateway says nothing about that */
  readonly cors?: CorsOptions | undefined
  /**
   * Pass `102` and `103` on over HTTP/1.1 too, where some clients take them for the answer (RFC 8297 §3).
   *
   * @default false
   */
  readonly informational?: boolean | undefined
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
  /** 0: bodies are not held. */
  readonly bufferRequestBytes: number
  /** Null: there are none. */
  readonly fixedFields: FixedFields | null
  /** Null: nothing is said about it. */
  readonly cors: CorsPolicy | null
  readonly informational: boolean
  /** Whether paths are sent on as they came. */
  readonly keepsPaths: boolean
  /** Fields that decide who gets an answer, as a list; empty: everybody gets the same. */
  readonly vary: string
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
export function* compileRoutes(
  routes: readonly ProxyRoute[],
  groupFor: Upstreams['groupFor'],
): Sliced<CompiledRoute[]> {
  const compiled: CompiledRoute[] = []
  const compile = createRouteCompiler(groupFor)
  for (const [index, route] of routes.entries()) {
    yield
    compiled.push(compile(route, `routes[${index}]`))
  }
  return compiled
}

/** Makes what compiles one route after the other. */
function createRouteCompiler(
  groupFor: Upstreams['groupFor'],
): (route: ProxyRoute, at: string) => CompiledRoute {
  const ids = new Set<string>()
  const settingsOf = createUpstreamReader()
  return (route, at) => {
    if (route.id === '' || ids.has(route.id)) {
      throw new TypeError(`"${at}.id" must be a name that no other route has`)
    }
    ids.add(route.id)
    const match = readRouteMatch(at, route)
    const given = route.upstream
    const upstream = given === null ? null : nameOption(`${at}.upstream`, () => settingsOf(given))
    const { headers } = route.authenticator
    const timeouts = readTimeouts(route.timeouts, `${at}.timeouts`)
    const strip = route.stripPrefix ?? ''
    return {
      id: route.id,
      ...match,
      keepsPaths:
        strip === '' && upstream?.targets.every(({ basePath }) => basePath === '') === true,
      stripPrefix:
        route.stripPrefix === undefined
          ? ''
          : readOption(`${at}.stripPrefix`, route.stripPrefix, (prefix) =>
              checkStripPrefix(prefix, match.path),
            ),
      maxBodyBytes: readMaxBodyBytes(`${at}.maxBodyBytes`, route.maxBodyBytes),
      bufferRequestBytes: readBufferBytes(`${at}.bufferRequestBytes`, route.bufferRequestBytes),
      fixedFields: nameOption(`${at}.upstreamHeaders`, () =>
        createFixedFields(route.upstreamHeaders, (name) => headers.claims(name)),
      ),
      cors: route.cors === undefined ? null : nameOption(`${at}.cors`, () => corsOf(route)),
      informational: route.informational ?? false,
      vary: varyOf(route.authenticator),
      upstreams:
        upstream &&
        groupFor(upstream, { connectMs: timeouts.connectMs, dispatcher: route.dispatcher }),
      authenticator: route.authenticator,
      policy: headers,
      websocket: route.websocket ?? true,
      timeouts,
    }
  }
}

/** Reads each way to write an upstream once: most routes share a few. */
function createUpstreamReader(): typeof readUpstreamOptions {
  const known = new Map<string, UpstreamSettings>()
  return (given) => {
    const key = JSON.stringify(given)
    const settings = known.get(key) ?? readUpstreamOptions(given)
    known.set(key, settings)
    return settings
  }
}

function corsOf({ cors, methods, authenticator }: ProxyRoute): CorsPolicy | null {
  const { credentialFields } = authenticator.headers
  return cors === undefined ? null : createCorsPolicy(cors, { methods, credentialFields })
}

function varyOf({ policy, headers }: RouteAuthenticator): string {
  if (policy.token === 'none') return ''
  const list = policy.credentials?.includes('websocket-protocol') ? ['Sec-WebSocket-Protocol'] : []
  return [...headers.credentialFields, ...list].join(', ')
}

/** The least and the most of a body that can be held. */
export const BUFFER_RANGE = [0, 16_777_216] as const

function readBufferBytes(name: string, given: number = 0): number {
  const [least, most] = BUFFER_RANGE
  if (Number.isSafeInteger(given) && given >= least && given <= most) return given
  throw new TypeError(`"${name}" must be a whole number of bytes from ${least} to ${most}`)
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
