export type { ConnectionLimit } from './connection-limit.ts'
export { CONNECTION_LIMIT_DEFAULTS } from './connection-limit.ts'
export type { Door, Serve, ServeUpgrade, Unreadable } from './door.ts'
export type { Incoming, IncomingSocket, Outgoing } from './http-message.ts'
export type {
  ConnectionSource,
  Listener,
  ListenerOptions,
  ListenerTls,
  ListenOn,
} from './listener.ts'
export { openListener } from './listener.ts'
export { serveInTurn } from './pipelining.ts'
export { serveUpgradeInTurn } from './upgrade.ts'
export { awaitRest, endInStages, endRaw, endsInStages } from './staged-end.ts'
