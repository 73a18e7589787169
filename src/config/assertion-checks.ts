/**
 * Conditions on how decisions are signed.
 *
 * @module
 */

import type { Finding, SettingPath } from './problems.ts'
import { groupAt, type Written } from './written.ts'

/** Finds keys that are missing where several processes sign. */
export function checkAssertion({ assertion, workers = 1 }: Written): Finding[] {
  if (assertion === undefined) return []
  const { keyFiles } = groupAt({ assertion }, 'assertion')
  if (Array.isArray(keyFiles) && keyFiles.length === 0) {
    const message = 'is empty; name a private key, or leave it out for a key of this process'
    return [{ path: ['assertion', 'keyFiles'], message }]
  }
  if (keyFiles !== undefined || workers === 1) return []
  const message = 'needs keyFiles with more than one worker: all must sign with the same key'
  return [{ path: ['assertion'], message, atKey: true }]
}

/** Finds a route whose identity nobody signs. */
export function checkRouteAssertion(
  route: Written,
  path: SettingPath,
  { assertion }: Written,
): Finding[] {
  if (route['assertion'] === undefined || assertion !== undefined) return []
  const message = 'needs "assertion" at the top, with its issuer and keyFiles'
  return [{ path: [...path, 'assertion'], message, atKey: true }]
}
