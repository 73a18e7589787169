import { VerifierFaultError } from '../errors.ts'
import type { IdentityProviders, ProviderCredential } from '../identity-provider/index.ts'
import { looksLikeProviderToken } from '../identity-provider/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type { BackendTraits, SourcedVerdict, Verifier } from '../verifier/index.ts'
import { isAccepted } from '../verifier/index.ts'
import type { Client } from './client-address.ts'
import type { Objection } from './objection.ts'
import type { RoutePolicy } from './route-policy.ts'
import type { RouteRules } from './route-rules.ts'

/** Why a credential that is no token of Onedata is refused. */
export interface ProviderObjection extends Objection {
  readonly detail?: string | undefined
}

/** What was found out about the subject of such a credential. */
export interface ProviderVerdict {
  readonly verification: SourcedVerdict
  /** What the client is seen with. */
  readonly token: PresentedToken
}

/** How one route takes credentials of identity providers. */
export interface ProviderTokens {
  /** Whose a text is that is no token of Onedata, or why it is refused whatever anybody says. */
  read(text: string, hasConsumer: boolean): ProviderCredential | ProviderObjection
  /** Exchanges a credential, and has what that gives verified. Rejects where nobody can say. */
  verify(
    credential: ProviderCredential,
    client: Client,
    maxFactAgeMs: number | undefined,
  ): Promise<ProviderVerdict | ProviderObjection>
}

/** What is wrong with the minted token and not with the credential, so that another exchange may help. */
const USED_UP: ReadonlySet<string> = new Set(['token_revoked', 'token_invalid', 'token_expired'])

/** Options of {@link createProviderTokens}. */
export interface ProviderTokensOptions {
  /** Null where the route takes none; then they are named, and refused. */
  readonly providers: IdentityProviders | null
  readonly verifier: Verifier<PresentedToken>
  readonly rules: Pick<RouteRules, 'interfaceFor'>
  readonly traits: Pick<BackendTraits, 'backend'>
}

/** Makes them for a route. */
export function createProviderTokens(options: ProviderTokensOptions): ProviderTokens {
  const { providers, verifier, rules, traits } = options
  return {
    read(text, hasConsumer) {
      const credential = providers?.read(text) ?? null
      if (credential === null) {
        const isOne = traits.backend === 'onezone' && looksLikeProviderToken(text)
        return { code: isOne ? 'idp_token_not_accepted' : 'token_malformed' }
      }
      if (!hasConsumer) return credential
      const detail = 'A token of an identity provider goes without a consumer token.'
      return { code: 'credentials_ambiguous', detail }
    },
    async verify(credential, { address, peerIp }, maxFactAgeMs) {
      if (providers === null) return { code: 'idp_token_not_accepted' }
      const exchanged =
        providers.known(credential) ?? (await providers.exchange(credential, address))
      if (exchanged.outcome === 'refused') return exchanged
      const { token, presented } = exchanged
      const verification = await verifier.verify({
        token,
        kind: 'identity',
        peerIp,
        interface: rules.interfaceFor(token),
        consumerToken: null,
        allowDataAccessCaveats: false,
        inviteType: null,
        clientAddress: address,
        maxFactAgeMs,
      })
      const { verdict } = verification
      if (!isAccepted(verdict) && USED_UP.has(verdict.reason)) providers.forget(credential)
      return { verification, token: presented }
    },
  }
}

/**
 * What a route exchanges by; null: it takes no tokens of identity providers.
 *
 * @throws {TypeError} where it would, and there is nothing that could.
 */
export function providersFor(
  { identityProviderTokens = false }: RoutePolicy,
  providers: IdentityProviders | null,
): IdentityProviders | null {
  if (!identityProviderTokens) return null
  if (providers !== null) return providers
  throw new TypeError('"identityProviderTokens" needs "identityProviders" of the verification')
}

/** The same exchange, which makes none, and says where it would have to. */
export function withoutAsking(
  providers: IdentityProviders | null,
  onAsking: () => void,
): IdentityProviders | null {
  if (providers === null) return null
  return {
    breakerState: providers.breakerState,
    boundMs: providers.boundMs,
    read: (text) => providers.read(text),
    known: (credential) => providers.known(credential),
    async exchange() {
      onAsking()
      throw new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'Nobody was asked')
    },
    forget: () => {},
    forgetOf: () => {},
    close: async () => {},
  }
}
