import type { Clock } from '../clock.ts'
import { createCredentialReader, objectionTo } from './credential-reader.ts'
import type { Exchanged } from './exchange-memory.ts'
import { createExchangeMemory } from './exchange-memory.ts'
import type { IdentityProviders } from './identity-providers.ts'
import type { IdentityProvider } from './provider.ts'
import { boundOf } from './provider.ts'

/** Who exchanges in place of this process. */
export interface ExchangeRelay {
  /**
   * Has a credential exchanged.
   *
   * @param text With the prefix.
   * @throws {VerifierFaultError} as `IdentityProviders.exchange` does.
   * @throws {VerificationBudgetError} likewise.
   */
  exchange(text: string, clientAddress: string): Promise<Exchanged>
  /** Says that what a credential was exchanged for is no good any more. @param digest Of that. */
  forget(text: string, digest: string): void
}

/** Options of {@link createRelayedProviders}. */
export interface RelayedProvidersOptions {
  readonly providers: readonly IdentityProvider[]
  readonly relay: ExchangeRelay
  readonly clock: Clock
  readonly onezoneNowMs: () => number
}

/** For how long a refusal is believed here: the other process remembers it too, and both add up. */
const REFUSED_MS = 500

/**
 * Makes the exchange of a process that has another one do it: there are the breaker, the budget and the bound, once for
 * all processes. Here is remembered what it said.
 *
 * @throws {TypeError} for providers that make no sense.
 */
export function createRelayedProviders(options: RelayedProvidersOptions): IdentityProviders {
  const { providers, relay, onezoneNowMs } = options
  const read = createCredentialReader(providers)
  const memory = createExchangeMemory({ ...options, refusedMs: REFUSED_MS })
  const inFlight = new Map<string, Promise<Exchanged>>()
  return {
    breakerState: 'closed',
    boundMs: boundOf(providers),
    read,
    known: ({ key }) => memory.known(key),
    async exchange(credential, clientAddress) {
      const { text, key } = credential
      const found = memory.known(key) ?? inFlight.get(key)
      if (found !== undefined && found !== null) return found
      const objection = objectionTo(credential, Math.floor(onezoneNowMs() / 1000))
      if (objection !== null) return objection
      const relayed = relay
        .exchange(text, clientAddress)
        .then((exchanged) => {
          memory.keep(key, exchanged)
          return exchanged
        })
        .finally(() => inFlight.delete(key))
      inFlight.set(key, relayed)
      return relayed
    },
    forget({ text, key }) {
      const known = memory.known(key)
      memory.forget(key)
      if (known?.outcome === 'exchanged') relay.forget(text, known.token.digest)
    },
    forgetOf: (userId) => memory.forgetOf(userId),
    close: () => Promise.resolve(),
  }
}
