import type { Logger } from '../logger.ts'
import type { Verification, VerificationOptions } from '../verification/index.ts'
import { createVerification } from '../verification/index.ts'
import type { DecisionEvent, RouteAuthenticator } from './authenticator.ts'
import { createAuthenticator } from './authenticator.ts'
import type { RoutePolicy } from './route-policy.ts'

/** Options of doors that are used in other people's apps, each of which has one policy. */
export interface SingleRouteOptions extends Omit<
  RoutePolicy,
  'id' | 'token' | 'headers' | 'forwardToken'
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
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** Told of every decision. */
  readonly onDecision?: ((event: DecisionEvent) => void) | undefined
}

/** What a door settles besides its options. */
export interface SingleRouteDoor extends Pick<RoutePolicy, 'headers' | 'forwardToken'> {
  /** Its function, for error messages. */
  readonly name: string
  /** @default the id that the options name */
  readonly id: string
  /** Told when tokens turn out to be revoked; not of a shared verification. */
  readonly onDeath?: (() => void) | undefined
}

/** The authenticator of a door with one policy. */
export interface SingleRoute {
  readonly authenticator: RouteAuthenticator
  readonly verification: Verification
  /** Closes the verification, unless it is shared. */
  close(): Promise<void>
}

/**
 * Makes the authenticator of a door that is used in an app: with a verification of its own, or a shared one.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createSingleRoute(options: SingleRouteOptions, door: SingleRouteDoor): SingleRoute {
  const { name } = door
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${name} needs options with "onezoneUrl" or "verification"`)
  }
  const { onezoneUrl, verification: shared, verdicts, token = 'access' } = options
  if ((onezoneUrl === undefined) === (shared === undefined)) {
    throw new TypeError(`${name} needs exactly one of "onezoneUrl" and "verification"`)
  }
  if (!['access', 'identity', 'invite'].includes(token)) {
    throw new TypeError(
      '"token" must be access, identity or invite; without one, use no middleware',
    )
  }
  if (shared !== undefined && typeof shared.verifier?.verify !== 'function') {
    throw new TypeError('"verification" must be made with createVerification')
  }
  if (shared !== undefined && verdicts !== undefined) {
    throw new TypeError('"verdicts" belongs to "verification"; set it there')
  }
  const verification =
    shared ??
    createVerification({ onezone: { url: onezoneUrl ?? '' }, verdicts, onDeath: door.onDeath })
  const authenticator = createAuthenticator({
    ...verification.traits,
    verifier: verification.verifier,
    stalenessBoundMs: verification.stalenessBoundMs,
    trustedProxies: options.trustedProxies,
    logger: options.logger,
    onDecision: options.onDecision,
  }).route({
    id: options.id ?? door.id,
    token,
    optional: options.optional,
    interface: options.interface,
    inviteType: options.inviteType,
    subjects: options.subjects,
    scopes: options.scopes,
    caveats: options.caveats,
    headers: door.headers,
    forwardToken: door.forwardToken,
    realm: options.realm,
  })
  return {
    authenticator,
    verification,
    close: async () => {
      if (shared === undefined) await verification.close()
    },
  }
}
