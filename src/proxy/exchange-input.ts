import type { AuthenticationRequest } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import type { LimitedLog } from '../limited-log.ts'
import type { Logger } from '../logger.ts'
import type { DeliveryInput } from './delivery.ts'
import type { UpstreamEvent } from './events.ts'
import type { CarryingRoute } from './routes.ts'
import type { Upgrade } from './websocket.ts'

/** One request, and what is needed to carry it to its upstream. */
export interface ExchangeInput extends DeliveryInput {
  readonly route: CarryingRoute
  /** What was decided on, to be decided on again while its response goes on. */
  readonly request: AuthenticationRequest
  /** Null: not for a WebSocket. */
  readonly upgrade: Upgrade | null
  /** The body, where it was held; null: it is passed on as it comes. */
  readonly held: Buffer | null
  readonly clock: Clock
  /** Null: nobody wants to know when what happened. */
  readonly timed: Clock | null
  readonly logger: Logger
  readonly limited: LimitedLog
  readonly onUpstream: (event: UpstreamEvent) => void
}
