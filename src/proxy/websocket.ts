import type { Duplex } from 'node:stream'

import type { Outgoing } from '../http-message.ts'
import type { StreamEnd } from './events.ts'
import type { Lease, OpenStreams } from './open-streams.ts'
import type { CompiledRoute } from './routes.ts'
import { createTunnel } from './tunnel.ts'
import { connectionOf } from './upgrades.ts'
import type { Handshake } from './websocket-handshake.ts'
import { switchFields } from './websocket-handshake.ts'

/** A connection on which an upstream has answered `101`. */
export interface SwitchInput {
  readonly outgoing: Outgoing
  readonly route: CompiledRoute
  readonly handshake: Handshake
  readonly upstream: Duplex
  /** The fields of the `101`: name, value, name, value … as undici tells them. */
  readonly rawFields: readonly (Buffer | string)[]
  readonly streams: OpenStreams
  readonly lease: Lease | null
}

/**
 * Passes a `101` on and joins the two connections. Only now does the upstream get to see what the client has sent since.
 *
 * @returns False: the `101` is no answer to this handshake; nothing was sent to the client.
 */
export function switchProtocols(input: SwitchInput): boolean {
  const { outgoing, route, upstream, streams, lease } = input
  const fields = switchFields(input.rawFields, input.handshake, route.policy)
  const takeConnection = connectionOf(outgoing)
  if (fields === null || takeConnection === undefined) return false
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
