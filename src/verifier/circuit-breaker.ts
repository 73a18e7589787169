import { PeerFaultError, VerifierFaultError } from '../errors.ts'
import type { PresentedToken } from '../token/index.ts'
import type { BreakerState, CircuitOptions } from './circuit.ts'
import { createCircuit } from './circuit.ts'
import { createFaultAttribution } from './fault-attribution.ts'
import type { Question, Verifier } from './verifier.ts'

/** Options of {@link withBreaker}. */
export type BreakerOptions = Omit<CircuitOptions, 'whom'>

/** A verifier that stops asking one that does not answer. */
export interface BreakingVerifier extends Verifier<PresentedToken> {
  readonly state: BreakerState
}

/**
 * Stops asking where there is no point: without it every request of an outage would wait for the time-out, and a
 * Onezone that comes back would meet all of them at once. A refusal is a good answer; only faults count, and of those
 * none that an answer itself brought about (our own misconfiguration), nor those that are one client's own
 * (`fault-attribution.ts`).
 */
export function withBreaker(
  inner: Verifier<PresentedToken>,
  options: BreakerOptions,
): BreakingVerifier {
  const attribution = createFaultAttribution(options.clock)
  const circuit = createCircuit(options)

  /** A probe need not be news: but a text that its sender made up must not keep it open for others. */
  const counts = (request: Question): boolean =>
    attribution.counts(request) || (circuit.state === 'half-open' && request.proven === true)

  return {
    get state() {
      return circuit.state
    },
    verify: (request) =>
      circuit.run(
        async () => {
          const verification = await inner.verify(request)
          attribution.noteGood(request)
          return verification
        },
        (error) => {
          const fault = readFault(error)
          if (fault === 'none') return 'answer'
          const isFault = fault === 'unreachable' || (fault === 'fault' && counts(request))
          return isFault ? 'fault' : 'nothing'
        },
      ),
    close: () => inner.close(),
  }
}

/**
 * What an error says of the verifier: that it cannot be reached, whoever asks; that it gave no usable answer to this
 * question; `none`: that it did answer; null: nothing.
 */
function readFault(error: unknown): 'unreachable' | 'fault' | 'none' | null {
  if (!(error instanceof VerifierFaultError)) return null
  if (error.code === 'ERR_GATEWAY_MISCONFIGURED') return 'none'
  const { cause } = error
  if (!(cause instanceof PeerFaultError)) return 'none' // in a way that we cannot use
  switch (cause.reason) {
    case 'OVERLOADED': // our own queue was full
    case 'ANSWER_TOO_LARGE': // a token of a stranger had so large a caveat that the answer repeating it was too large
      return null
    case 'UNREACHABLE':
      return 'unreachable'
    default:
      return 'fault'
  }
}
