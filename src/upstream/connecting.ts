import type { ResponseLimits } from './response-head.ts'
import type { UpstreamTls } from './upstream-options.ts'
import type { UpstreamTarget } from './upstream-url.ts'

/** Where connections go, and how they are made. */
export interface Connecting {
  readonly target: Pick<UpstreamTarget, 'origin' | 'socketPath'>
  readonly connectMs: number
  readonly maxConnections: number
  /** How long a connection may be idle; 0: none serves more than one request. */
  readonly keepAliveMs: number
  /** How old a connection may be that serves another request; 0: as old as it gets. */
  readonly maxConnectionAgeMs: number
  readonly tls: UpstreamTls
  /** How much of an answer may come before its body. @default RESPONSE_LIMITS */
  readonly limits?: ResponseLimits | undefined
}
