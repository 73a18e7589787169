/**
 * Which header fields tell the upstream who a request speaks for, and which inbound fields must never reach it.
 *
 * @module
 */

import type { Identity } from './decision.ts'

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
}

/** What a route does with header fields that have to do with identity. */
export interface HeaderPolicy {
  /** Whether an inbound field must not reach the upstream, judged by the class its name falls in. */
  drops(name: string): boolean
  /** The fields that state an identity: name, value, name, value …; for null every name with an empty value. */
  state(identity: Identity | null): readonly string[]
}

const DEFAULT_NAMES = {
  subjectType: 'X-Onedata-Subject-Type',
  subjectId: 'X-Onedata-Subject-Id',
  tokenId: 'X-Onedata-Token-Id',
  tokenType: 'X-Onedata-Token-Type',
  tokenExpires: 'X-Onedata-Token-Expires',
  caveats: 'X-Onedata-Caveats',
} as const satisfies Record<keyof IdentityHeaderNames, string>

/** Folded names that carry a token; dropped unless the route forwards it. */
const CREDENTIALS = new Set([
  'x-auth-token',
  'authorization',
  'macaroon',
  'x-onedata-consumer-token',
])

/** Fields that a route may not use as identity names: the gateway or the protocol gives them a meaning. */
const TAKEN =
  /^(?:connection|content-.*|cookie|date|expect|forwarded|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|via|x-auth-token|x-forwarded-(?:for|host|proto)|x-onedata-consumer-token|x-real-ip|authorization|macaroon)$/

const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

const MEMO_LIMIT = 1024
const MEMO_LONGEST = 64

/** Options of {@link createHeaderPolicy}. */
export interface HeaderPolicyOptions {
  readonly names?: IdentityHeaderNames | undefined
  /** Let the fields that carry the token through to the upstream. @default false */
  readonly forwardToken?: boolean | undefined
  /** Identity names of the other routes: nobody may forge them here either. @default [] */
  readonly reserved?: readonly string[] | undefined
}

/**
 * Makes the policy of one route.
 *
 * @throws {TypeError} for a name that is no field name, occurs twice, or has another meaning already.
 */
export function createHeaderPolicy(options: HeaderPolicyOptions = {}): HeaderPolicy {
  const names = resolveNames(options.names)
  const reserved = new Set([...Object.values(names), ...(options.reserved ?? [])].map(foldName))
  const forwardToken = options.forwardToken ?? false
  const memo = new Map<string, boolean>()

  const judge = (name: string): boolean => {
    const folded = foldName(name)
    // Only the spelling that was read was verified: `X_Auth_Token` beside it is another credential to a CGI back end.
    if (CREDENTIALS.has(folded)) return !forwardToken || name.toLowerCase() !== folded
    return (
      reserved.has(folded) ||
      folded.startsWith('x-onedata-') ||
      folded.startsWith('x-forwarded-') ||
      folded === 'forwarded' ||
      folded === 'x-real-ip'
    )
  }

  return {
    drops(name) {
      let dropped = memo.get(name)
      if (dropped === undefined) {
        dropped = judge(name)
        if (memo.size < MEMO_LIMIT && name.length <= MEMO_LONGEST) memo.set(name, dropped)
      }
      return dropped
    },
    state: (identity) => stateIdentity(names, identity),
  }
}

/**
 * Lower case, every other character than a letter or digit a dash: back ends that build variables from header names
 * (CGI, WSGI, PHP) cannot tell such names apart (CVE-2025-64484, CVE-2026-88011).
 */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

function resolveNames(given: IdentityHeaderNames = {}): Record<keyof IdentityHeaderNames, string> {
  const names = { ...DEFAULT_NAMES } as Record<keyof IdentityHeaderNames, string>
  const folded = new Set<string>()
  for (const key of Object.keys(DEFAULT_NAMES) as (keyof IdentityHeaderNames)[]) {
    const name = given[key] ?? DEFAULT_NAMES[key]
    if (!FIELD_NAME.test(name)) {
      throw new TypeError(`"headers.${key}": ${JSON.stringify(name)} is no header field name`)
    }
    if (TAKEN.test(foldName(name))) {
      throw new TypeError(`"headers.${key}": ${name} has another meaning; choose another name`)
    }
    if (folded.has(foldName(name))) {
      throw new TypeError(`"headers.${key}": ${name} is used twice; each fact needs its own name`)
    }
    folded.add(foldName(name))
    names[key] = name
  }
  return names
}

function stateIdentity(
  names: Record<keyof IdentityHeaderNames, string>,
  identity: Identity | null,
): readonly string[] {
  const caveats = identity?.delegatedCaveats ?? []
  return [
    names.subjectType,
    identity?.subject.type ?? '',
    names.subjectId,
    asciiId(identity?.subject.id),
    names.tokenId,
    asciiId(identity?.token.id),
    names.tokenType,
    identity?.token.type ?? '',
    names.tokenExpires,
    String(identity?.token.expiresAt ?? ''),
    names.caveats,
    caveats.length === 0 ? '' : asciiJson(caveats),
  ]
}

/** Ids are opaque: an odd one is percent-encoded, since header bytes mean different things to different readers. */
function asciiId(id: string | null | undefined): string {
  const text = id ?? ''
  if (/^[\x21-\x7e]*$/.test(text)) return text
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
}

/** JSON whose every character is printable ASCII. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
