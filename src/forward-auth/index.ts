/**
 * The door that front proxies ask: nginx, HAProxy, Caddy, Traefik, Envoy and others, each in its own dialect.
 *
 * @module
 */

export type { Dialect } from './dialects.ts'
export { DIALECT_NAMES } from './dialects.ts'
export type { ForwardAuthEvent, ForwardAuthOptions, ForwardAuthRoute } from './forward-auth.ts'
export { createForwardAuth } from './forward-auth.ts'
