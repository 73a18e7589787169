/**
 * What people write who know other programs.
 *
 * @module
 */

import { isJsonObject } from '../json.ts'
import type { Finding, SettingPath } from './problems.ts'
import { waysToGive } from './overlay.ts'

/** How deep settings are at most. */
const DEEPEST = 8

/** Finds texts that are meant to be replaced by variables of the environment, which they are not. */
export function checkReplacements(value: unknown, path: SettingPath = []): Finding[] {
  // A file can contain itself.
  if (path.length > DEEPEST) return []
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => checkReplacements(item, [...path, index]))
  }
  if (isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, inner]) => checkReplacements(inner, [...path, key]))
  }
  const name = typeof value === 'string' ? /\$\{(\w+)[^}]*\}/.exec(value)?.[1] : undefined
  if (name === undefined) return []
  const ways = waysToGive(path)
  const instead =
    ways === '' ? 'write the value itself' : `leave the setting out and give it by ${ways}`
  return [{ path, message: `has "\${${name}}" in it, and variables are not replaced; ${instead}` }]
}
