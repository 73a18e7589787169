/**
 * What Onezone says of a token, as plainly as it can be written down (Onezone API, §4 and §5.3). Nothing in it is
 * shared with the gateway but the reading of tokens: which caveat reads what, and what a caveat means, is said here
 * again.
 *
 * @module
 */

import type { Caveat, PresentedToken, Token } from '../../../src/token/index.ts'
import { serializeSubject, verifySignature } from '../../../src/token/index.ts'
import type { Question, RefusalReason } from '../../../src/verifier/index.ts'
import type { World } from './world.ts'
import { onezoneNowMs } from './world.ts'

/** One reason why Onezone does not accept a token. */
export interface Objection {
  /** What the gateway calls it. */
  readonly reason: RefusalReason
  /** Type of the caveat, where it is one. */
  readonly caveat: string | null
  /** Onezone's own error. */
  readonly error: { readonly id: string; readonly details?: object }
}

/** What the verdict about a token depends on besides its text, its family and time. */
export type Reads = 'peerIp' | 'interface' | 'consumer' | 'dataAccess' | 'geo' | 'session' | 'all'

const READS: Readonly<Record<string, readonly Reads[]>> = {
  time: [],
  ip: ['peerIp'],
  asn: ['geo'],
  'geo.country': ['geo'],
  service: [],
  consumer: ['consumer'],
  interface: ['interface'],
  api: [],
  'data.readonly': ['dataAccess'],
}

const ANY = ['access', 'identity', 'invite']
const SUPPORTED_BY: Readonly<Record<string, readonly string[]>> = {
  time: ANY,
  ip: ANY,
  asn: ANY,
  'geo.country': ANY,
  consumer: ANY,
  interface: ['access', 'identity'],
  service: ['access'],
  api: ['access'],
  'data.readonly': ['access'],
}

export function readsOf(token: PresentedToken): ReadonlySet<Reads> {
  const reads = new Set<Reads>()
  for (const { type } of token.caveats)
    for (const each of READS[type ?? ''] ?? ['all']) reads.add(each)
  if ('accessToken' in token.type && token.type.accessToken.sessionId !== undefined) {
    reads.add('session')
  }
  return reads
}

/** Whether only Onezone can judge the token, however well it is known. */
export function isRemote(token: PresentedToken): boolean {
  const reads = readsOf(token)
  return (['consumer', 'geo', 'session', 'all'] as const).some((each) => reads.has(each))
}

/** Whether the consumer token of a request has any influence on the verdict. */
export function readsConsumer(token: PresentedToken): boolean {
  const reads = readsOf(token)
  return reads.has('consumer') || reads.has('all')
}

/**
 * All true reasons why Onezone would not accept this request, in the order in which it looks for them; none: it would.
 *
 * @param lateMs By how much its clock is taken to be ahead of what it shows: what is known of it is not exact.
 */
