import type { CacheOptions, VerdictStore } from './cache/index.ts'
import { withCache } from './cache/index.ts'
import type { Clock } from './clock.ts'
import type { OnezoneClientOptions } from './onezone/index.ts'
import { createOnezoneClient } from './onezone/index.ts'
import type { Verifier } from './verifier/index.ts'
import { createOnezoneVerifier } from './verifier/index.ts'

/** Options of {@link createVerification}. */
export interface VerificationOptions {
  /** Where Onezone is and how long to wait for it. */
  readonly onezone: OnezoneClientOptions
  /** Identity token of the Oneprovider service that this gateway acts as (trap T4). */
  readonly serviceToken?: string | undefined
  /** How long verdicts are kept, and how many. */
  readonly verdicts?: Omit<CacheOptions, 'clock'> | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
}

/** Says whether tokens are good: a backend, and what is remembered of its answers. */
export interface Verification {
  readonly verifier: Verifier
  /** Whether Onezone is told a service token. */
  readonly serviceTokenConfigured: boolean
  /** How many verdicts a store holds. */
  entries(store: VerdictStore): number
  /** Lets go of the sockets to Onezone. */
  close(): Promise<void>
}

/**
 * Assembles the verification: Onezone behind a cache. One of these can serve any number of doors and routes.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createVerification(options: VerificationOptions): Verification {
  const { clock, serviceToken } = options
  if (serviceToken === '') throw new TypeError('"serviceToken" is empty; leave it out, or give one')
  const client = createOnezoneClient({ clock, ...options.onezone })
  const verifier = withCache(createOnezoneVerifier({ client, serviceToken, clock }), {
    ...options.verdicts,
    clock,
  })
  return {
    verifier,
    serviceTokenConfigured: serviceToken !== undefined,
    entries: (store) => verifier.entries(store),
    close: () => verifier.close(),
  }
}
