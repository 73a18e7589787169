import { boundOf } from '../identity-provider/index.ts'
import type { VerificationOptions } from '../verification/index.ts'
import type { GatewayConfig, VerifierConfig } from './gateway-config.ts'

/** What a configuration says about who is asked, as `createVerification` takes it. */
export type VerifierChoice = Pick<
  VerificationOptions,
  'onezone' | 'serviceToken' | 'identityProviders' | 'tokenLookup' | 'watch'
>

/** Translates the choice of a verifier: the only place, besides the verifiers, that knows which there are. */
export function verifierChoiceOf(verifier: VerifierConfig): VerifierChoice {
  switch (verifier.type) {
    case 'onezone': {
      const {
        type: _,
        serviceToken,
        watchToken,
        watchIntervalMs,
        guiUrl: __,
        identityProviders,
        ...onezone
      } = verifier
      const watch = { token: watchToken ?? '', intervalMs: watchIntervalMs }
      const watched = watchToken === undefined ? undefined : watch
      return { onezone, serviceToken, identityProviders, watch: watched }
    }
    case 'token-lookup': {
      const { type: _, ...tokenLookup } = verifier
      return { tokenLookup }
    }
  }
}

/** The longest that a revocation at an identity provider can go unseen, in milliseconds; 0: none is taken. */
export function exchangeBoundMs({ verifier, routes }: GatewayConfig): number {
  const isTaken = routes.some((route) => route.identityProviderTokens === true)
  return boundOf((verifier.type === 'onezone' && isTaken && verifier.identityProviders) || [])
}

/** Names of the settings in force that are unsafe, for the metric that shows them. */
export function insecureSettingsOf({ verifier, routes, store }: GatewayConfig): string[] {
  const settings: string[] = []
  if (verifier.allowInsecureHttp) {
    settings.push(`${verifier.type === 'onezone' ? 'onezone' : 'verifier'}.allowInsecureHttp`)
  }
  if (verifier.type === 'onezone' && verifier.identityProviders?.some(({ any }) => any === true)) {
    settings.push('onezone.identityProviders.any')
  }
  if (store?.allowInsecureStore === true) settings.push('store.allowInsecureStore')
  if (routes.some((route) => route.forwardToken === true)) settings.push('routes.forwardToken')
  if (routes.some((route) => route.caveats?.service === 'as-onezone')) {
    settings.push('routes.caveats.service')
  }
  return settings
}
