import { randomBytes } from 'node:crypto'

import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { NumberRange, OptionShape } from '../option-shape.ts'
import {
  CALLBACK,
  checkOptions,
  CLOCK,
  JUDGED_ELSEWHERE,
  TEXT,
  wholeNumber,
} from '../option-shape.ts'
import type { Caveat, Subject } from '../token/index.ts'
import { serializeSubject } from '../token/index.ts'
import { publicKeySet } from './key-set.ts'
import type { SigningKey } from './signing-key.ts'
import { privateKeyOf, signWith } from './signing-key.ts'

/** What may be set about assertions. */
export const ASSERTION_RANGES: { readonly lifeMs: NumberRange } = { lifeMs: [1_000, 10_000] }

/** What is used where it is left out. */
export const ASSERTION_DEFAULTS = { lifeMs: 10_000 } as const

/** Options of {@link createAssertions}. */
export interface AssertionOptions {
  /** Who says that he asserts: `iss`, a URL. */
  readonly issuer: string
  /** The first one signs; all are published, so that a new one is known before it signs. */
  readonly keys: readonly SigningKey[]
  /** How long an assertion is good, in milliseconds, 1 000 to 10 000; no longer than its token. @default 10_000 */
  readonly lifeMs?: number | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** Told of every signature. */
  readonly onSigned?: (() => void) | undefined
}

const ASSERTION_OPTIONS: OptionShape<AssertionOptions> = {
  issuer: TEXT,
  keys: JUDGED_ELSEWHERE,
  lifeMs: wholeNumber(ASSERTION_RANGES.lifeMs),
  clock: CLOCK,
  onSigned: CALLBACK,
}

/** Whom an assertion speaks of: what a door knows of a request that it lets through. */
export interface AssertedIdentity {
  readonly subject: Subject
  readonly token: {
    readonly id: string
    readonly type: string
    /** Unix seconds; null: it never ends. */
    readonly expiresAt: number | null
  }
  readonly scopes: readonly string[] | null
  readonly delegatedCaveats: readonly Caveat[]
}

/** A decision as a signed JWT (RFC 7519). */
export interface SignedAssertion {
  /** In compact form. */
  readonly text: string
  /** Half of its life, in milliseconds: for so long it is fresh enough for another request. */
  readonly freshForMs: number
}

/** Signs who a request speaks for, for one audience. Null: it would be longer than upstreams read. */
export type Assert = (identity: AssertedIdentity, factAgeMs: number) => SignedAssertion | null

/** What signs decisions. */
export interface Assertions {
  /** Makes the function that signs for one audience. */
  forAudience(audience: string): Assert
  /** The public keys, as a JWK Set (RFC 7517 §5). */
  readonly keySet: string
  /** Their names: the first one signs. */
  readonly keyIds: readonly string[]
}

/** Longer fields are cut off or refused by upstreams; a claim is never cut. */
const LONGEST = 4096

/** However soon its token ends: a signature for each request would cost more than the request. */
const SHORTEST_FRESH_MS = 500

/**
 * Makes what signs decisions. An assertion is small and short-lived: whoever copies one has `lifeMs` at most, and only
 * at the audience that it names.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createAssertions(options: AssertionOptions): Assertions {
  checkOptions('createAssertions', options, ASSERTION_OPTIONS)
  const { issuer, keys, clock = systemClock, onSigned = () => {} } = options
  const { lifeMs = ASSERTION_DEFAULTS.lifeMs } = options
  const [first] = keys
  if (first === undefined) throw new TypeError('"keys" must hold at least one private key')
  const signing = keys.map(privateKeyOf)[0] ?? privateKeyOf(first)
  const header = encode({ alg: first.alg, kid: first.kid, typ: 'JWT' })

  return {
    keySet: publicKeySet(keys),
    keyIds: keys.map(({ kid }) => kid),
    forAudience: (audience) => (identity, factAgeMs) => {
      const nowMs = clock.now()
      const ends = Math.floor((nowMs + lifeMs) / 1000)
      const exp = Math.min(ends, identity.token.expiresAt ?? ends)
      const claims = {
        iss: issuer,
        aud: audience,
        sub: serializeSubject(identity.subject),
        iat: Math.floor(nowMs / 1000),
        exp,
        jti: randomBytes(12).toString('base64url'),
        ...(identity.scopes === null ? {} : { scope: identity.scopes.join(' ') }),
        onedata: {
          subject_type: identity.subject.type,
          subject_id: identity.subject.id,
          token_id: identity.token.id,
          token_type: identity.token.type,
          token_expires: identity.token.expiresAt,
          caveats: identity.delegatedCaveats,
          checked_at: Math.floor((nowMs - factAgeMs) / 1000),
        },
      }
      const input = `${header}.${encode(claims)}`
      const signature = signWith(signing, first.alg, Buffer.from(input))
      onSigned()
      const text = `${input}.${signature.toString('base64url')}`
      if (text.length > LONGEST) return null
      return { text, freshForMs: Math.max((exp * 1000 - nowMs) / 2, SHORTEST_FRESH_MS) }
    },
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
