import { randomBytes } from 'node:crypto'
import { OnezoneApiError } from '../errors.ts'
import type { InviteType, Service, TokenType } from '../token/index.ts'
import type { ExactCaveat } from './exact-caveats.ts'

/** What a route answers: a status, a JSON body unless it is absent, and headers beside the usual ones. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Statuses of the errors that are not plain 400 (Onezone API, §9). */
const STATUSES: Readonly<Record<string, number>> = {
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  internalServerError: 500,
}

/** An error of Onezone's catalogue (Onezone API, §9). It is a value: refusing is what a verifier does all day. */
export class Refusal {
  readonly id: string
  readonly details: Readonly<Record<string, unknown>> | undefined
  readonly description: string

  constructor(id: string, description: string, details?: Readonly<Record<string, unknown>>) {
    this.id = id
    this.description = description
    this.details = details
  }

  /** The status of the answer where this is the top-level error. */
  get status(): number {
    return STATUSES[this.id] ?? 400
  }

  /** The bare error object, as it nests under `authError` or `tokenError`; without `details` if there are none. */
  toJSON(): Record<string, unknown> {
    return this.details === undefined
      ? { id: this.id, description: this.description }
      : { id: this.id, details: this.details, description: this.description }
  }
}

/** The answer to a refused request: the error in its envelope. */
export function answerOf(refusal: Refusal): Answer {
  const error = isDescribable(refusal) ? refusal : refusals.stumbled()
  return { status: error.status, body: { error } }
}

/** The original describes caveats that do not hold, and stumbles over years before 0 and over ids beyond Latin 1. */
function isDescribable({ id, details }: Refusal): boolean {
  const nested = details?.['tokenError']
  if (nested instanceof Refusal) return isDescribable(nested)
  if (id !== 'tokenCaveatUnverified') return true
  const caveat = details?.['caveat'] as ExactCaveat
  if (caveat.type === 'time') return caveat.validUntil >= YEAR_0
  const namesParties = caveat.type === 'service' || caveat.type === 'consumer'
  return !namesParties || caveat.whitelist.every((entry) => !/[^\0-\xff]/.test(entry))
}

/** The first second of the year 0. */
const YEAR_0 = -62_167_219_200

/** For callers without HTTP: the value, or the refusal as the exception that a client of the REST API would get. */
export function valueOrThrow<T>(result: T | Refusal, doing: string): T {
  if (!(result instanceof Refusal)) return result
  const { id, details, status } = result
  throw new OnezoneApiError(`${doing} was refused with "${id}": ${result.description}`, {
    status,
    id,
    details,
  })
}

