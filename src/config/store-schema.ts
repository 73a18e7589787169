/**
 * The store in which several gateways share what they know.
 *
 * @module
 */

import type { z } from 'zod'
import {
  parseStorePrefix,
  parseStoreUrl,
  STORE_DEFAULTS,
  STORE_RANGES,
} from '../verification/index.ts'
import type { StoreConfig } from './gateway-config.ts'
import { fileName } from './listener-schema.ts'
import { group, integers, list, text, toggle } from './setting.ts'

/** Settings under `store`; secrets are still names of files. */
export interface StoreSettings extends Pick<
  StoreConfig,
  'url' | 'sentinels' | 'sentinelName' | 'cluster' | 'prefix' | 'deadlineMs' | 'allowInsecureStore'
> {
  readonly secretFile?: string | undefined
  readonly usernameFile?: string | undefined
  readonly passwordFile?: string | undefined
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

const url = text('a URL, e.g. rediss://store.example.org:6379/0', (value) => {
  parseStoreUrl(value)
  return value
})

/** `store:` What must be there besides is in `store-checks.ts`. */
export const storeSchema: z.ZodType<StoreSettings> = group({
  url: url.optional(),
  sentinels: list('URLs', url).optional(),
  sentinelName: text('a name', (name) => {
    if (!/^[\w.-]{1,64}$/.test(name)) throw new TypeError('must be the name of a primary')
    return name
  }).prefault(STORE_DEFAULTS.sentinelName),
  cluster: list('URLs', url).optional(),
  secretFile: fileName.optional(),
  usernameFile: fileName.optional(),
  passwordFile: fileName.optional(),
  caFile: fileName.optional(),
  certFile: fileName.optional(),
  keyFile: fileName.optional(),
  prefix: text('a beginning of names', parseStorePrefix).prefault(STORE_DEFAULTS.prefix),
  ...integers(STORE_RANGES, { deadlineMs: STORE_DEFAULTS.deadlineMs }),
  allowInsecureStore: toggle().default(false),
})
