import { readFileSync } from 'node:fs'
import { isJsonObject } from './json.ts'

/** Version of onegate. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  const version = isJsonObject(manifest) ? manifest['version'] : undefined
  return typeof version === 'string' ? version : 'unknown'
}
