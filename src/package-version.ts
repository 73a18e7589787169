import { readFileSync } from 'node:fs'
import { isJsonObject } from './json.ts'

const OLDEST_SUPPORTED_NODE = 22

/** The oldest release of Node that still gets security fixes, where this one no longer does; null: it does. */
export function betterNodeThan(version: string): number | null {
  return Number.parseInt(version) >= OLDEST_SUPPORTED_NODE ? null : OLDEST_SUPPORTED_NODE
}

/** Version of onegate. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  const version = isJsonObject(manifest) ? manifest['version'] : undefined
  return typeof version === 'string' ? version : 'unknown'
}
