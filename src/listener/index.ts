export type { ConnectionLimit } from './connection-limit.ts'
export { CONNECTION_LIMIT_DEFAULTS } from './connection-limit.ts'
export type { Door, Serve, ServeUpgrade, Unreadable } from './door.ts'
export type { Incoming, IncomingSocket, Outgoing } from './http-message.ts'
export type {
  ConnectionSource,
  Listener,
  ListenerFigures,
  ListenerOptions,
  ListenerTls,
  ListenOn,
} from './listener.ts'
export { openListener, removeDeadSocket } from './listener.ts'
export { serveInTurn } from './pipelining.ts'
export { serveUpgradeInTurn } from './upgrade.ts'
export { awaitRest, endInStages, endRaw, endsInStages } from './staged-end.ts'
