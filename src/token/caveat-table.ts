import { TokenError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../json.ts'
import { normalizeApiSpec } from './api-spec.ts'
import type {
  Caveat,
  CaveatName,
  CaveatOf,
  GeoRegion,
  KnownCaveat,
  OnedataInterface,
} from './caveat.ts'
import {
  after,
  filteredList,
  textEntry,
  textOfCodes,
  textOfParts,
  whitelist,
} from './caveat-codec.ts'
import type { CaveatCodec, EntryCodec } from './caveat-codec.ts'
import { isDataPath, isObjectId, normalizeBase64 } from './data-access.ts'
import { parseInteger, serializeInteger } from './notation.ts'
import { ipMatchesAny, normalizeNetwork } from './ipv4.ts'
import { octetsOfText, textOfOctets } from './octets.ts'
import { parseService, parseSubject } from './subject.ts'
import type { TokenKind } from './token-type.ts'

/**
 * What a verdict may depend on besides the token's own octets. `geo` is Onezone's table of addresses; `session` the
 * life of a user's session; `everything` says that nobody here can tell.
 */
export type ContextField =
  | 'time'
  | 'peerIp'
  | 'interface'
  | 'consumer'
  | 'service'
  | 'dataAccess'
  | 'geo'
  | 'session'
  | 'everything'

/** What we know of a request when we judge a caveat ourselves. */
export interface LocalContext {
  /** Wall time in unix seconds. */
  readonly nowSeconds: number
  /** IPv4 address of the client, dotted decimal; null where it has none: then no ip caveat holds. */
  readonly peerIp: string | null
  /** Interface the token came through; null: none, then no interface caveat holds. */
  readonly interface: OnedataInterface | null
}

/** Everything there is to know about one kind of caveat. */
export interface CaveatRow<C extends KnownCaveat = KnownCaveat> extends CaveatCodec<C> {
  /** The word that its text begins with. */
  readonly keyword: string
  /** What a token that carries it may be used as; used as anything else, it fails (Onezone API, §4.2). */
  readonly supportedBy: readonly TokenKind[]
  /** What its verdict depends on: cache keys derive from it. */
  readonly reads: readonly ContextField[]
  /** Judges the caveat as Onezone does; absent where only Onezone can. */
  holds?(caveat: C, context: LocalContext): boolean
}

const REGIONS: Readonly<Record<GeoRegion, true>> = {
  Africa: true,
  Antarctica: true,
  Asia: true,
  Europe: true,
  EU: true,
  NorthAmerica: true,
  Oceania: true,
  SouthAmerica: true,
}
/** Interfaces that caveats and questions name. */
export const INTERFACES: readonly OnedataInterface[] = ['rest', 'oneclient', 'graphsync']
const COUNTRY_OCTETS = 2

const asIs = (text: string): string => text
const integer: EntryCodec<number> = {
  parse: parseFiniteInteger,
  serialize: serializeInteger,
  sanitize: asInteger,
}
const network = textEntry(normalizeNetwork, undefined, textOfParts)
const country = textEntry(asIs, (text) => octetsOfText(text).length === COUNTRY_OCTETS)
const region = textEntry(asIs, (text) => Object.hasOwn(REGIONS, text))
const service = textEntry((text) => (parseService(text) === null ? null : text))
const consumer = textEntry(
  (text) => (parseSubject(text) === null ? null : text),
  (text) => text !== 'nobody',
)
const apiSpec = textEntry(normalizeApiSpec)
const dataPath = textEntry(normalizeBase64, isDataPath, textOfCodes)
const objectId = textEntry(asIs, isObjectId)

const EVERY_KIND: readonly TokenKind[] = ['access', 'identity', 'invite']

/**
 * The one table of caveats (Onezone API, §4). Parsing, serialising, sanitising, cache keys and local judgement all
 * derive from it, so that a caveat added here is complete.
 */
export const CAVEATS: { readonly [N in CaveatName]: CaveatRow<CaveatOf<N>> } = {
  time: {
    keyword: 'time',
    parse: (operand) => timeCaveat(parseFiniteInteger(after(' < ', operand) ?? '')),
    serialize: (caveat) => ` < ${serializeInteger(caveat.validUntil)}`,
    sanitize: (json) => timeCaveat(asInteger(json['validUntil'])),
    supportedBy: EVERY_KIND,
    reads: ['time'],
    holds: (caveat, { nowSeconds }) => nowSeconds < caveat.validUntil,
  },
  ip: {
    keyword: 'ip',
    ...whitelist<CaveatOf<'ip'>>(network, (networks) => ({ type: 'ip', whitelist: networks })),
    supportedBy: EVERY_KIND,
    reads: ['peerIp'],
    holds: (caveat, { peerIp }) => peerIp !== null && ipMatchesAny(caveat.whitelist, peerIp),
  },
  asn: {
    keyword: 'asn',
    ...whitelist<CaveatOf<'asn'>>(integer, (numbers) => ({ type: 'asn', whitelist: numbers })),
    supportedBy: EVERY_KIND,
    reads: ['peerIp', 'geo'],
  },
  'geo.country': {
    keyword: 'geo.country',
    ...filteredList<CaveatOf<'geo.country'>>(country, (filter, list) => ({
      type: 'geo.country',
      filter,
      list,
    })),
    supportedBy: EVERY_KIND,
    reads: ['peerIp', 'geo'],
  },
  'geo.region': {
    keyword: 'geo.region',
    ...filteredList<CaveatOf<'geo.region'>>(region, (filter, list) => ({
      type: 'geo.region',
      filter,
      list,
    })),
    supportedBy: EVERY_KIND,
    reads: ['peerIp', 'geo'],
  },
  service: {
    keyword: 'service',
    ...whitelist<CaveatOf<'service'>>(service, (services) => ({
      type: 'service',
      whitelist: services,
    })),
    supportedBy: ['access'],
    reads: ['service'],
  },
  consumer: {
    keyword: 'consumer',
    ...whitelist<CaveatOf<'consumer'>>(consumer, (consumers) => ({
      type: 'consumer',
      whitelist: consumers,
    })),
    supportedBy: EVERY_KIND,
    reads: ['consumer'],
  },
  interface: {
    keyword: 'interface',
    parse: (operand) => interfaceCaveat(after(' = ', operand)),
    serialize: (caveat) => ` = ${caveat.interface}`,
    sanitize: (json) => interfaceCaveat(json['interface']),
    supportedBy: ['access', 'identity'],
    reads: ['interface'],
    holds: (caveat, context) => context.interface === caveat.interface,
  },
  api: {
    keyword: 'api',
    ...whitelist<CaveatOf<'api'>>(apiSpec, (specs) => ({ type: 'api', whitelist: specs })),
    supportedBy: ['access'],
    reads: [],
    // verification never fails for it: whoever acts on the identity enforces it (Onezone API, §4.2)
    holds: () => true,
  },
  'data.readonly': {
    keyword: 'data.readonly',
    ...constant<CaveatOf<'data.readonly'>>('', { type: 'data.readonly' }),
    supportedBy: ['access'],
    reads: ['dataAccess'],
  },
  'data.path': {
    keyword: 'data.path',
    ...whitelist<CaveatOf<'data.path'>>(dataPath, (paths) => ({
      type: 'data.path',
      whitelist: paths,
    })),
    supportedBy: ['access'],
    reads: ['dataAccess'],
  },
  'data.objectid': {
    keyword: 'data.objectid',
    ...whitelist<CaveatOf<'data.objectid'>>(objectId, (ids) => ({
      type: 'data.objectid',
      whitelist: ids,
    })),
    supportedBy: ['access'],
    reads: ['dataAccess'],
  },
  scope: {
    keyword: 'authorization',
    ...constant<CaveatOf<'scope'>>(
      ' = none',
      { scope: 'identityToken' },
      (json) => json['scope'] === 'identityToken',
    ),
    supportedBy: ['identity'],
    // whether it holds depends on the kind of the token and on what it is used as (Onezone API, §5.3)
    reads: ['everything'],
  },
}

const ROWS_BY_KEYWORD = new Map<string, CaveatRow>(
  Object.values(CAVEATS).map((row: CaveatRow) => [row.keyword, row]),
)
const ROWS_BY_TYPE = new Map<unknown, CaveatRow>(
  Object.entries(CAVEATS).map(([name, row]: [string, CaveatRow]) => [
    name === 'scope' ? undefined : name,
    row,
  ]),
)

/** The row of a caveat; undefined for an unknown one. */
export function caveatRow(caveat: Caveat): CaveatRow | undefined {
  return ROWS_BY_TYPE.get(caveat.type)
}

/** Reads a caveat as it stands in a token. What means nothing, its operand included, is an unknown caveat. */
export function parseCaveat(given: string | Uint8Array): Caveat {
  const text = typeof given === 'string' ? given : textOfOctets(given)
  const space = text.indexOf(' ')
  const keyword = space < 0 ? text : text.slice(0, space)
  const caveat = ROWS_BY_KEYWORD.get(keyword)?.parse(text.slice(keyword.length))
  return caveat ?? { type: 'unknown', text }
}

/**
 * Writes a caveat as it stands in a token. Entries are brought into their normal form, but not checked.
 *
 * @throws TokenError `ERR_CAVEAT_INVALID` where the caveat's `type` is none.
 */
export function serializeCaveat(caveat: Caveat): string {
  if (caveat.type === 'unknown') return caveat.text
  const row = caveatRow(caveat)
  if (row === undefined) throw invalidCaveat(caveat)
  return row.keyword + row.serialize(caveat)
}

/**
 * Checks a caveat that came as JSON, as Onezone does on creation (Onezone API, §4.1), and gives its normal form. Other
 * keys are ignored. Stricter than Onezone in one point: list entries must not contain `|`, which would be two entries.
 *
 * @throws TokenError `ERR_CAVEAT_INVALID`, with the given value in `value`.
 */
export function sanitizeCaveat(json: unknown): KnownCaveat {
  if (isJsonObject(json)) {
    const row = isScope(json) ? CAVEATS.scope : ROWS_BY_TYPE.get(json['type'])
    const caveat = row?.sanitize(json)
    if (caveat) return caveat
  }
  throw invalidCaveat(json)
}

/** Onezone looks for the legacy scope before it looks at most types, so that it wins over them and unknown ones. */
function isScope(json: JsonObject): boolean {
  if (json['scope'] !== 'identityToken') return false
  const { type, whitelist: allowed, list } = json
  if (type === 'time') return json['validUntil'] === undefined
  if (type === 'ip' || type === 'asn') return !isFilled(allowed)
  if (type === 'geo.country' || type === 'geo.region') {
    return json['filter'] === undefined || !isFilled(list)
  }
  return true
}

function isFilled(json: unknown): boolean {
  return Array.isArray(json) && json.length > 0
}

function invalidCaveat(value: unknown): TokenError {
  return new TokenError(
    'ERR_CAVEAT_INVALID',
    'The caveat is invalid: give one in the JSON form of the Onezone API, e.g. {"type":"time","validUntil":1893456000}.',
    { value },
  )
}

function timeCaveat(validUntil: number | null): CaveatOf<'time'> | null {
  return validUntil === null ? null : { type: 'time', validUntil }
}

function interfaceCaveat(value: unknown): CaveatOf<'interface'> | null {
  const name = INTERFACES.find((known) => known === value)
  return name === undefined ? null : { type: 'interface', interface: name }
}

function constant<C>(
  operand: string,
  given: C,
  accepts: (json: JsonObject) => boolean = () => true,
): CaveatCodec<C> {
  const caveat = Object.freeze(given)
  return {
    parse: (text) => (text === operand ? caveat : null),
    serialize: () => operand,
    sanitize: (json) => (accepts(json) ? caveat : null),
  }
}

function parseFiniteInteger(text: string): number | null {
  const value = parseInteger(text)
  // what a double cannot hold is left to Onezone, as an unknown caveat
  return Number.isFinite(value) ? value : null
}

function asInteger(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) ? value : null
}
