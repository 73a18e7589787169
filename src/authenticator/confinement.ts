import type { OptionShape } from '../option-shape.ts'
import { checkOptions, FLAG, JUDGED_ELSEWHERE, oneOf } from '../option-shape.ts'
import type { Caveat, CaveatInput, TokenKind } from '../token/index.ts'
import { caveatRow, fieldsReadBy, sanitizeCaveat, serializeCaveat } from '../token/index.ts'
import { TokenError } from '../errors.ts'
import { nameOption } from './named-option.ts'

/** A life from now on, in place of the moment that a caveat in a token names. */
export interface LifeCaveat {
  readonly type: 'time'
  /**
   * How long the forwarded token lives at most, in milliseconds, a minute to a day; at least half of that. For half of
   * it the same text is forwarded, so that it can be remembered.
   *
   * @default 600_000
   */
  readonly lifeMs?: number | undefined
}

/** A caveat that is added to a token before it is forwarded: in the JSON form of the Onezone API, but for `time`. */
export type ConfiningCaveat = LifeCaveat | Exclude<CaveatInput, { readonly type?: 'time' }>

/** Forward the client's token, but weaker. */
export interface ConfinedForward {
  /** What is added, at least one: `time`, `ip`, `service`, `consumer`, `api` or `data.*`. */
  readonly confine: readonly ConfiningCaveat[]
  /** The one field that carries it. @default 'X-Auth-Token' */
  readonly forwardAs?: 'X-Auth-Token' | 'Authorization' | undefined
  /**
   * Admit tokens that are bound to addresses. Whoever verifies the forwarded token sees the upstream's address, not the
   * client's, so that it fails there unless the token allows both.
   *
   * @default false
   */
  readonly allowIpConfined?: boolean | undefined
}

/** Fields that may carry a forwarded token. */
export const FORWARD_FIELDS: readonly NonNullable<ConfinedForward['forwardAs']>[] = [
  'X-Auth-Token',
  'Authorization',
]

/** What is used where it is left out. */
export const CONFINEMENT_DEFAULTS = { lifeMs: 600_000, forwardAs: 'X-Auth-Token' } as const

/** The least and the most that a forwarded token may live. */
export const LIFE_RANGE_MS = [60_000, 86_400_000] as const

const OPTIONS: OptionShape<ConfinedForward> = {
  confine: JUDGED_ELSEWHERE,
  forwardAs: oneOf(FORWARD_FIELDS),
  allowIpConfined: FLAG,
}

const TYPES = new Set([
  'time',
  'ip',
  'service',
  'consumer',
  'api',
  'data.readonly',
  'data.path',
  'data.objectid',
])

/** Upstreams cut longer heads off, or refuse them. */
export const LONGEST_FORWARDED = 7_000

/** What a route adds to tokens, ready to be added. */
export interface Confinement {
  readonly forwardAs: string
  readonly allowIpConfined: boolean
  /** Null: what is added holds for ever. */
  readonly lifeMs: number | null
  readonly caveats: readonly CaveatInput[]
}

/**
 * Reads one caveat of `confine`.
 *
 * @throws {TypeError} for what is none, or cannot be added to tokens.
 */
export function readConfiningCaveat(given: unknown): { lifeMs: number } | CaveatInput {
  const caveat = given as { readonly type?: unknown; readonly lifeMs?: unknown } | null
  if (typeof caveat !== 'object' || !TYPES.has(String(caveat?.type))) {
    throw new TypeError(
      `must be a caveat of one of the types ${[...TYPES].join(', ')}, e.g. { type: data.readonly }`,
    )
  }
  if (caveat?.type === 'time') {
    const { lifeMs = CONFINEMENT_DEFAULTS.lifeMs } = caveat
    const [least, most] = LIFE_RANGE_MS
    const others = Object.keys(caveat).filter((key) => key !== 'type' && key !== 'lifeMs')
    if (Number.isSafeInteger(lifeMs) && Number(lifeMs) >= least && Number(lifeMs) <= most) {
      if (others.length === 0) return { lifeMs: Number(lifeMs) }
    }
    throw new TypeError(`must be { type: time, lifeMs: ${least} to ${most} }`)
  }
  try {
    const known = sanitizeCaveat(given)
    // What is longer than a packet could not be added to any token.
    if (Buffer.byteLength(serializeCaveat(known)) < LONGEST_FORWARDED) return known
    throw new TypeError(`must be shorter than ${LONGEST_FORWARDED} characters`)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new TypeError(
      'must be a caveat in the JSON form of the Onezone API, e.g. { type: data.readonly }',
    )
  }
}

/**
 * Reads what a route adds to tokens; null: it forwards none, or the client's own.
 *
 * @throws {TypeError} for what cannot be added to tokens of the kind that the route takes.
 */
export function readConfinement(
  forward: boolean | ConfinedForward | undefined,
  kind: TokenKind | 'none',
): Confinement | null {
  if (forward === undefined || typeof forward === 'boolean') return null
  checkOptions('"forwardToken" of a route', forward, OPTIONS, 'forwardToken.')
  if (kind === 'none')
    throw new TypeError('"forwardToken.confine" needs a route that demands a token')
  const { confine: given, forwardAs = CONFINEMENT_DEFAULTS.forwardAs } = forward
  if (!Array.isArray(given) || given.length === 0) {
    throw new TypeError('"forwardToken.confine" must be a list of caveats with at least one in it')
  }
  const caveats: CaveatInput[] = []
  let lifeMs: number | null = null
  for (const [index, each] of given.entries()) {
    nameOption(`forwardToken.confine[${index}]`, () => {
      const read = readConfiningCaveat(each)
      if ('lifeMs' in read) lifeMs = Math.min(lifeMs ?? Infinity, read.lifeMs)
      else caveats.push(checkSupport(read, kind))
    })
  }
  return { forwardAs, allowIpConfined: forward.allowIpConfined ?? false, lifeMs, caveats }
}

/**
 * Checks that tokens of a kind support a caveat: with any other each of them would be refused.
 *
 * @throws {TypeError} where they do not.
 */
export function checkSupport(caveat: CaveatInput, kind: TokenKind): CaveatInput {
  if (caveatRow(caveat)?.supportedBy.includes(kind) === true) return caveat
  throw new TypeError(`is a caveat that tokens of the kind "${kind}" do not support`)
}

/** Whether a token is bound to addresses, by its caveats. */
export function isIpConfining(caveat: Caveat): boolean {
  return caveat.type !== 'unknown' && fieldsReadBy(caveat).includes('peerIp')
}
