import { createHmac, randomBytes } from 'node:crypto'

import { claimsOf, isJwt, isOfReadableLength } from './credential.ts'
import type { Exchanged } from './exchange-memory.ts'
import type { IdentityProvider } from './provider.ts'
import { problemsOfProviders } from './provider.ts'

/** A credential that one of the providers has issued, as far as its form tells. */
export interface ProviderCredential {
  /** With the prefix. */
  readonly text: string
  /** Names it in the memory of this process, and nowhere else. */
  readonly key: string
  readonly provider: IdentityProvider
}

/**
 * Makes the function that finds out whose a text is; null: none of the providers'.
 *
 * @throws {TypeError} for providers that make no sense.
 */
export function createCredentialReader(
  providers: readonly IdentityProvider[],
): (text: string) => ProviderCredential | null {
  const [problem] = problemsOfProviders(providers)
  if (problem !== undefined) {
    const { index, name, message } = problem
    throw new TypeError(`"identityProviders[${index}].${name}" ${message}`)
  }
  const secret = randomBytes(32)
  const bare = providers.find((provider) => provider.bare === true)
  const credentialOf = (text: string, provider: IdentityProvider): ProviderCredential => ({
    text,
    key: createHmac('sha256', secret).update(text).digest('base64url'),
    provider,
  })
  return (text) => {
    if (!isOfReadableLength(text)) return null
    const provider = providers.find(({ prefix }) => text.startsWith(prefix))
    // What is not longer than the prefix is never asked about: Onezone stumbles over less.
    if (provider !== undefined) {
      return text.length > provider.prefix.length ? credentialOf(text, provider) : null
    }
    return bare !== undefined && isJwt(text) ? credentialOf(bare.prefix + text, bare) : null
  }
}

/** Why a credential is not worth asking about, by what it claims; null: it may be. */
export function objectionTo(
  { text, provider }: ProviderCredential,
  nowSeconds: number,
): Exchanged | null {
  const { prefix, clients, any = false } = provider
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
