/**
 * The door that front proxies ask: nginx, HAProxy, Caddy, Traefik, Envoy and others, each in its own dialect.
 *
 * @module
 */

export type { Dialect } from './dialects.ts'
export { DIALECT_NAMES } from './dialects.ts'
export type { ForwardAuthOptions } from './forward-auth.ts'
export { createForwardAuth } from './forward-auth.ts'
export type { GrpcDoorOptions } from './grpc-door.ts'
export { createGrpcDoor } from './grpc-door.ts'
export type { GrpcDoor, GrpcListener } from './grpc-server.ts'
export { openGrpcListener } from './grpc-server.ts'
export type { IntrospectionClient, IntrospectionOptions } from './introspection.ts'
export { createIntrospection, INTROSPECTION_DEFAULTS } from './introspection.ts'
export type { ForwardAuthEvent, ForwardAuthRoute, Judge, JudgeOptions } from './judge.ts'
export { assembleJudge } from './judge.ts'
