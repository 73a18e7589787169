/**
 * The names under which the upstream is told who a request speaks for.
 *
 * @module
 */

import type { OptionShape } from '../option-shape.ts'
import { TEXT } from '../option-shape.ts'
import { readOption } from './named-option.ts'

/** Names of the header fields that carry the identity, each configurable per route. */
export interface IdentityHeaderNames {
  /** `user` or `oneprovider`. @default 'X-Onedata-Subject-Type' */
  readonly subjectType?: string | undefined
  /** @default 'X-Onedata-Subject-Id' */
  readonly subjectId?: string | undefined
  /** @default 'X-Onedata-Token-Id' */
  readonly tokenId?: string | undefined
  /** `access`, `identity` or `invite`. @default 'X-Onedata-Token-Type' */
  readonly tokenType?: string | undefined
  /** Unix seconds, or empty. @default 'X-Onedata-Token-Expires' */
  readonly tokenExpires?: string | undefined
  /** Compact ASCII JSON array of the delegated caveats, or empty. @default 'X-Onedata-Caveats' */
  readonly caveats?: string | undefined
  /**
   * Scopes of the token, separated by spaces; only where the verifier states any.
   *
   * @default 'X-Onedata-Scopes'
   */
  readonly scopes?: string | undefined
  /**
   * A signed JWT; only on a route with `assertion`, and only where there is an identity.
   *
   * @default 'X-Onedata-Assertion'
   */
  readonly assertion?: string | undefined
}

/** What may be named. */
export const IDENTITY_HEADER_OPTIONS: OptionShape<IdentityHeaderNames> = {
  subjectType: TEXT,
  subjectId: TEXT,
  tokenId: TEXT,
  tokenType: TEXT,
  tokenExpires: TEXT,
  caveats: TEXT,
  scopes: TEXT,
  assertion: TEXT,
}

type Fact = keyof IdentityHeaderNames

const DEFAULT_NAMES: Readonly<Record<Fact, string>> = {
  subjectType: 'X-Onedata-Subject-Type',
  subjectId: 'X-Onedata-Subject-Id',
  tokenId: 'X-Onedata-Token-Id',
  tokenType: 'X-Onedata-Token-Type',
  tokenExpires: 'X-Onedata-Token-Expires',
  caveats: 'X-Onedata-Caveats',
  scopes: 'X-Onedata-Scopes',
  assertion: 'X-Onedata-Assertion',
}

const FACTS = Object.keys(DEFAULT_NAMES) as Fact[]

/** Fields that a route may not use as identity names: the gateway or the protocol gives them a meaning. */
const TAKEN =
  /^(?:connection|content-.*|cookie|date|expect|forwarded|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|via|x-auth-token|x-forwarded-(?:for|host|port|prefix|proto)|x-onedata-consumer-token|x-real-ip|x-request-id|authorization|macaroon)$/

const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * Reads the name of a header field that is to carry a part of the identity.
 *
 * @returns The name itself.
 * @throws {TypeError} for text that is no field name (RFC 9110 §5.1), and for names that have another meaning.
 */
export function parseIdentityHeaderName(text: string): string {
  if (!FIELD_NAME.test(text)) {
    throw new TypeError('must be the name of a header field, e.g. X-Forwarded-User')
  }
  if (TAKEN.test(foldName(text))) {
    throw new TypeError('has another meaning already; choose another name')
  }
  return text
}

/** Two facts that would share a header field. */
export interface HeaderNameClash {
  /** The one whose name was chosen; where both were, the later one. */
  readonly fact: Fact
  /** The one that has the name already, chosen or by default. */
  readonly other: Fact
}

/** Finds names that occur twice, however they are spelled, the defaults of the facts without a name included. */
export function clashingHeaderNames(given: IdentityHeaderNames): HeaderNameClash[] {
  const chosen = FACTS.filter((fact) => given[fact] !== undefined)
  const holders = new Map<string, Fact>()
  for (const fact of FACTS) {
    if (given[fact] === undefined) holders.set(foldName(DEFAULT_NAMES[fact]), fact)
  }
  return chosen.flatMap((fact) => {
    const folded = foldName(given[fact] ?? '')
    const other = holders.get(folded)
    holders.set(folded, other ?? fact)
    return other === undefined ? [] : [{ fact, other }]
  })
}

/**
 * Checks the names and fills in what they leave out.
 *
 * @throws {TypeError} for a name that is no field name, occurs twice, or has another meaning already.
 */
export function resolveHeaderNames(given: IdentityHeaderNames = {}): Record<Fact, string> {
  const names = { ...DEFAULT_NAMES }
  for (const fact of FACTS) {
    const name = given[fact]
    if (name !== undefined)
      names[fact] = readOption(`headers.${fact}`, name, parseIdentityHeaderName)
  }
  const [clash] = clashingHeaderNames(given)
  if (clash !== undefined) {
    const { fact, other } = clash
    throw new TypeError(`"headers.${fact}": is the name of "${other}" already; each needs its own`)
  }
  return names
}

/**
 * Lower case, every other character than a letter or digit a dash: back ends that build variables from header names
 * (CGI, WSGI, PHP) cannot tell such names apart (CVE-2025-64484, CVE-2026-88011).
 */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}
