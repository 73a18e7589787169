import { TokenError } from '../errors.ts'
import type { Caveat, KnownCaveat, Token } from '../token/index.ts'
import { sanitizeCaveat, serializeCaveat } from '../token/index.ts'

/** A time caveat with an integer that no number holds. */
export interface BigTimeCaveat {
  readonly type: 'time'
  readonly validUntil: bigint
}

/** An asn caveat with integers among which there are some that no number holds. */
export interface BigAsnCaveat {
  readonly type: 'asn'
  readonly whitelist: readonly (number | bigint)[]
}

/** A caveat with integers of any size, as Onezone calculates: a bigint stands for what a number would round. */
export type ExactCaveat = KnownCaveat | BigTimeCaveat | BigAsnCaveat

type Unknown = Extract<Caveat, { readonly type: 'unknown' }>

/** The caveats of a token with integers of any size. */
export function exactCaveatsOf(token: Token): readonly (ExactCaveat | Unknown)[] {
  const own = token.macaroon.caveats.filter(({ thirdParty }) => thirdParty === null)
  return token.caveats.map((caveat, index) => {
    const octets = own[index]?.bytes ?? new Uint8Array()
    const text = Buffer.from(octets).toString('latin1')
    return INTEGERS_ONLY.test(text) ? exactly(text, caveat) : caveat
  })
}

/** Checks a caveat that came as JSON, as `sanitizeCaveat` does; integers may be bigints. */
export function sanitizeExactCaveat(json: unknown): ExactCaveat {
  const { type, validUntil, whitelist } = (json ?? {}) as Readonly<Record<string, unknown>>
  if (type === 'time' && typeof validUntil === 'bigint') return { type, validUntil }
  if (type === 'asn' && Array.isArray(whitelist) && whitelist.some(isBig)) {
    if (whitelist.every(isInteger)) return { type, whitelist }
    throw new TokenError('ERR_CAVEAT_INVALID', 'An asn caveat lists integers.', { value: json })
  }
  return sanitizeCaveat(json)
}

/** Writes a caveat as it stands in a token. */
export function serializeExactCaveat(caveat: ExactCaveat): string {
  if (caveat.type === 'time') return `time < ${BigInt(caveat.validUntil)}`
  if (caveat.type === 'asn') return `asn = ${caveat.whitelist.map(BigInt).join('|')}`
  return serializeCaveat(caveat)
}

/** Moment from which on a time caveat fails: the smallest one, in unix seconds; null without time caveats. */
export function earliestEnd(caveats: readonly (ExactCaveat | Unknown)[]): number | bigint | null {
  let end: number | bigint | null = null
  for (const caveat of caveats) {
    if (caveat.type === 'time' && (end === null || caveat.validUntil < end)) end = caveat.validUntil
  }
  return end
}

const INTEGER = '[+-]?[0-9]+'
const INTEGERS_ONLY = new RegExp(`^(?:time < ${INTEGER}|asn = ${INTEGER}(?:\\|${INTEGER})*)$`)

function exactly(text: string, caveat: Caveat): ExactCaveat | Unknown {
  const [keyword = '', operand = ''] = text.split(/ [<=] /, 2)
  const integers = operand.split('|').map(integerOf)
  if (!integers.some(isBig)) return caveat
  return keyword === 'time'
    ? { type: 'time', validUntil: BigInt(integers[0] ?? 0) }
    : { type: 'asn', whitelist: integers }
}

function integerOf(text: string): number | bigint {
  const integer = BigInt(text.replace(/^\+/, ''))
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : integer
}

function isBig(value: unknown): value is bigint {
  return typeof value === 'bigint'
}

function isInteger(value: unknown): value is number | bigint {
  return isBig(value) || Number.isInteger(value)
}
