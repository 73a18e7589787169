import type { z } from 'zod'
import { HTTP_CLIENT_DEFAULTS } from '../http-client/index.ts'
import type { IdentityProvider } from '../identity-provider/index.ts'
import {
  EXCHANGE_RANGE,
  IDENTITY_PROVIDER_DEFAULTS,
  parsePrefix,
} from '../identity-provider/index.ts'
import { parseOnezoneUrl } from '../onezone/index.ts'
import { parseTokenLookupUrl } from '../token-lookup/index.ts'
import { WATCH_DEFAULTS, WATCH_RANGES } from '../verification/index.ts'
import type { OnezoneConfig, VerifierConfig, VerifierConnection } from './gateway-config.ts'
import { choice, group, integer, integers, list, section, text, toggle } from './setting.ts'

/** How a verifier is reached, if it is the one that is asked. */
interface ConnectionSettings extends Omit<VerifierConnection, 'url' | 'ca'> {
  readonly url?: string | undefined
  readonly caFile?: string | undefined
}

/** How Onezone is asked; secrets are still names of files. */
export interface OnezoneSettings
  extends
    ConnectionSettings,
    Pick<OnezoneConfig, 'watchIntervalMs' | 'guiUrl' | 'identityProviders'> {
  readonly serviceTokenFile?: string | undefined
  readonly watchTokenFile?: string | undefined
}

/** Who is asked, and how, where that is not Onezone; secrets are still names of files. */
export interface VerifierSettings extends ConnectionSettings {
  readonly type: VerifierConfig['type']
  readonly apiTokenFile?: string | undefined
}

/** Who can be asked whether tokens are good. */
export const VERIFIER_TYPES = ['onezone', 'token-lookup'] as const

const fileName = text('the name of a file', (value) => {
  if (value === '') throw new TypeError('must not be empty')
  return value
})

const connection = {
  caFile: fileName.optional(),
  // A request waits for an answer, so a time-out longer than this is a slip.
  ...integers({ connectTimeoutMs: [1, 60_000], totalTimeoutMs: [1, 60_000] }, HTTP_CLIENT_DEFAULTS),
  allowInsecureHttp: toggle().default(false),
}

/** What goes with what is judged in `verifier-checks.ts`. */
const identityProvider: z.ZodType<IdentityProvider> = group({
  prefix: text('the prefix that Onezone has for it, e.g. "egi:"', parsePrefix),
  clients: list(
    'ids of clients',
    text('the id of a client', (value) => value),
  ).optional(),
  any: toggle().default(IDENTITY_PROVIDER_DEFAULTS.any),
  bare: toggle().default(IDENTITY_PROVIDER_DEFAULTS.bare),
  exchangeMs: integer(...EXCHANGE_RANGE).default(IDENTITY_PROVIDER_DEFAULTS.exchangeMs),
})

/** How Onezone is asked. That there must be a `url` depends on `verifier.type`. */
export const onezoneSection: z.ZodType<OnezoneSettings> = section({
  url: text('a URL, e.g. https://onezone.example.org', parseOnezoneUrl).optional(),
  guiUrl: text('a URL, e.g. https://onezone.example.org, or null', parseOnezoneUrl)
    .nullable()
    .optional(),
  identityProviders: list('identity providers', identityProvider).optional(),
  serviceTokenFile: fileName.optional(),
  watchTokenFile: fileName.optional(),
  watchIntervalMs: integer(...WATCH_RANGES.intervalMs).default(WATCH_DEFAULTS.intervalMs),
  ...connection,
})

const verifier = {
  type: choice(...VERIFIER_TYPES).default('onezone'),
  url: text('a URL, e.g. https://cluster.example.org', parseTokenLookupUrl).optional(),
  apiTokenFile: fileName.optional(),
  ...connection,
}

/** Names of the settings of {@link verifierSection}. */
export const VERIFIER_KEYS: readonly string[] = Object.keys(verifier)

/** Who is asked; and how, where that is not Onezone. */
export const verifierSection: z.ZodType<VerifierSettings> = section(verifier)
