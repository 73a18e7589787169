import { createBoundedMap } from '../bounded-map.ts'
import { networkOf } from '../client-network.ts'
import type { Clock } from '../clock.ts'
import type { TokenBucket } from '../token-bucket.ts'
import { createTokenBucket } from '../token-bucket.ts'

/** What one client address may have or send; of IPv6 a /64 is one. 0: any number. */
export interface ClientLimits {
  /** How many WebSockets it may have at a time. @default 1_000 */
  readonly webSocketsPerAddress?: number | undefined
  /** How many requests it may send a second, on average; ten times as many at once. @default 0 */
  readonly requestsPerAddressPerSecond?: number | undefined
}

/** What is used where a limit is left out. */
export const CLIENT_LIMIT_DEFAULTS: { readonly [Name in keyof ClientLimits]-?: number } = {
  webSocketsPerAddress: 1_000,
  requestsPerAddressPerSecond: 0,
}

/** Counts what clients have and send. */
export interface ClientLimiter {
  /** Whether requests are counted at all. */
  readonly countsRequests: boolean
  /** Counts a request; false: it is one too many. */
  mayAsk(address: string): boolean
  /** Counts a WebSocket until the function is called that is returned; null: it is one too many. */
  openWebSocket(address: string): (() => void) | null
}

/** So many seconds' worth may be sent at once. */
const BURST_SECONDS = 10
/** Addresses that are remembered; whoever is forgotten starts anew. */
const MOST_REMEMBERED = 20_000

/** Makes the counters. A client without an address is not counted. */
export function createClientLimiter(limits: ClientLimits, clock: Clock): ClientLimiter {
  const {
    webSocketsPerAddress = CLIENT_LIMIT_DEFAULTS.webSocketsPerAddress,
    requestsPerAddressPerSecond: perSecond = CLIENT_LIMIT_DEFAULTS.requestsPerAddressPerSecond,
  } = limits
  const buckets = createBoundedMap<TokenBucket>({ max: MOST_REMEMBERED })
  const webSockets = new Map<string, number>()

  return {
    countsRequests: perSecond > 0,
    mayAsk(address) {
      if (address === '') return true
      const network = networkOf(address)
      const known = buckets.get(network)
      const bucket =
        known ?? createTokenBucket({ capacity: perSecond * BURST_SECONDS, perSecond, clock })
      if (known === undefined) buckets.set(network, bucket)
      return bucket.take() === 0
    },
    openWebSocket(address) {
      const network = networkOf(address)
      const count = webSockets.get(network) ?? 0
      if (address !== '' && webSocketsPerAddress > 0 && count >= webSocketsPerAddress) return null
      webSockets.set(network, count + 1)
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        const left = (webSockets.get(network) ?? 1) - 1
        if (left === 0) webSockets.delete(network)
        else webSockets.set(network, left)
      }
    },
  }
}