export function* objectionsTo(
  world: World,
  atMs: number,
  request: Question,
  lateMs = 0,
): Generator<Objection, void> {
  const { token, kind, consumerToken } = request
  if (token.id === null) {
    yield* lookupObjections(world, atMs, request, lateMs)
    return
  }
  const nowSeconds = Math.floor((onezoneNowMs(world, atMs) + lateMs) / 1000)
  const consumer = consumerToken !== null && readsConsumer(token) ? consumerToken : null
  if (consumer !== null) {
    const asked = { ...request, token: consumer, kind: 'identity', consumerToken: null } as const
    const context = { ...asked, allowDataAccessCaveats: false, inviteType: null }
    if (isRefused(world, atMs, context, lateMs)) {
      yield objection('consumer_token_invalid', 'badConsumerToken', null, {
        tokenError: { id: 'tokenInvalid' },
      })
    }
  }
  yield* typeObjections(request)
  const origin = originOf(world, token as Token)
  if ('refused' in origin) {
    yield origin.refused
  }
  for (const caveat of token.caveats) {
    if (!isSupported(caveat, kind) || !holds(world, caveat, request, nowSeconds, consumer)) {
      yield caveatObjection(caveat, world)
    }
  }
  if (!('secret' in origin)) {
    // True as well, though Onezone does not get so far. Whose a version 1 token is, only its record tells.
    const claimed = serializeSubject(token.subject)
    const owner = token.subject.id === null ? world.named[token.id]?.owner : claimed
    if (world.subjects[owner ?? claimed]?.blocked === true) {
      yield objection('user_blocked', 'userBlocked')
    }
    return
  }
  if (!isSigned(token as Token, origin.secret)) yield objection('token_invalid', 'tokenInvalid')
  const owner = world.subjects[origin.owner]
  if (owner?.exists !== true) yield objection('token_invalid', 'tokenSubjectInvalid')
  if (owner?.blocked === true) yield objection('user_blocked', 'userBlocked')
  const { type } = token
  const sessionId = 'accessToken' in type ? type.accessToken.sessionId : undefined
  if (sessionId !== undefined && world.sessions[sessionId] !== origin.owner) {
    yield objection('token_invalid', 'tokenSessionInvalid')
  }
  if (kind === 'access' && owner?.forbidden === true) {
    yield objection('service_forbidden', 'tokenServiceForbidden', null, {
      service: { type: 'oz_worker', id: 'onezone' },
    })
  }
}

/** Whether Onezone would refuse the request at that moment. */
export function isRefused(world: World, atMs: number, request: Question, lateMs = 0): boolean {
  return objectionsTo(world, atMs, request, lateMs).next().done !== true
}

function objection(
  reason: RefusalReason,
  id: string,
  caveat: string | null = null,
  details?: object,
): Objection {
  return { reason, caveat, error: details === undefined ? { id } : { id, details } }
}

function* typeObjections({ token, kind, inviteType }: Question): Generator<Objection, void> {
  const { type } = token
  const received = type
  if (kind === 'access' && token.kind !== 'access') {
    yield objection('token_type_mismatch', 'notAnAccessToken', null, { received })
  }
  if (kind === 'identity' && token.kind !== 'identity') {
    // Legacy providers have no identity tokens, so that their access tokens count as such.
    const isSessionless = 'accessToken' in type && type.accessToken.sessionId === undefined
    if (!isSessionless || token.subject.type !== 'oneprovider') {
      yield objection('token_type_mismatch', 'notAnIdentityToken', null, { received })
    }
  }
  if (kind === 'invite') {
    const isExpected =
      'inviteToken' in type && (inviteType === null || type.inviteToken.inviteType === inviteType)
    if (!isExpected) {
      const details = { expectedInviteType: inviteType ?? 'any', received }
      yield objection('token_type_mismatch', 'notAnInviteToken', null, details)
    }
  }
}

/** What the token must have been signed with, if its family lives, and whom it speaks for. */
function originOf(
  world: World,
  token: Token,
): { readonly secret: string; readonly owner: string } | { readonly refused: Objection } {
  const claimed = serializeSubject(token.subject)
  if (token.generation !== null) {
    const subject = world.subjects[claimed]
    if (subject === undefined) return { refused: objection('token_invalid', 'tokenSubjectInvalid') }
    if (token.generation > subject.generation) {
      return { refused: objection('token_invalid', 'tokenInvalid') }
    }
    if (token.generation < subject.generation) {
      return { refused: objection('token_revoked', 'tokenRevoked') }
    }
    return { secret: subject.secret, owner: claimed }
  }
  const record = world.named[token.id]
  if (record === undefined) return { refused: objection('token_invalid', 'tokenInvalid') }
  if (record.revoked) return { refused: objection('token_revoked', 'tokenRevoked') }
  if (token.version === 2 && record.owner !== claimed) {
    return { refused: objection('token_invalid', 'tokenSubjectInvalid') }
  }
  return record
}

