import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { Outgoing } from '../listener/index.ts'
import type { StreamEnd } from './events.ts'
import type { Lease, OpenStreams } from './open-streams.ts'
import type { CompiledRoute } from './routes.ts'
import { createTunnel } from './tunnel.ts'
import type { Handshake } from './websocket-handshake.ts'
import { switchFields } from './websocket-handshake.ts'

/** Takes the client's connection from its response, once that has been written to its end. */
export type TakeConnection = () => Socket

/** What a client asks its connection to be used for. */
export interface Upgrade {
  readonly handshake: Handshake
  readonly takeConnection: TakeConnection
}

/** A connection on which an upstream has answered `101`. */
export interface SwitchInput {
  readonly outgoing: Outgoing
  readonly route: CompiledRoute
  readonly upgrade: Upgrade
  readonly upstream: Duplex
  /** The fields of the `101`: name, value, name, value … as undici tells them. */
  readonly rawFields: readonly (Buffer | string)[]
  readonly streams: OpenStreams
  readonly lease: Lease | null
}

/**
 * Passes a `101` on and joins the two connections. Only now does the upstream get to see what the client has sent
 * since.
 *
 * @returns False: the `101` is no answer to this handshake; nothing was sent to the client.
 */
export function switchProtocols(input: SwitchInput): boolean {
  const { outgoing, route, upstream, streams, lease } = input
  const { handshake, takeConnection } = input.upgrade
  const fields = switchFields(input.rawFields, handshake, route.policy)
  if (fields === null) return false
  outgoing.writeHead(101, fields)
  outgoing.end()
  let ended: (why: StreamEnd) => void = () => {}
  const tunnel = createTunnel({
    client: takeConnection(),
    upstream,
    idleMs: route.timeouts.idleStreamMs,
    onEnd: (why) => ended(why),
  })
  ended = streams.open(tunnel, { kind: 'websocket', routeId: route.id }, lease)
  return true
}
