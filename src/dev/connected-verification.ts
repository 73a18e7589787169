import type { DevOnezone } from '../dev-onezone/index.ts'
import type { Verification, VerificationOptions } from '../verification/index.ts'
import { createVerification } from '../verification/index.ts'

/** Options of {@link connectedVerification}: those of `createVerification`, but for whom to ask and what time it is. */
export type ConnectedVerificationOptions = Omit<
  VerificationOptions,
  'onezone' | 'tokenLookup' | 'backend' | 'onezoneTime'
>

/**
 * The verification of an app under test, connected to its development Onezone: whatever ends a token there, or makes it
 * good again, the next request knows, and both share one clock. With a real Onezone a revocation is known within
 * `maxStalenessMs`.
 *
 * @example
 * ```ts
 * const onezone = await createDevOnezone()
 * const app = new Hono().use(onedataAuth({ verification: connectedVerification(onezone) }))
 * ```
 * @throws {TypeError} for options that make no sense.
 */
export function connectedVerification(
  onezone: DevOnezone,
  options: ConnectedVerificationOptions = {},
): Verification {
  const verification = createVerification({
    ...options,
    onezone: { url: onezone.url },
    onezoneTime: {
      now: () => onezone.now(),
      leastNow: () => onezone.now(),
      get offsetMs() {
        return onezone.now() - Date.now()
      },
      setAtMs: -Infinity, // what time it is there is known here at any moment
      observe() {},
      observeDate() {},
      slept() {},
    },
  })
  onezone.onTokenFate(() => verification.invalidate({ all: true }))
  return verification
}
