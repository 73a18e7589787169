export type { RequestEvent, StreamEnd, StreamEvent, StreamKind, UpstreamEvent } from './events.ts'
export { UNMATCHED } from './events.ts'
export type { StreamOptions } from './open-streams.ts'
export type {
  ReverseProxy,
  ReverseProxyOptions,
  RouteChoice,
  RouteRequest,
} from './reverse-proxy.ts'
export { createReverseProxy } from './reverse-proxy.ts'
export { coversHosts, parseRouteHost } from './host-name.ts'
export { coversMethods, parseRouteMethod } from './route-methods.ts'
export { checkStripPrefix, coversPath, parseRoutePath } from './route-path.ts'
export type { RouteMatch } from './route-table.ts'
export type { ProxyRoute, UpstreamTimeouts } from './routes.ts'
