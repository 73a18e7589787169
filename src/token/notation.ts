/**
 * How tokens are written down: their decimal numbers, and the refusal of what cannot be read.
 *
 * @module
 */

import { TokenError } from '../errors.ts'

/**
 * Reads a decimal integer as Onezone does: an optional sign, then digits, leading zeros allowed. Null for anything
 * else. Exact up to 2⁵³; beyond the range of a double, infinite.
 */
export function parseInteger(text: string): number | null {
  // adding 0 turns -0 into 0
  return /^[+-]?[0-9]+$/.test(text) ? Number(text) + 0 : null
}

/** Writes an integer without exponent: 10²¹ too is all digits. */
export function serializeInteger(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString()
}

/** The refusal of a string that is no token. It tells where reading stopped, never what was read. */
export function malformed(reason: string): TokenError {
  return new TokenError('ERR_TOKEN_MALFORMED', `The token could not be understood: ${reason}.`)
}
