export type { RequestEvent, StreamEnd, StreamEvent, StreamKind, UpstreamEvent } from './events.ts'
export { UNMATCHED } from './events.ts'
export type { StreamOptions } from './open-streams.ts'
export type {
  ProxyBindings,
  ReverseProxy,
  ReverseProxyOptions,
  RouteChoice,
} from './reverse-proxy.ts'
export { createReverseProxy } from './reverse-proxy.ts'
export { coversPath, parseRoutePath } from './route-path.ts'
export type { ProxyRoute, UpstreamTimeouts } from './routes.ts'
export { parseUpstreamUrl } from './upstream-url.ts'
