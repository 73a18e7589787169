import type { FinishedCall } from '../http-client/index.ts'
import type {
  ExchangeRelay,
  IdentityProvider,
  IdentityProviders,
} from '../identity-provider/index.ts'
import { createIdentityProviders, createRelayedProviders } from '../identity-provider/index.ts'
import type { Clock } from '../clock.ts'
import type { OnezoneClientOptions } from '../onezone/index.ts'
import type { Logger } from '../logger.ts'
import type { InvalidationSelector } from './invalidation-selector.ts'

/** Whose tokens are exchanged, and where. */
export interface ProviderChoice {
  /**
   * Identity providers whose tokens are exchanged for identity tokens, for routes that take them.
   *
   * @default none
   */
  readonly identityProviders?: readonly IdentityProvider[] | undefined
  /** Has them exchanged elsewhere: of several processes one does it for all. @default `onezone` does */
  readonly exchangeRelay?: ExchangeRelay | undefined
}

/** What an exchange shares with the verification that it belongs to. */
export interface ProviderSurroundings {
  readonly clock: Clock
  readonly random: () => number
  readonly onezoneNowMs: () => number
  readonly onCall: (call: FinishedCall) => void
  readonly logger: Logger
}

/**
 * Opens the exchange of tokens of identity providers, if there is to be one.
 *
 * @throws {TypeError} for providers that make no sense, and where there is no Onezone to exchange at.
 */
export function openProviders(
  {
    identityProviders: providers,
    exchangeRelay: relay,
    onezone,
  }: ProviderChoice & { readonly onezone?: OnezoneClientOptions | undefined },
  { logger, ...surroundings }: ProviderSurroundings,
): IdentityProviders | null {
  if (providers === undefined || providers.length === 0) return null
  if (relay !== undefined) return createRelayedProviders({ ...surroundings, providers, relay })
  if (onezone === undefined) {
    throw new TypeError(
      '"identityProviders" are only for "onezone": their tokens are exchanged there',
    )
  }
  return createIdentityProviders({
    ...surroundings,
    providers,
    onezone,
    onBreakerChange: (state) =>
      logger.warn({ state }, 'the breaker before the exchange of identity providers changed'),
  })
}

/** Forgets the exchanges of whoever is selected by name, or of everybody. */
export function forgetExchanges(
  providers: IdentityProviders | null,
  selector: InvalidationSelector,
): void {
  const subject = 'subject' in selector ? selector.subject : undefined
  if ('all' in selector && selector.all) providers?.forgetOf(null)
  else if (subject?.type === 'user') providers?.forgetOf(subject.id)
}
