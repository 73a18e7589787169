import { randomBytes } from 'node:crypto'
import { TokenError } from '../errors.ts'
import type { MintTokenOptions, Service, Subject, TokenType } from '../token/index.ts'
import { ACCESS_TOKEN, appendCaveats, mintToken, parseService } from '../token/index.ts'
import { Refusal, refusals } from './answers.ts'
import type { ExactCaveat } from './exact-caveats.ts'
import { earliestEnd, serializeExactCaveat } from './exact-caveats.ts'
import type { FieldReader } from './fields.ts'
import {
  booleanField,
  caveatsField,
  isObject,
  nameField,
  objectField,
  optional,
  privilegesField,
  readFields,
  required,
  tokenTypeField,
  usageLimitField,
} from './fields.ts'
import { grantableBy } from './invitation-table.ts'
import { refuseInvitation } from './invitations.ts'
import type { NamedTokenRecord } from './records.ts'
import type { OnezoneState } from './state.ts'
import { randomSecret } from './state.ts'
import { refuseBearing } from './subject-standing.ts'

/** For whom a token is made. */
export interface Issue {
  readonly state: OnezoneState
  readonly subject: Subject
  /** Whether an invitation is asked for its target, and for the subject's privilege to invite. */
  readonly checksInvitations: boolean
}

/** What is revealed of a new named token. */
export interface NamedToken {
  readonly tokenId: string
  readonly token: string
}

/** Creates a named token of a subject from a request body (Onezone API, §7.4). */
export function createNamedToken(
  issue: Issue,
  body: Readonly<Record<string, unknown>>,
): NamedToken | Refusal {
  const { state, subject } = issue
  // A type that is an object is looked at before everything else, any other only in its turn (Onezone API, §16).
  const early = isObject(body['type']) ? tokenTypeField(body['type'], 'type') : ACCESS_TOKEN
  if (early instanceof Refusal) return early
  const grantable = grantableBy(early)
  const choosesPrivileges = grantable !== null && body['privileges'] !== undefined

  // The order of the keys is the order of the checks (Onezone API, §16).
  const fields = readFields(body, {
    name: required(nameField),
    caveats: optional(caveatsField, []),
    customMetadata: optional(objectField, {}),
    privileges:
      grantable === null
        ? ignored(null)
        : optional(privilegesField(grantable.allowed), grantable.granted),
    revoked: optional(booleanField, false),
    type: optional(issuableType(issue, choosesPrivileges), ACCESS_TOKEN),
    usageLimit:
      'inviteToken' in early
        ? optional(usageLimitField, 'infinity' as const)
        : ignored('infinity' as const),
  })
  if (fields instanceof Refusal) return fields
  const { name, type, caveats } = fields

  const refusal = refuseIssue(state, subject, type, caveats)
  if (refusal !== null) return refusal
  if (isNameTaken(state, subject, name)) return refusals.badValueIdentifierOccupied('name')

  const record: NamedTokenRecord = {
    ...fields,
    id: randomTokenId(),
    version: 2,
    subject,
    secret: randomSecret(),
    creationTime: state.nowSeconds(),
    usageCount: 0,
  }
  const token = mintNamedToken(state, record)
  if (token instanceof Refusal) return token
  state.keepNamedToken(record)
  return { tokenId: record.id, token }
}

/** Creates a temporary token of a subject from a request body (Onezone API, §7.5). */
export function createTemporaryToken(
  issue: Issue,
  body: Readonly<Record<string, unknown>>,
): string | Refusal {
  const { state, subject } = issue
  const fields = readFields(body, {
    caveats: optional(caveatsField, []),
    type: optional(issuableType(issue, false), ACCESS_TOKEN),
  })
  if (fields instanceof Refusal) return fields
  const { type, caveats } = fields

  const refusal = refuseIssue(state, subject, type, caveats)
  if (refusal !== null) return refusal
  const maxTtl = state.maxTemporaryTokenTtlSeconds
  const validUntil = Number(earliestEnd(caveats) ?? Infinity)
  if (validUntil - state.nowSeconds() > maxTtl) return refusals.tokenTimeCaveatRequired(maxTtl)

  const { secret, generation } = state.temporarySecret(subject)
  return mint(state, { secret, id: randomTokenId(), generation, subject, type, caveats })
}

