import type { AuthenticationRequest, Granted } from '../authenticator/index.ts'
import type { Incoming, Outgoing } from '../listener/index.ts'
import type { Logger } from '../logger.ts'
import type { UpstreamEvent } from './events.ts'
import { Exchange } from './exchange.ts'
import type { OpenStreams } from './open-streams.ts'
import type { RequestRecord } from './request-record.ts'
import type { CompiledRoute } from './routes.ts'
import type { Upgrade } from './websocket.ts'

/** One request, and what is needed to carry it to its upstream. */
export interface ForwardInput {
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly record: RequestRecord
  /** What was decided on, to be decided on again while its response goes on. */
  readonly request: AuthenticationRequest
  readonly route: CompiledRoute
  readonly streams: OpenStreams
  /** Null: not for a WebSocket. */
  readonly upgrade: Upgrade | null
  readonly logger: Logger
  readonly onUpstream: (event: UpstreamEvent) => void
}

/**
 * Carries a request to its upstream and the response back, as streams: neither body is ever held, each side waits for
 * the slower one, and the end of one side ends the other. No redirect is followed and nothing is decoded. A request that
 * failed is sent again where that is safe.
 */
export function forward(input: ForwardInput, decision: Granted): void {
  const { upstreams } = input.route
  upstreams.budget.earn()
  new Exchange(input, decision).send(upstreams.pick())
}
