import { createRequire } from 'node:module'

import { isJsonObject } from './json.ts'

const OLDEST_SUPPORTED_NODE = 22

/** The oldest release of Node that still gets security fixes, where this one no longer does; null: it does. */
export function betterNodeThan(version: string): number | null {
  return Number.parseInt(version) >= OLDEST_SUPPORTED_NODE ? null : OLDEST_SUPPORTED_NODE
}

/** Version of onegate. */
export function packageVersion(): string {
  // By the name of the package: in the build this code lies in another folder.
  const manifest: unknown = createRequire(import.meta.url)('onegate/package.json')
  const version = isJsonObject(manifest) ? manifest['version'] : undefined
  return typeof version === 'string' ? version : 'unknown'
}
