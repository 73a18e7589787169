import type { Assertions } from '../assertion/index.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { IdentityProviders } from '../identity-provider/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { CALLBACK, CLOCK, having, listOf, LOGGER, oneOf, orNull, TEXT } from '../option-shape.ts'
import type { PresentedToken } from '../token/index.ts'
import type { BackendTraits, Verifier } from '../verifier/index.ts'
import { BACKEND_TRAITS } from '../verifier/index.ts'
import type { DecisionEvent } from './decision.ts'
import type { ForwardedForm } from './forwarded-fields.ts'
import { FORWARDED_FORMS } from './forwarded-fields.ts'

/** Options of `createAuthenticator`. The traits of the backend are by default those of Onezone. */
export interface AuthenticatorOptions extends Partial<BackendTraits> {
  readonly verifier: Verifier<PresentedToken>
  /** Addresses and CIDR ranges of proxies that are believed. @default [] */
  readonly trustedProxies?: readonly string[] | undefined
  /** Whether `X-Forwarded-*` is read, or `Forwarded` (RFC 7239) in its place. @default 'x-forwarded' */
  readonly forwarded?: ForwardedForm | undefined
  /** What exchanges tokens of identity providers, for routes that take them. @default null: nothing does */
  readonly identityProviders?: IdentityProviders | null | undefined
  /** Base URL of Onezone's GUI, for links to its token form; null: none. @default null */
  readonly guiUrl?: string | null | undefined
  /**
   * No request is granted on a fact older than this, in milliseconds, whatever the verifier says.
   *
   * @default Infinity
   */
  readonly stalenessBoundMs?: number | undefined
  /** Signs identities, for routes that ask for that. @default none does */
  readonly assertions?: Assertions | undefined
  /** What time it is at Onezone, in milliseconds since 1970. @default what `clock` says */
  readonly onezoneNowMs?: (() => number) | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** Told of every decision. */
  readonly onDecision?: ((event: DecisionEvent) => void) | undefined
}

/** What they may be. */
export const AUTHENTICATOR_OPTIONS: OptionShape<AuthenticatorOptions> = {
  ...BACKEND_TRAITS,
  verifier: having('a verifier', 'verify'),
  trustedProxies: listOf('addresses and CIDR ranges', TEXT),
  forwarded: oneOf(FORWARDED_FORMS),
  identityProviders: orNull(having('made by a verification', 'read', 'exchange')),
  guiUrl: orNull(TEXT),
  stalenessBoundMs: {
    wanted: 'a number of milliseconds, more than 0',
    accepts: (value) => typeof value === 'number' && value > 0,
  },
  onezoneNowMs: CALLBACK,
  assertions: having('what signs', 'forAudience'),
  clock: CLOCK,
  logger: LOGGER,
  onDecision: CALLBACK,
}
