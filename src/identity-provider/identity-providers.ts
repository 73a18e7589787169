import { createBoundedMap } from '../bounded-map.ts'
import { networkOf } from '../client-network.ts'
import type { Clock } from '../clock.ts'
import { VerificationBudgetError, VerifierFaultError } from '../errors.ts'
import type { FinishedCall } from '../http-client/index.ts'
import type { OnezoneClientOptions } from '../onezone/index.ts'
import { createTokenBucket } from '../token-bucket.ts'
import type { TokenBucket } from '../token-bucket.ts'
import type { BreakerState } from '../verifier/index.ts'
import { createCircuit, createFaultAttribution } from '../verifier/index.ts'
import { claimsOf } from './credential.ts'
import type { ProviderCredential } from './credential-reader.ts'
import { createCredentialReader, objectionTo } from './credential-reader.ts'
import type { ExchangeAnswer } from './exchange.ts'
import { createExchange, findingOf } from './exchange.ts'
import type { Exchanged } from './exchange-memory.ts'
import { createExchangeMemory } from './exchange-memory.ts'
import type { IdentityProvider } from './provider.ts'
import { boundOf, IDENTITY_PROVIDER_DEFAULTS } from './provider.ts'

/** Options of {@link createIdentityProviders}. */
export interface IdentityProvidersOptions {
  readonly providers: readonly IdentityProvider[]
  /** The Onezone that takes their tokens. A client of its own is made for it. */
  readonly onezone: OnezoneClientOptions
  readonly clock: Clock
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number
  /** What time it is at Onezone, in milliseconds since 1970. */
  readonly onezoneNowMs: () => number
  readonly onCall?: ((call: FinishedCall) => void) | undefined
  /** Told when the breaker before the exchange changes; it is none of the verifier's. */
  readonly onBreakerChange: (state: BreakerState) => void
}

/** Takes tokens of identity providers for identity tokens of Onezone. */
export interface IdentityProviders {
  readonly breakerState: BreakerState
  /** The longest that a revocation at a provider can go unseen, in milliseconds. */
  readonly boundMs: number
  /** Whose a text is that is no token of Onedata; null: none of theirs. */
  read(text: string): ProviderCredential | null
  /** What is known of a credential without asking. */
  known(credential: ProviderCredential): Exchanged | null
  /**
   * Exchanges a credential, unless it was exchanged of late. Once at a time for each.
   *
   * @throws {VerifierFaultError} where Onezone gave no usable answer, which is all it tells of a provider that is down.
   * @throws {VerificationBudgetError} where the address has caused too many exchanges.
   */
  exchange(credential: ProviderCredential, clientAddress: string): Promise<Exchanged>
  /** Forgets an exchange, since what it gave is no good any more. */
  forget(credential: ProviderCredential): void
  /** Forgets all exchanges of a user; null: of everybody. */
  forgetOf(userId: string | null): void
  /** Lets go of the sockets. */
  close(): Promise<void>
}

/** Exchanges that an address may cause at once, and each second: each may make an account. */
const EXCHANGES_AT_ONCE = 60
const EXCHANGES_PER_SECOND = 2
/** Exchanges at a time, and addresses that are remembered. */
const MOST_IN_FLIGHT = 16
const MOST_REMEMBERED = 10_000
/** For how long a refusal is believed, as one of Onezone is. */
const REFUSED_MS = 2_000

/**
 * Makes the exchange of tokens of identity providers.
 *
 * @throws {TypeError} for providers that make no sense.
 */
export function createIdentityProviders(options: IdentityProvidersOptions): IdentityProviders {
  const { providers, clock, onezoneNowMs } = options
  const read = createCredentialReader(providers)
  const exchange = createExchange({ ...options, maxInFlight: MOST_IN_FLIGHT })
  const attribution = createFaultAttribution(clock)
  const circuit = createCircuit({
    clock,
    random: options.random,
    onChange: options.onBreakerChange,
    whom: 'The exchange of tokens of identity providers',
  })
  const memory = createExchangeMemory({ clock, onezoneNowMs, refusedMs: REFUSED_MS })
  const purses = createBoundedMap<TokenBucket>({ max: MOST_REMEMBERED })
  const inFlight = new Map<string, Promise<Exchanged>>()

  function charge(clientAddress: string): void {
    const network = networkOf(clientAddress)
    if (network === '') return
    const purse =
      purses.get(network) ??
      createTokenBucket({ capacity: EXCHANGES_AT_ONCE, perSecond: EXCHANGES_PER_SECOND, clock })
    purses.set(network, purse)
    const waitMs = purse.take()
    if (waitMs > 0) throw new VerificationBudgetError(Math.ceil(waitMs / 1000))
  }

  async function ask(
    { text, key }: ProviderCredential,
    latest: number,
    clientAddress: string,
  ): Promise<Exchanged> {
    const question = { token: { digest: key }, consumerToken: null, clientAddress }
    const answer: ExchangeAnswer = await circuit.run(
      async () => {
        const given = await exchange.perform(text, latest)
        attribution.noteGood(question)
        return given
      },
      (error) => findingOf(error, () => attribution.counts(question)),
    )
    memory.keep(key, answer)
    return answer
  }

  return {
    get breakerState() {
      return circuit.state
    },
    boundMs: boundOf(providers),
    read,
    known: ({ key }) => memory.known(key),
    async exchange(credential, clientAddress) {
      const { text, key, provider } = credential
      const found = memory.known(key) ?? inFlight.get(key)
      if (found !== undefined && found !== null) return found
      const nowSeconds = Math.floor(onezoneNowMs() / 1000)
      const objection = objectionTo(credential, nowSeconds)
      if (objection !== null) return objection
      charge(clientAddress)
      if (inFlight.size >= MOST_IN_FLIGHT) {
        const message = 'Too many tokens of identity providers are being exchanged'
        throw new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', message, { retryAfterSeconds: 1 })
      }
      const { exchangeMs = IDENTITY_PROVIDER_DEFAULTS.exchangeMs } = provider
      const latest = Math.min(
        nowSeconds + Math.floor(exchangeMs / 1000),
        claimsOf(text.slice(provider.prefix.length))?.endsAt ?? Infinity,
      )
      const asked = ask(credential, latest, clientAddress).finally(() => inFlight.delete(key))
      inFlight.set(key, asked)
      return asked
    },
    forget: ({ key }) => memory.forget(key),
    forgetOf: (userId) => memory.forgetOf(userId),
    close: () => exchange.close(),
  }
}
