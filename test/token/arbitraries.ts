import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { INVITE_TYPES } from '../../src/token/index.ts'
import type { Caveat, InviteType, MintTokenOptions, TokenType } from '../../src/token/index.ts'

/** Ids: any text but what separates ids from their surroundings. */
const id = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((text) => !/[/|:]/.test(text) && !/\p{Surrogate}/u.test(text))
const nonEmptyId = id.filter((text) => text !== '')
const list = <T>(entry: Arbitrary<T>) => fc.array(entry, { minLength: 1, maxLength: 6 })
const network = fc
  .tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
  .map(([address, length]) => `${address}/${length}`)
const filter = fc.constantFrom('whitelist' as const, 'blacklist' as const)
const prefixed = (...prefixes: string[]) =>
  fc
    .tuple(fc.constantFrom(...prefixes), fc.oneof(id, fc.constant('*')))
    .map((pair) => pair.join(''))

/** A caveat in its normal form, as JSON may hold it. */
export const knownCaveat: Arbitrary<Exclude<Caveat, { type: 'unknown' }>> = fc.oneof(
  fc.record({ type: fc.constant('time' as const), validUntil: fc.maxSafeInteger() }),
  fc.record({ type: fc.constant('ip' as const), whitelist: list(network) }),
  fc.record({ type: fc.constant('asn' as const), whitelist: list(fc.maxSafeNat()) }),
  fc.record({
    type: fc.constant('geo.country' as const),
    filter,
    list: list(fc.constantFrom('PL', 'FR', 'xx')),
  }),
  fc.record({
    type: fc.constant('geo.region' as const),
    filter,
    list: list(fc.constantFrom('EU', 'Asia', 'Oceania')),
  }),
  fc.record({
    type: fc.constant('service' as const),
    whitelist: list(prefixed('ozw-', 'ozp-', 'opw-', 'opp-')),
  }),
  fc.record({
    type: fc.constant('consumer' as const),
    whitelist: list(prefixed('usr-', 'grp-', 'prv-')),
  }),
  fc.record({
    type: fc.constant('interface' as const),
    interface: fc.constantFrom('rest' as const, 'oneclient' as const, 'graphsync' as const),
  }),
  fc.record({
    type: fc.constant('api' as const),
    whitelist: list(fc.constantFrom('all/all/*.*.*:*', 'ozw/get/user.self.a,b:private')),
  }),
  fc.constant({ type: 'data.readonly' as const }),
  fc.record({
    type: fc.constant('data.path' as const),
    whitelist: list(
      nonEmptyId.map((name) => Buffer.from(`/space/${name}`, 'utf8').toString('base64')),
    ),
  }),
  fc.record({
    type: fc.constant('data.objectid' as const),
    whitelist: list(fc.constant('00000000000CDBDA677569642331323323616263')),
  }),
  fc.constant({ scope: 'identityToken' as const }),
)

const inviteType: Arbitrary<TokenType> = fc
  .tuple(fc.constantFrom(...(Object.keys(INVITE_TYPES) as InviteType[])), nonEmptyId)
  .map(([name, target]) => ({
    inviteToken: { inviteType: name, [INVITE_TYPES[name].targetKey]: target, parameters: {} },
  }))

const tokenType: Arbitrary<TokenType> = fc.oneof(
  fc.constant({ accessToken: {} }),
  nonEmptyId.map((sessionId) => ({ accessToken: { sessionId } })),
  fc.constant({ identityToken: {} }),
  inviteType,
)

/** Options of a token of version 2 that is minted with random parts; at most six caveats. */
export const mintOptions: Arbitrary<Required<Omit<MintTokenOptions, 'version' | 'persistence'>>> =
  fc.record({
    onezoneDomain: fc.oneof(fc.domain(), id),
    secret: fc.oneof(fc.string(), fc.uint8Array({ maxLength: 100 })),
    id,
    generation: fc.option(fc.maxSafeInteger()),
    subject: fc.oneof(
      fc.record({ type: fc.constantFrom('user' as const, 'oneprovider' as const), id }),
      fc.constant({ type: 'nobody' as const, id: null }),
    ),
    type: tokenType,
    caveats: fc.array(knownCaveat, { maxLength: 6 }),
    serviceIndication: fc.constantFrom('opw' as const, 'opp' as const, null),
  })
