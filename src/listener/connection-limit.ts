import type { Socket } from 'node:net'

import { networkOf } from '../client-network.ts'
import { UNIX_PEER } from '../unix-peer.ts'

/** How many connections one client may have. */
export interface ConnectionLimit {
  /** Of one address, or /64 of IPv6; 0: any number. */
  readonly perAddress: number
  /** Whether the limit is not for this address: a proxy brings connections of many. */
  readonly isExempt: (address: string) => boolean
  /** Told of an address that has too many. */
  readonly onExceeded: (address: string) => void
}

/** What is used where a limit is left out. */
export const CONNECTION_LIMIT_DEFAULTS: { readonly connectionsPerAddress: number } = {
  connectionsPerAddress: 2_000,
}

/** Makes what ends each connection beyond the limit; it says whether it has let one live. */
export function createConnectionLimit(limit: ConnectionLimit): (socket: Socket) => boolean {
  const { perAddress, isExempt, onExceeded } = limit
  const counts = new Map<string, number>()
  return function admit(socket) {
    const { remoteAddress } = socket
    if (perAddress === 0 || remoteAddress === undefined || isExempt(remoteAddress)) return true
    // Whoever comes by a Unix socket has no address.
    if (remoteAddress === UNIX_PEER) return true
    const network = networkOf(remoteAddress)
    const count = counts.get(network) ?? 0
    if (count >= perAddress) {
      onExceeded(remoteAddress)
      socket.destroy()
      return false
    }
    counts.set(network, count + 1)
    socket.once('close', () => {
      const left = (counts.get(network) ?? 1) - 1
      if (left === 0) counts.delete(network)
      else counts.set(network, left)
    })
    return true
  }
}
