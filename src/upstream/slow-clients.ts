import { networkOf } from '../client-network.ts'
import type { UpstreamConnection } from './connection.ts'
import type { UpstreamRequest } from './dispatcher.ts'
import type { UpstreamExchange } from './upstream-exchange.ts'

/** The connections of one party: all clients that have shown who they are, all others, or one address of either. */
interface Share {
  count: number
  readonly slow: UpstreamConnection[]
}

/**
 * Finds the request that should make room for another, where all connections are in use: one of the party that has most
 * of them, and more than the newcomer's by two at least, whose client has kept its connection waiting. First those who
 * have shown who they are and those who have not are weighed against each other, then the clients among them; so
 * neither can starve the other, and no client all.
 *
 * @param before The tick before which it must have been sent.
 * @returns Null: all have their share, or none is slow.
 */
export function slowestOf(
  connections: Iterable<UpstreamConnection>,
  newcomer: UpstreamRequest,
  before: number,
): UpstreamExchange | null {
  const kinds = new Map<string, Share>()
  const clients = new Map<string, Share>()
  for (const connection of connections) {
    const request = connection.exchange?.request
    if (request === undefined) continue
    const isSlow = connection.waitsForClient && connection.since < before
    note(kinds, kindOf(request), connection, isSlow)
    note(clients, clientOf(request), connection, isSlow)
  }
  const fromKind = oldestOf(largestBeside(kinds, kindOf(newcomer)))
  return fromKind ?? oldestOf(largestBeside(clients, clientOf(newcomer)))
}

function note(
  shares: Map<string, Share>,
  party: string,
  connection: UpstreamConnection,
  isSlow: boolean,
): void {
  const share = shares.get(party) ?? { count: 0, slow: [] }
  share.count += 1
  if (isSlow) share.slow.push(connection)
  shares.set(party, share)
}

/** The largest share with slow clients in it, if it is larger than that of the newcomer with its request. */
function largestBeside(shares: ReadonlyMap<string, Share>, own: string): Share | null {
  let largest: Share | null = null
  for (const [party, share] of shares) {
    const isCandidate = party !== own && share.slow.length > 0
    if (isCandidate && (largest === null || share.count > largest.count)) largest = share
  }
  const ownCount = shares.get(own)?.count ?? 0
  return largest !== null && largest.count > ownCount + 1 ? largest : null
}

function oldestOf(share: Share | null): UpstreamExchange | null {
  const [oldest] = share?.slow.toSorted((one, other) => one.since - other.since) ?? []
  return oldest?.exchange ?? null
}

function kindOf({ proven = false }: UpstreamRequest): string {
  return proven ? 'proven' : 'public'
}

function clientOf(request: UpstreamRequest): string {
  return `${kindOf(request)} ${networkOf(request.clientAddress ?? '')}`
}
