/**
 * How decisions are signed, and what a route says of it.
 *
 * @module
 */

import type { z } from 'zod'
import { ASSERTION_DEFAULTS, ASSERTION_RANGES } from '../assertion/index.ts'
import { parseRoutePath } from '../routing/index.ts'
import { group, integer, list, text } from './setting.ts'

/** Settings under `assertion`; keys are still names of files. */
export interface AssertionSettings {
  readonly issuer: string
  readonly keyFiles?: readonly string[] | undefined
  readonly lifeMs: number
  readonly jwksPath?: string | undefined
}

/** `assertion:` at the top. */
export const assertionSchema: z.ZodType<AssertionSettings> = group({
  issuer: text('a URL, e.g. https://gateway.example.org', parseIssuer),
  keyFiles: list(
    'names of files',
    text('the name of a file', (name) => {
      if (name === '') throw new TypeError('must not be empty')
      return name
    }),
  ).optional(),
  lifeMs: integer(...ASSERTION_RANGES.lifeMs).default(ASSERTION_DEFAULTS.lifeMs),
  jwksPath: text('a path, e.g. /.well-known/jwks.json', parseKeySetPath).optional(),
})

/** `assertion:` on a route. */
export const routeAssertionSchema: z.ZodType<{ audience: string }> = group({
  audience: text('a text, e.g. https://api.example.org', (audience) => {
    if (/^[\x21-\x7e]{1,256}$/.test(audience)) return audience
    throw new TypeError('must be 1 to 256 printable ASCII characters without space')
  }),
})

/** As it is written: verifiers compare it byte by byte. */
function parseIssuer(issuer: string): string {
  const url = URL.canParse(issuer) ? new URL(issuer) : null
  const isPlain = url?.search === '' && url.hash === '' && url.username === ''
  if (isPlain && /^https?:$/.test(url.protocol) && issuer.length <= 256) return issuer
  throw new TypeError('must be an http(s) URL without query, e.g. https://gateway.example.org')
}

function parseKeySetPath(path: string): string {
  if (/[:*]/.test(parseRoutePath(path))) throw new TypeError('must be one path, without : and *')
  return path
}
