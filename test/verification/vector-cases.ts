import type { OnedataInterface, Token, TokenKind } from '../../src/token/index.ts'
import { contextFieldsOf, INVITE_TYPES, isIPv4, parseToken } from '../../src/token/index.ts'
import type { InviteType, Subject } from '../../src/token/index.ts'
import type { RefusalReason, VerificationRequest } from '../../src/verifier/index.ts'
import type { VerificationCase } from '../dev-onezone/verification-vectors.ts'
import { VERIFICATION_CASES } from '../dev-onezone/verification-vectors.ts'

/** What the reference said, as a gateway would put it; `fault`: it refused the gateway’s own service token. */
export type Recorded = 'accepted' | RefusalReason | 'fault'

/** A recorded verification that a gateway could have asked for. */
export interface GateCase {
  readonly name: string
  readonly clockSeconds: number
  readonly request: VerificationRequest
  /** What the gateway would be configured with. */
  readonly serviceToken: string | undefined
  readonly recorded: Recorded
  /** Of an accepted token. */
  readonly subject: Subject | null
  /** Whether no caveat reads the consumer token, which is therefore not sent (design, §4). */
  readonly ignoresConsumer: boolean
}

const KINDS: Readonly<Record<string, TokenKind>> = {
  verify_access_token: 'access',
  verify_identity_token: 'identity',
  verify_invite_token: 'invite',
}
const INTERFACES: readonly unknown[] = ['rest', 'oneclient', 'graphsync']

/** The reference’s errors (Onezone API, §9) by what they say about the token. */
const REASONS: Readonly<Record<string, RefusalReason>> = {
  tokenInvalid: 'token_invalid',
  tokenSubjectInvalid: 'token_invalid',
  tokenSessionInvalid: 'token_invalid',
  tokenRevoked: 'token_revoked',
  notAnAccessToken: 'token_type_mismatch',
  notAnIdentityToken: 'token_type_mismatch',
  notAnInviteToken: 'token_type_mismatch',
  tokenCaveatUnknown: 'caveat_unverified',
  tokenCaveatUnverified: 'caveat_unverified',
  badConsumerToken: 'consumer_token_invalid',
  userBlocked: 'user_blocked',
  tokenServiceForbidden: 'service_forbidden',
}

type Body = Readonly<Record<string, unknown>>
interface RecordedAnswer {
  readonly subject?: Subject
  readonly error?: { id: string; details?: { key?: string; caveat?: { type?: string } } }
}

/** The cases that the gate is asked, and how many are left out for which reason. */
export const GATE_CASES: readonly GateCase[] = []
export const LEFT_OUT: ReadonlyMap<string, number> = new Map()

for (const given of VERIFICATION_CASES) {
  const found = gateCaseOf(given)
  if (typeof found === 'string') {
    ;(LEFT_OUT as Map<string, number>).set(found, (LEFT_OUT.get(found) ?? 0) + 1)
  } else {
    ;(GATE_CASES as GateCase[]).push(found)
  }
}

/** The case, or why a gateway would not come to ask for it. */
function gateCaseOf(given: VerificationCase): GateCase | string {
  const kind = KINDS[given.endpoint.split('/').at(-1) ?? '']
  if (kind === undefined) return 'not a verification'
  if (given.rawBody !== undefined || given.headers !== undefined || given.status === 404) {
    return 'about how the call itself is written'
  }
  if (given.internalError) return 'the reference failed'
  const body = (given.body ?? {}) as Body
  const nulls = Object.keys(body).filter((key) => body[key] === null && key !== 'peerIp')
  if (nulls.length > 0) return 'with a null where a gateway leaves the field out'
  const token = readToken(body['token'])
  if (token === null) return 'a token that does not decode: the authenticator refuses it'
  const consumerToken =
    body['consumerToken'] === undefined ? null : readToken(body['consumerToken'])
  if (body['consumerToken'] !== undefined && consumerToken === null) {
    return 'a consumer token that does not decode: the authenticator refuses it'
  }
  const { peerIp = '127.0.0.1', interface: door = null, expectedInviteType = null } = body
  if (peerIp !== null && !(typeof peerIp === 'string' && isIPv4(peerIp))) {
    return 'an address that is no IPv4 address'
  }
  const { allowDataAccessCaveats = false, serviceToken } = body
  const configurable =
    (door === null || INTERFACES.includes(door)) &&
    (kind !== 'invite' || expectedInviteType === null || isInviteType(expectedInviteType)) &&
    typeof allowDataAccessCaveats === 'boolean' &&
    (serviceToken === undefined || (typeof serviceToken === 'string' && serviceToken !== ''))
  if (!configurable) return 'a setting that a gateway cannot be given'

  const answer = given.response as RecordedAnswer
  const reads = contextFieldsOf(token)
  return {
    name: given.name,
    clockSeconds: given.clock,
    request: {
      token,
      kind,
      peerIp: peerIp as string | null,
      interface: door as OnedataInterface | null,
      consumerToken,
      allowDataAccessCaveats,
      inviteType: kind === 'invite' ? (expectedInviteType as InviteType | null) : null,
    },
    serviceToken: kind === 'access' ? serviceToken : undefined,
    recorded: readRecorded(answer),
    subject: answer.subject ?? null,
    ignoresConsumer: consumerToken !== null && !reads.has('consumer') && !reads.has('everything'),
  }
}

function readToken(value: unknown): Token | null {
  try {
    return typeof value === 'string' ? parseToken(value) : null
  } catch {
    return null
  }
}

function isInviteType(value: unknown): boolean {
  return typeof value === 'string' && Object.hasOwn(INVITE_TYPES, value)
}

function readRecorded({ error }: RecordedAnswer): Recorded {
  if (error === undefined) return 'accepted'
  const { id, details } = error
  if (id === 'badServiceToken' || details?.key === 'serviceToken') return 'fault'
  if (id === 'tokenCaveatUnverified' && details?.caveat?.type === 'time') return 'token_expired'
  const reason = REASONS[id]
  if (reason === undefined)
    throw new Error(`The case with the error ${id} should have been left out`)
  return reason
}
