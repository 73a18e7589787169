import type { Caveat, Subject, Token } from '../../../src/token/index.ts'
import { caveatHolds, contextFieldsOf, verifySignature } from '../../../src/token/index.ts'
import type { RefusalReason, VerificationRequest } from '../../../src/verifier/index.ts'

/** A user as Onezone knows it. */
export interface OracleUser {
  readonly blocked: boolean
  readonly generation: number
  /** Signs the temporary tokens of the generation. */
  readonly secret: string
  readonly deleted: boolean
  /** Whether the service may not act for the user: a refusal that teaches nothing about any other token. */
  readonly forbidden: boolean
}

/** A named token as Onezone knows it. */
export interface OracleRecord {
  readonly owner: string
  readonly secret: string
  readonly revoked: boolean
}

/** All that Onezone knows at one moment; never changed, only replaced. */
export interface OracleWorld {
  readonly users: Readonly<Record<string, OracleUser>>
  readonly named: Readonly<Record<string, OracleRecord>>
}

/** What Onezone says: null is yes. */
export type OracleRefusal = {
  readonly reason: RefusalReason
  readonly caveat: string | null
} | null

const signatures = new WeakMap<Token, Map<string, boolean>>()

/**
 * Verifies, in the order of Onezone API, §5.3, as plainly as it can be written down.
 *
 * @param withConsumer Whether the consumer token is sent although no caveat reads it.
 */
export function judge(
  world: OracleWorld,
  nowSeconds: number,
  request: VerificationRequest,
  withConsumer = false,
): OracleRefusal {
  const { token, kind, consumerToken, peerIp } = request
  const door = request.interface
  let consumer: Subject | null = null
  if (consumerToken !== null && (withConsumer || contextFieldsOf(token).has('consumer'))) {
    const context = { consumerToken: null, allowDataAccessCaveats: false, inviteType: null }
    const asked = { token: consumerToken, kind: 'identity', peerIp, interface: door, ...context }
    if (judge(world, nowSeconds, asked as VerificationRequest) !== null) {
      return no('consumer_token_invalid')
    }
    consumer = consumerToken.subject
  }
  if (token.kind !== kind) return no('token_type_mismatch')

  const origin = originOf(world, token)
  if (origin === 'token_revoked' || origin === 'token_invalid') return no(origin)

  for (const caveat of token.caveats) {
    if (holds(caveat, nowSeconds, request, consumer)) continue
    return caveat.type === 'time' ? no('token_expired') : no('caveat_unverified', caveat.type)
  }
  if (!isSigned(token, origin.secret)) return no('token_invalid')
  const owner = world.users[token.subject.id ?? '']
  if (owner === undefined || owner.deleted) return no('token_invalid')
  if (owner.blocked) return no('user_blocked')
  return owner.forbidden && kind === 'access' ? no('service_forbidden') : null
}

function no(reason: RefusalReason, caveat: string | null = null): OracleRefusal {
  return { reason, caveat }
}

/** What the token must have been signed with, if its family lives. */
function originOf(
  world: OracleWorld,
  token: Token,
): { readonly secret: string } | 'token_revoked' | 'token_invalid' {
  if (token.generation !== null) {
    const user = world.users[token.subject.id ?? '']
    if (user === undefined || token.generation > user.generation) return 'token_invalid'
    return token.generation < user.generation ? 'token_revoked' : user
  }
  const record = world.named[token.id]
  if (record === undefined) return 'token_invalid'
  if (record.revoked) return 'token_revoked'
  return record.owner === token.subject.id ? record : 'token_invalid'
}

function holds(
  caveat: Caveat,
  nowSeconds: number,
  request: VerificationRequest,
  consumer: Subject | null,
): boolean {
  const { peerIp, allowDataAccessCaveats } = request
  switch (caveat.type) {
    case 'asn':
      return peerIp?.startsWith('10.0.0.') === true // the only network of which anything is known
    case 'consumer':
      return consumer !== null && caveat.whitelist.includes(`usr-${consumer.id}`)
    case 'data.readonly':
      return allowDataAccessCaveats
    default:
      return caveatHolds(caveat, { nowSeconds, peerIp, interface: request.interface }) === true
  }
}

function isSigned(token: Token, secret: string): boolean {
  const known = signatures.get(token) ?? new Map<string, boolean>()
  signatures.set(token, known)
  const signed = known.get(secret) ?? verifySignature(token, secret)
  known.set(secret, signed)
  return signed
}
