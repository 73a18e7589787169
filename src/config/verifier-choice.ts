import type { VerificationOptions } from '../verification/index.ts'
import type { GatewayConfig, VerifierConfig } from './gateway-config.ts'

/** What a configuration says about who is asked, as `createVerification` takes it. */
export type VerifierChoice = Pick<
  VerificationOptions,
  'onezone' | 'serviceToken' | 'tokenLookup' | 'watch'
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
        ...onezone
      } = verifier
      const watch = { token: watchToken ?? '', intervalMs: watchIntervalMs }
      return { onezone, serviceToken, watch: watchToken === undefined ? undefined : watch }
    }
    case 'token-lookup': {
      const { type: _, ...tokenLookup } = verifier
      return { tokenLookup }
    }
  }
}

/** Names of the settings in force that are unsafe, for the metric that shows them. */
export function insecureSettingsOf({ verifier, routes, store }: GatewayConfig): string[] {
  const settings: string[] = []
  if (verifier.allowInsecureHttp) {
    settings.push(`${verifier.type === 'onezone' ? 'onezone' : 'verifier'}.allowInsecureHttp`)
  }
  if (store?.allowInsecureStore === true) settings.push('store.allowInsecureStore')
  if (routes.some((route) => route.forwardToken === true)) settings.push('routes.forwardToken')
  if (routes.some((route) => route.caveats?.service === 'as-onezone')) {
    settings.push('routes.caveats.service')
  }
  return settings
}