const CHANGEABLE_FIELDS = {
  customMetadata: optional(objectField, undefined),
  name: optional(nameField, undefined),
  revoked: optional(booleanField, undefined),
}

/** Changes name, custom metadata or revocation of a named token from a request body (Onezone API, §7.8). */
export function modifyNamedToken(
  state: OnezoneState,
  record: NamedTokenRecord,
  body: Readonly<Record<string, unknown>>,
): Refusal | null {
  const keys = Object.keys(CHANGEABLE_FIELDS)
  if (keys.every((key) => body[key] === undefined)) return refusals.missingAtLeastOneValue(keys)
  const fields = readFields(body, CHANGEABLE_FIELDS)
  if (fields instanceof Refusal) return fields
  const { name = record.name, customMetadata = record.customMetadata } = fields
  if (name !== record.name && isNameTaken(state, record.subject, name)) {
    return refusals.badValueIdentifierOccupied('name')
  }
  const { revoked = record.revoked } = fields
  state.keepNamedToken({ ...record, name, customMetadata, revoked })
  return null
}

/** A stored token as it was handed out: it is not stored itself, but written anew each time. */
export function mintNamedToken(state: OnezoneState, record: NamedTokenRecord): string | Refusal {
  const { secret, version, id, subject, type, caveats } = record
  return mint(state, { secret, version, id, subject, type, caveats })
}

/**
 * Why a token with these caveats may not be made for the subject, be it new or confined: only access tokens are asked
 * for the services that they are confined to.
 */
export function refuseIssue(
  state: OnezoneState,
  subject: Subject,
  type: TokenType,
  caveats: readonly ExactCaveat[],
): Refusal | null {
  const services = caveats.flatMap((caveat) => (caveat.type === 'service' ? caveat.whitelist : []))
  return refuseBearing(state, {
    subject,
    type,
    services: services.map(parseService).filter((service): service is Service => service !== null),
  })
}

/** A type of which the subject may have tokens, which for invitations is a question of privileges. */
function issuableType(issue: Issue, choosesPrivileges: boolean): FieldReader<TokenType> {
  return (value, key) => {
    const type = tokenTypeField(value, key)
    if (type instanceof Refusal || !issue.checksInvitations) return type
    return refuseInvitation(issue.state, issue.subject, type, choosesPrivileges) ?? type
  }
}

function ignored<T>(instead: T): FieldReader<T> {
  return () => instead
}

/**
 * What does not fit into a token (a caveat that is too long, a slash in the target of an invitation) fails as it does
 * there.
 */
function mint(
  state: OnezoneState,
  {
    caveats,
    ...parts
  }: Omit<MintTokenOptions, 'onezoneDomain' | 'caveats'> & {
    readonly caveats: readonly ExactCaveat[]
  },
): string | Refusal {
  try {
    const token = mintToken({ onezoneDomain: state.onezoneDomain, ...parts })
    return appendCaveats(token, caveats.map(serializeExactCaveat))
  } catch (error) {
    if (error instanceof TokenError || error instanceof TypeError) {
      return refusals.internalServerError()
    }
    throw error
  }
}

function isNameTaken(state: OnezoneState, subject: Subject, name: string): boolean {
  return state.namedTokensOf(subject).some((token) => token.name === name)
}

/** In the shape of Onezone's own ids: 32 hexadecimal digits, `ch`, four more. */
function randomTokenId(): string {
  const digits = randomBytes(18).toString('hex')
  return `${digits.slice(0, 32)}ch${digits.slice(32)}`
}
