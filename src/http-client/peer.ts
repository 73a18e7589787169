import type { FaultReason, PeerFaultError } from '../errors.ts'
import type { NamedServer } from './base-url.ts'

/** Who is called, as errors speak of it. */
export interface Peer extends NamedServer {
  /** Makes the error for a call that brought no usable answer. */
  fault(
    reason: FaultReason,
    message: string,
    options?: ErrorOptions & { retryAfterSeconds?: number | undefined },
  ): PeerFaultError
}
