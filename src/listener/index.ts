export type { Accepting, ListenOn } from './accepting.ts'
export { acceptOn, acceptWith, bind, urlOf } from './accepting.ts'
export type { ConnectionLimit } from './connection-limit.ts'
export { CONNECTION_LIMIT_DEFAULTS } from './connection-limit.ts'
export type { Door, Serve, ServeUpgrade, Unreadable } from './door.ts'
export type { Incoming, IncomingSocket, Outgoing, SectionText } from './http-message.ts'
export type {
  ConnectionSource,
  Listener,
  ListenerFigures,
  ListenerOptions,
  ListenerTls,
} from './listener.ts'
export { CLIENT_IDLE_MS, openListener } from './listener.ts'
export type { ProxyProtocolOptions } from './proxy-protocol.ts'
export { serveInTurn } from './pipelining.ts'
export { untilNoMore } from './until-no-more.ts'
export { serveUpgradeInTurn } from './upgrade.ts'
export { awaitRest, endInStages, endRaw, endsInStages } from './staged-end.ts'
