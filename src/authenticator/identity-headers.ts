/**
 * Which header fields tell the upstream who a request speaks for, and which inbound fields must never reach it.
 *
 * @module
 */

import { asciiJson } from '../json.ts'
import { keptText } from '../kept-text.ts'
import type { CredentialKind } from './credentials.ts'
import {
  credentialFieldNames,
  credentialsRead,
  isOurs,
  withoutTokenProtocols,
} from './credentials.ts'
import type { Identity } from './decision.ts'
import { isForeign, parsePassedHeader } from './foreign-fields.ts'
import type { IdentityHeaderNames } from './identity-header-names.ts'
import { foldName, resolveHeaderNames } from './identity-header-names.ts'
import { readOption } from './named-option.ts'

/** What a route does with header fields that have to do with identity. */
export interface HeaderPolicy {
  /**
   * Whether a field must not pass the gateway, judged by the class its name falls in.
   *
   * @param value Of a field of a request: an `Authorization` that is not read here is the upstream's. @default any
   */
  drops(name: string, value?: string): boolean
  /** Whether an inbound field would state an identity, to whoever reads names loosely: only the gateway may. */
  claims(name: string): boolean
  /** Names of the fields that carry what is read as a credential, but for a list that holds other things too. */
  readonly credentialFields: readonly string[]
  /**
   * Takes tokens out of a list of fields in which they stand beside what is the upstream's; null: there is none.
   *
   * @param fields Name, value, name, value …
   */
  readonly clean: ((fields: string[]) => void) | null
  /** Names of all fields that may state something. */
  readonly names: readonly string[]
  /** Name of the field for the signed assertion. */
  readonly assertionName: string
  /**
   * The fields that state an identity: name, value, name, value …; for null every name with an empty value, but no
   * scopes.
   */
  state(identity: Identity | null): readonly string[]
}

const CONSUMER_TOKEN = 'x-onedata-consumer-token'

/** Folded names that carry a token; dropped unless the route forwards it. */
export const CREDENTIAL_FIELDS: readonly string[] = [
  'x-auth-token',
  'authorization',
  'macaroon',
  CONSUMER_TOKEN,
]

/** Says `stale` where the grant is older than it usually may be. */
export const VERDICT_FIELD = 'X-Onedata-Verdict'

const MEMO_LIMIT = 1024
const MEMO_LONGEST = 64

/** Options of {@link createHeaderPolicy}. */
export interface HeaderPolicyOptions {
  readonly names?: IdentityHeaderNames | undefined
  /** Let the fields that carry the token through to the upstream. @default false */
  readonly forwardToken?: boolean | undefined
  /** Name of the field that carries a weaker token to the upstream. @default none does */
  readonly forwardAs?: string | undefined
  /** What is read; what is not is the upstream's. @default those that are read by default */
  readonly credentials?: readonly CredentialKind[] | undefined
  /** Identity names of the other routes: nobody may forge them here either. @default [] */
  readonly reserved?: readonly string[] | undefined
  /** Fields of other systems that pass all the same. @default [] */
  readonly passHeaders?: readonly string[] | undefined
}

/**
 * Makes the policy of one route.
 *
 * @throws {TypeError} for a name that is no field name, occurs twice, or has another meaning already.
 */
