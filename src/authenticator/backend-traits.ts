import type { BackendTraits } from '../verifier/index.ts'
import { onezoneTraits } from '../verifier/index.ts'

/** The traits of a backend, filled in with those of Onezone. */
export function backendTraitsOf(options: Partial<BackendTraits>): BackendTraits {
  const onezone = onezoneTraits(options.serviceTokenConfigured ?? false)
  const { backend, readToken, statesScopes } = options
  return {
    ...onezone,
    backend: backend ?? onezone.backend,
    readToken: readToken ?? onezone.readToken,
    statesScopes: statesScopes ?? onezone.statesScopes,
  }
}
