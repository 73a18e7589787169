import type {
  Caveat,
  InviteType,
  OnedataInterface,
  Subject,
  Token,
  TokenKind,
} from '../token/index.ts'
import { INVITE_TYPES } from '../token/index.ts'
import type { AnswerCode } from './answers.ts'
import type { RoutePolicy } from './route-policy.ts'

/** Why a route refuses a token whatever Onezone says of it. */
export interface Objection {
  readonly code: AnswerCode
  /** Type of the caveat at issue. */
  readonly caveat?: string
}

/** A route's policy, ready to be asked. */
export interface RouteRules {
  readonly kind: TokenKind | 'none'
  readonly interface: OnedataInterface | null
  readonly inviteType: InviteType | null
  readonly delegatesData: boolean
  /** A reason to refuse the token without asking anybody, or null. */
  objectionTo(token: Token): Objection | null
  admits(subject: Subject): boolean
  /** The caveats that the upstream must enforce because verification does not. */
  delegatedBy(token: Token): readonly Caveat[]
}

const KINDS: readonly unknown[] = ['access', 'identity', 'invite', 'none']
const INTERFACES: readonly unknown[] = ['rest', 'oneclient', 'graphsync', null]
const NO_CAVEATS: readonly Caveat[] = Object.freeze([])

/**
 * Compiles a policy.
 *
 * @throws {TypeError} for a policy that makes no sense.
 */
export function compileRouteRules(policy: RoutePolicy, serviceToken: boolean): RouteRules {
  const { token: kind, interface: door = 'rest', caveats = {}, subjects = {} } = policy
  if (typeof policy.id !== 'string' || policy.id === '') {
    throw new TypeError('"id" must be a non-empty string')
  }
  if (!KINDS.includes(kind)) throw new TypeError('"token" must be access, identity, invite or none')
  if (!INTERFACES.includes(door)) {
    throw new TypeError('"interface" must be rest, oneclient, graphsync or null')
  }
  checkChoices(policy)
  const service = caveats.service ?? (serviceToken ? 'verify' : 'refuse')
  if (service === 'verify' && !serviceToken) {
    throw new TypeError('"caveats.service": verify needs a service token to verify against')
  }
  if (service === 'as-onezone' && serviceToken) {
    throw new TypeError('"caveats.service": as-onezone contradicts the configured service token')
  }
  const types = subjects.types === undefined ? null : new Set<string>(subjects.types)
  const ids = subjects.ids === undefined ? null : new Set(subjects.ids)

  const policyFor = (caveat: Caveat): 'pass' | 'refuse' | 'delegate' => {
    const type = caveat.type ?? 'scope'
    if (type === 'service') return service === 'refuse' ? 'refuse' : 'pass'
    if (type === 'api') return caveats.api ?? 'refuse'
    if (type.startsWith('data.')) return caveats.data ?? 'refuse'
    return 'pass'
  }

  return {
    kind,
    interface: door,
    inviteType: policy.inviteType ?? null,
    delegatesData: caveats.data === 'delegate',
    objectionTo(token) {
      const impossible = impossibilityOf(token)
      if (impossible !== null) return impossible
      if (kind !== 'none' && !canServeAs(token, kind)) return { code: 'token_type_mismatch' }
      if (kind !== 'access') return null // other kinds support none of these caveats: Onezone refuses them
      for (const caveat of token.caveats) {
        if (policyFor(caveat) === 'refuse') {
          return { code: 'caveat_not_enforced', caveat: caveat.type ?? 'scope' }
        }
      }
      return null
    },
    admits(subject) {
      if (subject.id === null || subject.type === 'nobody') return false
      return (types === null || types.has(subject.type)) && (ids === null || ids.has(subject.id))
    },
    delegatedBy(token) {
      if (token.caveats.length === 0) return NO_CAVEATS
      return Object.freeze(token.caveats.filter((caveat) => policyFor(caveat) === 'delegate'))
    },
  }
}

/** What the types say, for those who have none: a misspelled restriction must not be no restriction. */
function checkChoices({ inviteType, subjects = {}, caveats = {}, realm = '' }: RoutePolicy): void {
  if (inviteType !== undefined && inviteType !== null && !Object.hasOwn(INVITE_TYPES, inviteType)) {
    throw new TypeError(`"inviteType" must be one of ${Object.keys(INVITE_TYPES).join(', ')}`)
  }
  if (!/^[\x20-\x7e]*$/.test(realm)) throw new TypeError('"realm" must be printable ASCII')
  checkGroup('subjects', subjects, {
    types: (value) => isListOf(value, ['user', 'oneprovider']),
    ids: (value) => isListOf(value),
  })
  checkGroup('caveats', caveats, {
    service: (value) => value === 'refuse' || value === 'verify' || value === 'as-onezone',
    api: (value) => value === 'refuse' || value === 'delegate',
    data: (value) => value === 'refuse' || value === 'delegate',
  })
}

function checkGroup(
  name: string,
  group: object,
  members: Readonly<Record<string, (value: unknown) => boolean>>,
): void {
  for (const [key, value] of Object.entries(group)) {
    const member = Object.hasOwn(members, key) ? members[key] : undefined
    if (member === undefined) {
      throw new TypeError(
        `"${name}.${key}" is unknown; there are ${Object.keys(members).join(', ')}`,
      )
    }
    if (value !== undefined && !member(value)) {
      throw new TypeError(`"${name}.${key}" must not be ${JSON.stringify(value)}`)
    }
  }
}

function isListOf(value: unknown, choices?: readonly string[]): boolean {
  return (
    Array.isArray(value) &&
    value.every((each) => typeof each === 'string' && (choices?.includes(each) ?? true))
  )
}

/**
 * Tokens that anybody can write and Onezone answers with 500 instead of a refusal (§5.3, end): passed on, they would
 * look like an outage.
 */
export function impossibilityOf(token: Token): Objection | null {
  const { type } = token.subject
  if (token.persistence === 'temporary' && type !== 'user' && type !== 'oneprovider') {
    return { code: 'token_invalid' }
  }
  for (const caveat of token.caveats) {
    if (caveat.type === 'unknown' && /\p{Surrogate}/u.test(caveat.text)) {
      return { code: 'caveat_unverified', caveat: 'unknown' }
    }
  }
  return null
}

/** False only where Onezone would refuse the kind too: a provider's access token passes as identity (§5.3, step 5). */
function canServeAs(token: Token, kind: TokenKind): boolean {
  if (token.kind === kind) return true
  if (kind !== 'identity' || token.kind !== 'access') return false
  return token.subject.type !== 'user' && !isSessionBound(token)
}

function isSessionBound(token: Token): boolean {
  return 'accessToken' in token.type && token.type.accessToken.sessionId !== undefined
}
