import { consoleLogger } from '../console-logger.ts'
import type { Logger } from '../logger.ts'
import type { OptionShape } from '../option-shape.ts'
import {
  CALLBACK,
  checkOptions,
  JUDGED_ELSEWHERE,
  listOf,
  LOGGER,
  oneOf,
  TEXT,
} from '../option-shape.ts'
import type { Verification, VerificationOptions } from '../verification/index.ts'
import { createVerification } from '../verification/index.ts'
import type { RouteAuthenticator } from './authenticator.ts'
import { createAuthenticator } from './authenticator.ts'
import type { ForwardedForm } from './forwarded-fields.ts'
import { FORWARDED_FORMS } from './forwarded-fields.ts'
import type { RequestIds } from './request-ids.ts'
import type { DecisionEvent } from './decision.ts'
import type { RoutePolicy } from './route-policy.ts'
import { ROUTE_POLICY_OPTIONS, routePolicyOf } from './route-policy.ts'

/** Options of doors that are used in other people's apps, each of which has one policy. */
export interface SingleRouteOptions extends Omit<
  RoutePolicy,
  'id' | 'token' | 'headers' | 'forwardToken' | 'passHeaders' | 'assertion'
> {
  /** Bounded name of the route, for logs. @default the kind of door */
  readonly id?: string | undefined
  /** Base URL of Onezone, e.g. `https://onezone.example.org`. Give this, or `verification` to share one. */
  readonly onezoneUrl?: string | undefined
  /** A verification made with `createVerification`, shared by several doors or closed by you. */
  readonly verification?: Verification | undefined
  /** How long verdicts are kept, and how many; only with `onezoneUrl`. */
  readonly verdicts?: VerificationOptions['verdicts'] | undefined
  /** The kind of token that is demanded. @default 'access' */
  readonly token?: 'access' | 'identity' | 'invite' | undefined
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-*` is believed. @default [] */
  readonly trustedProxies?: readonly string[] | undefined
  /** Whether `X-Forwarded-*` is read, or `Forwarded` (RFC 7239) in its place. @default 'x-forwarded' */
  readonly forwarded?: ForwardedForm | undefined
  /** Gets what is no refusal: faults, and what is set wrongly. @default warnings and errors go to the console */
  readonly logger?: Logger | undefined
  /** Told of every decision: request id, path, subject and fingerprint among it. */
  readonly onDecision?: ((event: DecisionEvent) => void) | undefined
}

// To whom the identity is told is the door's own matter.
const {
  headers: _,
  forwardToken: __,
  passHeaders: ___,
  assertion: ____,
  ...POLICY_OPTIONS
} = ROUTE_POLICY_OPTIONS

/** The options that all doors with one policy have. */
export const SINGLE_ROUTE_OPTIONS: OptionShape<SingleRouteOptions> = {
  ...POLICY_OPTIONS,
  // Without a token to demand, no door is needed.
  token: oneOf(['access', 'identity', 'invite']),
  onezoneUrl: TEXT,
  verification: {
    wanted: 'made with createVerification',
    accepts: (value) => typeof (value as Partial<Verification>)?.verifier?.verify === 'function',
  },
  verdicts: JUDGED_ELSEWHERE,
  trustedProxies: listOf('addresses and CIDR ranges', TEXT),
  forwarded: oneOf(FORWARDED_FORMS),
  logger: LOGGER,
  onDecision: CALLBACK,
}

/** What a door settles besides its options. */
export interface SingleRouteDoor<Options> extends Pick<
  RoutePolicy,
  'headers' | 'forwardToken' | 'passHeaders'
> {
  /** Its function, for error messages. */
  readonly name: string
  /** Every option that it has. */
  readonly shape: OptionShape<Options>
  /** @default the id that the options name */
  readonly id: string
  /** Told when tokens turn out to be revoked; not of a shared verification. */
  readonly onDeath?: (() => void) | undefined
}

/** The authenticator of a door with one policy. */
export interface SingleRoute {
  readonly authenticator: RouteAuthenticator
  readonly requestIdOf: RequestIds
  readonly verification: Verification
  /** The one that the options name, or the default. */
  readonly logger: Logger
  /** Closes the verification, unless it is shared. */
  close(): Promise<void>
}

/**
 * Makes the authenticator of a door that is used in an app: with a verification of its own, or a shared one.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createSingleRoute<Options extends SingleRouteOptions>(
  options: Options,
  door: SingleRouteDoor<Options>,
): SingleRoute {
  const { name } = door
  checkOptions(name, options, door.shape)
  const { onezoneUrl, verification: shared, verdicts, token = 'access' } = options
  const { logger = consoleLogger } = options
  if ((onezoneUrl === undefined) === (shared === undefined)) {
    throw new TypeError(`${name} needs exactly one of "onezoneUrl" and "verification"`)
  }
  if (shared !== undefined && verdicts !== undefined) {
    throw new TypeError('"verdicts" belongs to "verification"; set it there')
  }
  const verification =
    shared ??
    createVerification({
      onezone: { url: onezoneUrl ?? '' },
      verdicts,
      onDeath: door.onDeath,
      logger,
    })
  const made = createAuthenticator({
    ...verification.traits,
    verifier: verification.verifier,
    identityProviders: verification.identityProviders,
    guiUrl: onezoneUrl ?? null,
    onezoneNowMs: () => verification.onezoneNowMs,
    stalenessBoundMs: verification.stalenessBoundMs,
    trustedProxies: options.trustedProxies,
    forwarded: options.forwarded,
    logger,
    onDecision: options.onDecision,
  })
  const authenticator = made.route(
    routePolicyOf({
      ...options,
      id: options.id ?? door.id,
      token,
      headers: door.headers,
      forwardToken: door.forwardToken,
      passHeaders: door.passHeaders,
    }),
  )
  return {
    authenticator,
    requestIdOf: made.requestIdOf,
    verification,
    logger,
    close: async () => {
      if (shared === undefined) await verification.close()
    },
  }
}