export function createHeaderPolicy(options: HeaderPolicyOptions = {}): HeaderPolicy {
  const names = resolveHeaderNames(options.names)
  const own = new Set(Object.values(names).map(foldName))
  const reserved = foldedNames(options.reserved ?? NO_NAMES)
  const forwardToken = options.forwardToken ?? false
  const { forwardAs } = options
  const isTaken = forwardAs === 'Authorization'
  const read = credentialsRead(options.credentials)
  const credentialFields = credentialFieldNames(read)
  const credentials = new Set(credentialFields.map(foldName))
  const passed = new Set(
    (options.passHeaders ?? []).map((name, index) =>
      foldName(readOption(`passHeaders[${index}]`, name, parsePassedHeader)),
    ),
  )

  const isReserved = (folded: string): boolean =>
    own.has(folded) || reserved.has(folded) || folded.startsWith('x-onedata-')

  const claims = remembered(
    (name) => isReserved(foldName(name)) && name.toLowerCase() !== CONSUMER_TOKEN,
  )
  const dropsAlways = remembered((name) => {
    const folded = foldName(name)
    // Only the spelling that was read was verified: `X_Auth_Token` beside it is another credential to a CGI back end.
    if (credentials.has(folded)) return !forwardToken || name.toLowerCase() !== folded
    return (
      isReserved(folded) ||
      folded.startsWith('x-forwarded-') ||
      folded === 'forwarded' ||
      folded === 'x-real-ip' ||
      (isForeign(folded) && !passed.has(folded))
    )
  })

  return {
    drops(name, value) {
      if (name.length === 13 && value !== undefined && !isOurs(value, read) && !isTaken) {
        if (name.toLowerCase() === 'authorization') return false
      }
      return dropsAlways(name)
    },
    claims,
    credentialFields,
    clean: read.protocol && !forwardToken ? takeTokenProtocolsOut : null,
    names: [
      ...Object.values(names),
      VERDICT_FIELD,
      ...(forwardAs === undefined ? [] : [forwardAs]),
    ],
    assertionName: names.assertion,
    state: (identity) => stateIdentity(names, identity),
  }
}

const NO_NAMES: readonly string[] = []

/** Keeps what was found out about names: most requests have the same ones. */
function remembered(judge: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return (name) => {
    let judgement = known.get(name)
    if (judgement === undefined) {
      judgement = judge(name)
      if (known.size < MEMO_LIMIT && name.length <= MEMO_LONGEST)
        known.set(keptText(name), judgement)
    }
    return judgement
  }
}

const folded = new WeakMap<readonly string[], ReadonlySet<string>>()

/** Names as they are compared: once for each list, which all routes of a gateway share. */
function foldedNames(names: readonly string[]): ReadonlySet<string> {
  const known = folded.get(names) ?? new Set(names.map(foldName))
  folded.set(names, known)
  return known
}

/** Makes {@link createHeaderPolicy} that makes one for all routes whose options are the same: most are. */
export function createHeaderPolicies(): (options: HeaderPolicyOptions) => HeaderPolicy {
  const known = new WeakMap<readonly string[], Map<string, HeaderPolicy>>()
  return (options) => {
    const { reserved = NO_NAMES, ...rest } = options
    const policies = known.get(reserved) ?? new Map<string, HeaderPolicy>()
    known.set(reserved, policies)
    const key = JSON.stringify(rest)
    const policy = policies.get(key) ?? createHeaderPolicy(options)
    policies.set(key, policy)
    return policy
  }
}

function takeTokenProtocolsOut(fields: string[]): void {
  for (let i = fields.length - 2; i >= 0; i -= 2) {
    if ((fields[i] ?? '').toLowerCase() !== 'sec-websocket-protocol') continue
    const rest = withoutTokenProtocols(fields[i + 1] ?? '')
    if (rest === '') fields.splice(i, 2)
    else fields[i + 1] = rest
  }
}

function stateIdentity(
  names: Readonly<Record<keyof IdentityHeaderNames, string>>,
  identity: Identity | null,
): readonly string[] {
  const caveats = identity?.delegatedCaveats ?? []
  const scopes = identity?.scopes ?? null
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
    caveats.length === 0 ? '' : asciiJson(JSON.stringify(caveats)),
    // A verifier that states none has nothing to say, and nobody else can say it: inbound ones are dropped.
    ...(scopes === null ? [] : [names.scopes, scopes.map(asciiId).join(' ')]),
  ]
}

/** Ids are opaque: an odd one is percent-encoded, since header bytes mean different things to different readers. */
function asciiId(id: string | null | undefined): string {
  const text = id ?? ''
  if (/^[\x21-\x7e]*$/.test(text)) return text
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
}