/** The catalogue: every error that this server answers with. */
export const refusals = {
  unauthorized: (authError?: Refusal): Refusal =>
    authError === undefined
      ? new Refusal('unauthorized', 'You must authenticate yourself to perform this operation.')
      : new Refusal('unauthorized', 'Provided authentication is not valid (see details).', {
          authError,
        }),
  forbidden: (): Refusal =>
    new Refusal('forbidden', 'You are not authorized to perform this operation.'),
  notFound: (): Refusal => new Refusal('notFound', 'The resource could not be found.'),
  internalServerError: (): Refusal => {
    const reference = randomBytes(5).toString('hex')
    return new Refusal(
      'internalServerError',
      `The server failed to process this request; the reference of the failure is ${reference}.`,
      { reference },
    )
  },
  /** Where the original stumbles over what it is about to answer, and keeps no record of it. */
  stumbled: (): Refusal =>
    new Refusal(
      'internalServerError',
      'The server has encountered an error while processing this request.',
    ),
  badGRI: (): Refusal =>
    new Refusal('badGRI', 'Provided GRI (Graph Resource Identifier) is invalid.'),
  malformedData: (): Refusal =>
    new Refusal('malformedData', 'Provided data could not be understood by the server.'),

  missingRequiredValue: (key: string): Refusal =>
    new Refusal('missingRequiredValue', `Missing required value: ${key}.`, { key }),
  missingAtLeastOneValue: (keys: readonly string[]): Refusal =>
    new Refusal('missingAtLeastOneValue', `At least one is required of: ${keys.join(', ')}.`, {
      keys,
    }),
  badData: (key: string): Refusal =>
    new Refusal('badData', `Bad value: "${key}" has an invalid format.`, { key }),
  badValueEmpty: (key: string): Refusal =>
    new Refusal('badValueEmpty', `Bad value: "${key}" must not be empty.`, { key }),
  badValueString: (key: string): Refusal =>
    new Refusal('badValueString', `Bad value: "${key}" must be a string.`, { key }),
  badValueBoolean: (key: string): Refusal =>
    new Refusal('badValueBoolean', `Bad value: "${key}" must be a boolean.`, { key }),
  badValueJSON: (key: string): Refusal =>
    new Refusal('badValueJSON', `Bad value: "${key}" must be a JSON object.`, { key }),
  badValueListOfStrings: (key: string): Refusal =>
    new Refusal('badValueListOfStrings', `Bad value: "${key}" must be a list of strings.`, { key }),
  badValueInteger: (key: string): Refusal =>
    new Refusal('badValueInteger', `Bad value: "${key}" must be an integer.`, { key }),
  badValueTooLow: (key: string, limit: number): Refusal =>
    new Refusal('badValueTooLow', `Bad value: "${key}" must be at least ${limit}.`, { key, limit }),
  badValueListNotAllowed: (key: string, allowed: readonly string[]): Refusal =>
    new Refusal(
      'badValueListNotAllowed',
      `Bad value: "${key}" must be a list of ${allowed.join(', ')}.`,
      { key, allowed },
    ),
  badValueNotAllowed: (key: string, allowed: readonly string[]): Refusal =>
    new Refusal('badValueNotAllowed', `Bad value: "${key}" must be one of ${allowed.join(', ')}.`, {
      key,
      allowed,
    }),
  badValueName: (): Refusal =>
    new Refusal(
      'badValueName',
      'Bad value: a name has 2-128 characters: letters, digits, brackets, underscores; inside also dashes, spaces, dots.',
    ),
  badValueIdentifierOccupied: (key: string): Refusal =>
    new Refusal('badValueIdentifierOccupied', `Bad value: this "${key}" is already occupied.`, {
      key,
    }),
  badValueIPv4Address: (key: string): Refusal =>
    new Refusal('badValueIPv4Address', `Bad value: "${key}" is not an IPv4 address.`, { key }),
  badValueToken: (key: string, tokenError: Refusal): Refusal =>
    new Refusal('badValueToken', `Bad value: "${key}" is not a valid token (see details).`, {
      key,
      tokenError,
    }),
  badValueTokenType: (key: string): Refusal =>
    new Refusal('badValueTokenType', `Bad value: "${key}" is not a valid token type.`, { key }),
  badValueInviteType: (key: string): Refusal =>
    new Refusal('badValueInviteType', `Bad value: "${key}" is not a valid invite type.`, { key }),
  badValueCaveat: (caveat: unknown): Refusal =>
    new Refusal('badValueCaveat', 'Provided caveat is invalid (see details).', { caveat }),

  badBasicCredentials: (): Refusal =>
    new Refusal('badBasicCredentials', 'Invalid username or password.'),
  basicAuthNotSupported: (): Refusal =>
    new Refusal('basicAuthNotSupported', 'Basic authentication is not supported by this Onezone.'),
  basicAuthDisabled: (): Refusal =>
    new Refusal('basicAuthDisabled', 'Basic authentication is disabled for this user.'),
  badToken: (): Refusal =>
    new Refusal('badToken', 'Provided token could not be understood by the server.'),
  tokenTooLarge: (limit: number): Refusal =>
    new Refusal('tokenTooLarge', `Provided token exceeds ${limit} characters.`, { limit }),
  badServiceToken: (tokenError: Refusal): Refusal =>
    new Refusal('badServiceToken', 'Provided service token is not valid (see details).', {
      tokenError,
    }),
  badConsumerToken: (tokenError: Refusal): Refusal =>
    new Refusal('badConsumerToken', 'Provided consumer token is not valid (see details).', {
      tokenError,
    }),
  tokenInvalid: (): Refusal => new Refusal('tokenInvalid', 'Provided token is not valid.'),
  tokenRevoked: (): Refusal => new Refusal('tokenRevoked', 'Provided token has been revoked.'),
  notAnAccessToken: (received: TokenType): Refusal =>
    new Refusal('notAnAccessToken', 'Expected an access token.', { received }),
  notAnIdentityToken: (received: TokenType): Refusal =>
    new Refusal('notAnIdentityToken', 'Expected an identity token.', { received }),
  notAnInviteToken: (expectedInviteType: InviteType | 'any', received: TokenType): Refusal =>
    new Refusal('notAnInviteToken', `Expected an invite token of type "${expectedInviteType}".`, {
      expectedInviteType,
      received,
    }),
  tokenCaveatUnknown: (caveat: string): Refusal =>
    new Refusal('tokenCaveatUnknown', 'The token has an unknown caveat (see details).', { caveat }),
  tokenCaveatUnverified: (caveat: unknown): Refusal =>
    new Refusal(
      'tokenCaveatUnverified',
      'Provided token is not valid: a caveat does not hold (see details).',
      { caveat },
    ),
  tokenTimeCaveatRequired: (maxTtl: number): Refusal =>
    new Refusal('tokenTimeCaveatRequired', `A time caveat of at most ${maxTtl} s is required.`, {
      maxTtl,
    }),
  inviteTokenTargetIdInvalid: (id: string): Refusal =>
    new Refusal('inviteTokenTargetIdInvalid', `There is no such target of an invitation: ${id}.`, {
      id,
    }),
  inviteTokenSubjectNotAuthorized: (): Refusal =>
    new Refusal(
      'inviteTokenSubjectNotAuthorized',
      'The subject of this token may not issue such invitations.',
    ),
  tokenSubjectInvalid: (): Refusal =>
    new Refusal(
      'tokenSubjectInvalid',
      'The token subject does not exist or differs from the expected one.',
    ),
  badIdpAccessToken: (idp: string): Refusal =>
    new Refusal('badIdpAccessToken', `Provided access token of ${idp} is not valid.`, { idp }),
  userBlocked: (): Refusal => new Refusal('userBlocked', 'This user account has been blocked.'),
  tokenSessionInvalid: (): Refusal =>
    new Refusal(
      'tokenSessionInvalid',
      'This token is bound to another session or to one that ended.',
    ),
  tokenServiceForbidden: (service: Service): Refusal =>
    new Refusal(
      'tokenServiceForbidden',
      `The service ${service.type}:${service.id} is forbidden for this subject.`,
      { service },
    ),
} as const