function caveatObjection(caveat: Caveat, world: World): Objection {
  if (caveat.type === 'time') {
    return objection('token_expired', 'tokenCaveatUnverified', null, { caveat })
  }
  if (caveat.type !== 'unknown') {
    const type = caveat.type ?? 'scope'
    return objection('caveat_unverified', 'tokenCaveatUnverified', type, { caveat })
  }
  return world.moon.includes('known')
    ? objection('caveat_unverified', 'tokenCaveatUnverified', 'moon', { caveat: { type: 'moon' } })
    : objection('caveat_unverified', 'tokenCaveatUnknown', 'unknown', { caveat: caveat.text })
}

function isSupported({ type }: Caveat, kind: string): boolean {
  return type === 'unknown' || SUPPORTED_BY[type ?? '']?.includes(kind) === true
}

function holds(
  world: World,
  caveat: Caveat,
  request: Question,
  nowSeconds: number,
  consumer: PresentedToken | null,
): boolean {
  const { peerIp, allowDataAccessCaveats } = request
  const place = world.places[peerIp ?? '']
  switch (caveat.type) {
    case 'time':
      return nowSeconds < caveat.validUntil
    case 'ip':
      return peerIp !== null && caveat.whitelist.some((network) => isWithin(peerIp, network))
    case 'asn':
      return place !== undefined && caveat.whitelist.includes(place.asn)
    case 'geo.country':
      return (
        place !== undefined &&
        caveat.list.includes(place.country) === (caveat.filter === 'whitelist')
      )
    case 'service':
      return caveat.whitelist.some((each) => each === 'ozw-onezone' || each === 'ozw-*')
    case 'consumer':
      return consumer !== null && caveat.whitelist.some((each) => isMeant(world, each, consumer))
    case 'interface':
      return caveat.interface === request.interface
    case 'api':
      return true
    case 'data.readonly':
      return allowDataAccessCaveats
    case 'unknown':
      // What a newer Onezone may know. It reads all that there is.
      return (
        caveat.text === 'moon = full' &&
        world.moon.includes(peerIp ?? '') &&
        request.interface !== 'oneclient' &&
        (consumer === null || consumer.subject.id === 'bob')
      )
    default:
      throw new Error(`Nobody has said what ${JSON.stringify(caveat)} means`)
  }
}

function isMeant({ members }: World, entry: string, { subject }: PresentedToken): boolean {
  const consumer = serializeSubject(subject)
  return entry === 'grp-devs' ? members.includes(consumer) : entry === consumer
}

/** Whether an address begins with as many bits as the network. */
function isWithin(address: string, network: string): boolean {
  const [base = '', length = '32'] = network.split('/')
  const keep = 32 - Number(length)
  return Math.floor(bitsOf(address) / 2 ** keep) === Math.floor(bitsOf(base) / 2 ** keep)
}

function bitsOf(address: string): number {
  return address.split('.').reduce((bits, octet) => bits * 256 + Number(octet), 0)
}

const signatures = new WeakMap<Token, Map<string, boolean>>()

function isSigned(token: Token, secret: string): boolean {
  const known = signatures.get(token) ?? new Map<string, boolean>()
  signatures.set(token, known)
  const signed = known.get(secret) ?? verifySignature(token, secret)
  known.set(secret, signed)
  return signed
}

/** What a token look-up API says, and what the gateway makes of it by its own clock (Onezone API, §13). */
function* lookupObjections(
  world: World,
  atMs: number,
  { token, kind }: Question,
  lateMs: number,
): Generator<Objection, void> {
  if (kind !== 'access') yield objection('token_type_mismatch', '')
  const record = world.lookups[token.serialized]
  if (record === undefined) {
    yield objection('token_invalid', '')
    return
  }
  if (record.isGone) yield objection('token_invalid', '')
  if (record.revoked) yield objection('token_revoked', '')
  const nowMs = onezoneNowMs(world, atMs) + lateMs
  if (record.expires !== null && record.expires <= nowMs) yield objection('token_expired', '')
}
