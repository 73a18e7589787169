import { randomBytes } from 'node:crypto'
import { TokenError } from '../errors.ts'
import type { KnownCaveat, MintTokenOptions, Service, Subject, TokenType } from '../token/index.ts'
import { ACCESS_TOKEN, mintToken, parseService } from '../token/index.ts'
import { Refusal, refusals } from './answers.ts'
import {
  booleanField,
  caveatsField,
  isObject,
  nameField,
  objectField,
  optional,
  readFields,
  required,
  tokenTypeField,
} from './fields.ts'
import type { NamedTokenRecord, OnezoneState } from './state.ts'
import { randomSecret } from './state.ts'
import { refuseBearing } from './subject-standing.ts'

// The order of the keys is the order of the checks (Onezone API, §16).
const NAMED_FIELDS = {
  name: required(nameField),
  caveats: optional(caveatsField, []),
  customMetadata: optional(objectField, {}),
  revoked: optional(booleanField, false),
  type: optional(tokenTypeField, ACCESS_TOKEN),
}
const TEMPORARY_FIELDS = {
  caveats: optional(caveatsField, []),
  type: optional(tokenTypeField, ACCESS_TOKEN),
}
const CHANGEABLE_FIELDS = {
  customMetadata: optional(objectField, undefined),
  name: optional(nameField, undefined),
  revoked: optional(booleanField, undefined),
}

/** What is revealed of a new named token. */
export interface NamedToken {
  readonly tokenId: string
  readonly token: string
}

/** Creates a named token of a subject from a request body (Onezone API, §7.4). */
export function createNamedToken(
  state: OnezoneState,
  subject: Subject,
  body: Readonly<Record<string, unknown>>,
): NamedToken | Refusal {
  // A type that is an object is looked at before everything else, any other only in its turn (Onezone API, §16).
  const early = isObject(body['type']) ? tokenTypeField(body['type'], 'type') : null
  if (early instanceof Refusal) return early
  const fields = readFields(body, NAMED_FIELDS)
  if (fields instanceof Refusal) return fields
  const { name, type, caveats, revoked, customMetadata } = fields

  const refusal = refuseIssue(state, subject, type, caveats)
  if (refusal !== null) return refusal
  if (isNameTaken(state, subject, name)) return refusals.badValueIdentifierOccupied('name')

  const record: NamedTokenRecord = {
    id: randomTokenId(),
    version: 2,
    subject,
    type,
    caveats,
    secret: randomSecret(),
    name,
    revoked,
    customMetadata,
  }
  const { id, secret } = record
  const token = mint(state, { secret, id, subject, type, caveats })
  if (token instanceof Refusal) return token
  state.keepNamedToken(record)
  return { tokenId: id, token }
}

/** Creates a temporary token of a subject from a request body (Onezone API, §7.5). */
export function createTemporaryToken(
  state: OnezoneState,
  subject: Subject,
  body: Readonly<Record<string, unknown>>,
): string | Refusal {
  const fields = readFields(body, TEMPORARY_FIELDS)
  if (fields instanceof Refusal) return fields
  const { type, caveats } = fields

  const refusal = refuseIssue(state, subject, type, caveats)
  if (refusal !== null) return refusal
  const maxTtl = state.maxTemporaryTokenTtlSeconds
  const ends = caveats.map((caveat) => (caveat.type === 'time' ? caveat.validUntil : Infinity))
  const validUntil = ends.reduce((first, end) => Math.min(first, end), Infinity)
  if (validUntil - state.nowSeconds() > maxTtl) return refusals.tokenTimeCaveatRequired(maxTtl)

  const { secret, generation } = state.temporarySecret(subject)
  return mint(state, { secret, id: randomTokenId(), generation, subject, type, caveats })
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
  Object.assign(record, { name, customMetadata, revoked: fields.revoked ?? record.revoked })
  return null
}

/**
 * Why a token with these caveats may not be made for the subject, be it new or confined: only access tokens are asked
 * for the services that they are confined to.
 */
export function refuseIssue(
  state: OnezoneState,
  subject: Subject,
  type: TokenType,
  caveats: readonly KnownCaveat[],
): Refusal | null {
  const services = caveats.flatMap((caveat) => (caveat.type === 'service' ? caveat.whitelist : []))
  return refuseBearing(state, {
    subject,
    type,
    session: 'any',
    services: services.map(parseService).filter((service): service is Service => service !== null),
  })
}

/** What does not fit into a token (a caveat that is too long, a slash in the target of an invitation) fails as it does there. */
function mint(
  state: OnezoneState,
  parts: Omit<MintTokenOptions, 'onezoneDomain'>,
): string | Refusal {
  try {
    return mintToken({ onezoneDomain: state.onezoneDomain, ...parts })
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
