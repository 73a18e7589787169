import type { RequestIds } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { RequestLimits } from '../routing/index.ts'
import type { ResponseLimits } from '../upstream/index.ts'
import type { ClientLimits } from './client-limits.ts'
import type { RequestEvent, StreamEvent, UpstreamEvent } from './events.ts'
import type { StreamOptions } from './open-streams.ts'
import type { RequestTracing } from './request-tracing.ts'
import type { ProxyDocument, ProxyRoute } from './routes.ts'

/** Options of `createReverseProxy`. */
export interface ReverseProxyOptions {
  /** In order: the first one that matches counts. What none matches is answered 404. */
  readonly routes: readonly ProxyRoute[]
  /** What is answered with a text of the gateway's own. @default nothing */
  readonly document?: ProxyDocument | undefined
  /** Finds the ids of requests, `Authenticator.requestIdOf`. @default nobody is believed, each gets a new one */
  readonly requestIdOf?: RequestIds | undefined
  /** What is answered to those who look whether requests may be sent here. @default nothing */
  readonly health?: HealthAnswer | undefined
  /** How much a request may bring before its body. @default REQUEST_LIMITS */
  readonly limits?: RequestLimits | undefined
  /** How much of an answer may come before its body. @default RESPONSE_LIMITS */
  readonly responseLimits?: ResponseLimits | undefined
  /** Note how long upstreams take, for {@link RequestEvent}'s trace. @default false */
  readonly timed?: boolean | undefined
  /** Shows requests to those who gather traces; null: nobody does. @default null */
  readonly tracing?: RequestTracing | null | undefined
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** Told of every request when its response has ended or broken off. */
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  /** Told of every upstream request when it is over. */
  readonly onUpstream?: ((event: UpstreamEvent) => void) | undefined
  /** How WebSockets and event streams are verified again while they are open. */
  readonly streams?: StreamOptions | undefined
  /** What one client address may have or send. @default CLIENT_LIMIT_DEFAULTS */
  readonly clientLimits?: ClientLimits | undefined
  /** Told when a WebSocket or an event stream begins and when it has ended. */
  readonly onStream?: ((event: StreamEvent) => void) | undefined
}

/** How GET and HEAD of one path are answered, on every host and without a token. */
export interface HealthAnswer {
  readonly path: string
  /** Why no requests may be sent here; null: they may. */
  readonly unreadiness: () => string | null
}
