import type { Caveat, OnedataInterface, Service, Subject, TokenKind } from '../token/index.ts'
import { caveatHolds, CAVEATS, parseService, parseSubject } from '../token/index.ts'
import { Refusal, refusals } from './answers.ts'
import type { ExactCaveat } from './exact-caveats.ts'
import type { OnezoneState } from './state.ts'
import { sameSubject } from './state.ts'

/** In what circumstances a token is presented (Onezone API, §5.1). */
export interface CaveatContext {
  /** Dotted IPv4, or null if the address is unknown: then no caveat that reads it holds. */
  readonly peerIp: string | null
  readonly interface: OnedataInterface | null
  readonly service: Service
  /** Null: none, which is something else than nobody: an anonymous caller is a consumer, too. */
  readonly consumer: Subject | null
  readonly allowDataAccessCaveats: boolean
  /** Kinds of caveats that hold whatever they say. @default [] */
  readonly ignored?: readonly Caveat['type'][]
}

/**
 * As what a token is judged. `providerIdentity`: an access token that stands in for an identity token, as legacy
 * providers use theirs; it alone may carry the legacy scope caveat (Onezone API, §5.3).
 */
export type JudgedAs = TokenKind | 'providerIdentity'

/** Why the first caveat that does not hold refuses the token; null if all hold (Onezone API, §4.2). */
export function refuseCaveats(
  state: OnezoneState,
  caveats: readonly (ExactCaveat | Caveat)[],
  judgedAs: JudgedAs,
  context: CaveatContext,
): Refusal | null {
  for (const caveat of caveats) {
    if (caveat.type === 'unknown') return refusals.tokenCaveatUnknown(caveat.text)
    const isIgnored = context.ignored?.includes(caveat.type) ?? false
    const holds =
      isSupported(caveat, judgedAs) && (isIgnored || knownCaveatHolds(state, caveat, context))
    if (!holds) return refusals.tokenCaveatUnverified(caveat)
  }
  return null
}

function isSupported({ type }: ExactCaveat, judgedAs: JudgedAs): boolean {
  if (type === undefined) return judgedAs === 'providerIdentity'
  const kind = judgedAs === 'providerIdentity' ? 'identity' : judgedAs
  return CAVEATS[type].supportedBy.includes(kind)
}

function knownCaveatHolds(
  state: OnezoneState,
  caveat: ExactCaveat,
  context: CaveatContext,
): boolean {
  const { peerIp } = context
  const nowSeconds = state.nowSeconds()
  if (caveat.type === 'time') return nowSeconds < caveat.validUntil
  if (caveat.type !== 'asn') {
    const verdict = caveatHolds(caveat, { nowSeconds, peerIp, interface: context.interface })
    if (verdict !== 'remote') return verdict
  }

  const place = peerIp === null ? null : state.locate(peerIp)
  switch (caveat.type) {
    case 'asn':
      return place !== null && place.asn !== null && caveat.whitelist.includes(place.asn)
    case 'geo.country':
      // An unknown country fails a blacklist too.
      if (place === null || place.country === null) return false
      return caveat.list.includes(place.country) === (caveat.filter === 'whitelist')
    case 'geo.region': {
      if (place === null || place.regions === null) return false
      const listed = place.regions.some((region) => caveat.list.includes(region))
      return listed === (caveat.filter === 'whitelist')
    }
    case 'service':
      return caveat.whitelist.some((entry) => isService(entry, context.service))
    case 'consumer':
      return caveat.whitelist.some((entry) => isConsumer(state, entry, context.consumer))
    case 'data.readonly':
    case 'data.path':
    case 'data.objectid':
      return context.allowDataAccessCaveats
    default:
      // Of the caveats that are judged here only the legacy scope is left, and whether it is in place was asked before.
      return caveat.type === undefined
  }
}

function isService(entry: string, { type, id }: Service): boolean {
  const allowed = parseService(entry)
  return allowed?.type === type && (allowed.id === id || allowed.id === '*')
}

function isConsumer(state: OnezoneState, entry: string, consumer: Subject | null): boolean {
  const allowed = parseSubject(entry)
  if (allowed === null || consumer === null) return false
  if (sameSubject(allowed, consumer)) return true
  if (allowed.type !== 'group') return allowed.id === '*' && allowed.type === consumer.type

  const isUser = consumer.type === 'user' && consumer.id !== null
  const user = isUser ? state.user(consumer.id) : undefined
  if (user === undefined || allowed.id === null) return false
  return allowed.id === '*' ? user.groups.length > 0 : user.effectiveGroups.includes(allowed.id)
}
