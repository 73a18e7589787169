import type { z } from 'zod'
import { parseOnezoneUrl } from '../onezone/index.ts'
import { parseTokenLookupUrl } from '../token-lookup/index.ts'
import type { Settings } from './schema.ts'
import { choice, integer, section, text, toggle } from './setting.ts'

/** Who can be asked whether tokens are good. */
export const VERIFIER_TYPES = ['onezone', 'token-lookup'] as const

const fileName = text('the name of a file', (value) => {
  if (value === '') throw new TypeError('must not be empty')
  return value
})

const connection = {
  caFile: fileName.optional(),
  connectTimeoutMs: integer(1, 60_000).default(1_000),
  totalTimeoutMs: integer(1, 60_000).default(2_500),
  allowInsecureHttp: toggle().default(false),
}

/** How Onezone is asked. That there must be a `url` depends on `verifier.type`. */
export const onezoneSection: z.ZodType<Settings['onezone']> = section({
  url: text('a URL, e.g. https://onezone.example.org', parseOnezoneUrl).optional(),
  serviceTokenFile: fileName.optional(),
  watchTokenFile: fileName.optional(),
  watchIntervalMs: integer(250, 300_000).default(2_000),
  ...connection,
})

/** Who is asked; and how, where that is not Onezone. */
export const verifierSection: z.ZodType<Settings['verifier']> = section({
  type: choice(...VERIFIER_TYPES).default('onezone'),
  url: text('a URL, e.g. https://cluster.example.org', parseTokenLookupUrl).optional(),
  apiTokenFile: fileName.optional(),
  ...connection,
})
