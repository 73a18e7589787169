import { createHmac, randomBytes } from 'node:crypto'

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
import { claimsOf, isJwt, isOfReadableLength } from './credential.ts'
import type { ExchangeAnswer } from './exchange.ts'
import { createExchange, findingOf } from './exchange.ts'
import type { MintedToken } from './minted-token.ts'
import type { IdentityProvider } from './provider.ts'
import { IDENTITY_PROVIDER_DEFAULTS, problemsOfProviders } from './provider.ts'

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

/** A credential that one of the providers has issued, as far as its form tells. */
export interface ProviderCredential {
  /** With the prefix. */
  readonly text: string
  /** Names it in the memory of this process, and nowhere else. */
  readonly key: string
  readonly provider: IdentityProvider
}

/** What became of an exchange. */
export type Exchanged =
  | ({ readonly outcome: 'exchanged' } & MintedToken)
  | {
      readonly outcome: 'refused'
      readonly code: 'idp_token_invalid' | 'idp_client_not_allowed' | 'user_blocked'
      /** What exactly is wrong. @default what is to be said of the code */
      readonly detail?: string
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
/** Exchanges at a time, and that are remembered. */
const MOST_IN_FLIGHT = 16
const MOST_REMEMBERED = 10_000
/** For how long a refusal is believed, as one of Onezone is. */
const REFUSED_MS = 2_000
/** What is left of a long exchange when it is made anew, so that none is used at its very end. */
const MARGIN_MS = 1_000
const LONG_MS = 5_000

interface Kept {
  readonly exchanged: Exchanged
  /** By Onezone's clock for what was exchanged, by the monotonic one for a refusal. */
  readonly endsAtMs: number
}

/**
 * Makes the exchange of tokens of identity providers.
 *
 * @throws {TypeError} for providers that make no sense.
 */
export function createIdentityProviders(options: IdentityProvidersOptions): IdentityProviders {
  const { providers, clock, onezoneNowMs } = options
  const [problem] = problemsOfProviders(providers)
  if (problem !== undefined) {
    const { index, name, message } = problem
    throw new TypeError(`"identityProviders[${index}].${name}" ${message}`)
  }
  const exchange = createExchange({ ...options, maxInFlight: MOST_IN_FLIGHT })
  const attribution = createFaultAttribution(clock)
  const circuit = createCircuit({
    clock,
    random: options.random,
    onChange: options.onBreakerChange,
    whom: 'The exchange of tokens of identity providers',
  })
  const secret = randomBytes(32)
  const kept = createBoundedMap<Kept>({ max: MOST_REMEMBERED })
  const refused = createBoundedMap<Kept>({ max: MOST_REMEMBERED })
  const purses = createBoundedMap<TokenBucket>({ max: MOST_REMEMBERED })
  const inFlight = new Map<string, Promise<Exchanged>>()

  const bare = providers.find((provider) => provider.bare === true)
  const credentialOf = (text: string, provider: IdentityProvider): ProviderCredential => ({
    text,
    key: createHmac('sha256', secret).update(text).digest('base64url'),
    provider,
  })

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
    if (answer.outcome === 'refused') {
      refused.set(key, { exchanged: answer, endsAtMs: clock.monotonic() + REFUSED_MS })
      return answer
    }
    const endsAtMs = (answer.token.validUntil ?? latest) * 1000
    const margin = endsAtMs - onezoneNowMs() > LONG_MS ? MARGIN_MS : 0
    kept.set(key, { exchanged: answer, endsAtMs: endsAtMs - margin })
    return answer
  }

  function known({ key }: ProviderCredential): Exchanged | null {
    const good = kept.get(key)
    if (good !== undefined && onezoneNowMs() < good.endsAtMs) return good.exchanged
    const bad = refused.peek(key)
    return bad !== undefined && clock.monotonic() < bad.endsAtMs ? bad.exchanged : null
  }

  return {
    get breakerState() {
      return circuit.state
    },
    boundMs: Math.max(
      0,
      ...providers.map(({ exchangeMs }) => exchangeMs ?? IDENTITY_PROVIDER_DEFAULTS.exchangeMs),
    ),
    read(text) {
      if (!isOfReadableLength(text)) return null
      const provider = providers.find(({ prefix }) => text.startsWith(prefix))
      // What is not longer than the prefix is never asked about: Onezone stumbles over less.
      if (provider !== undefined) {
        return text.length > provider.prefix.length ? credentialOf(text, provider) : null
      }
      return bare !== undefined && isJwt(text) ? credentialOf(bare.prefix + text, bare) : null
    },
    known,
    async exchange(credential, clientAddress) {
      const found = known(credential) ?? inFlight.get(credential.key)
      if (found !== undefined && found !== null) return found
      const { text, key, provider } = credential
      const nowSeconds = Math.floor(onezoneNowMs() / 1000)
      const objection = objectionTo(text, provider, nowSeconds)
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
    forget: ({ key }) => void kept.delete(key),
    forgetOf(userId) {
      const selected = [...kept.entries()].filter(
        ([, { exchanged }]) =>
          userId === null ||
          (exchanged.outcome === 'exchanged' && exchanged.token.subject.id === userId),
      )
      for (const [key] of selected) kept.delete(key)
      refused.clear()
    },
    close: () => exchange.close(),
  }
}

/** Why a credential is not worth asking about, by what it claims; null: it may be. */
function objectionTo(
  text: string,
  { prefix, clients, any = false }: IdentityProvider,
  nowSeconds: number,
): Exchanged | null {
  const claims = claimsOf(text.slice(prefix.length))
  if (!any && !(claims?.clients.some((client) => clients?.includes(client)) ?? false)) {
    return { outcome: 'refused', code: 'idp_client_not_allowed' }
  }
  if (claims?.endsAt !== null && claims !== null && claims.endsAt <= nowSeconds) {
    const detail = 'The time of the token of the identity provider has passed; obtain a new one.'
    return { outcome: 'refused', code: 'idp_token_invalid', detail }
  }
  return null
}
