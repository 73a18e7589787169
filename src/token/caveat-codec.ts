import type { JsonObject } from '../json.ts'
import type { GeoFilter } from './caveat.ts'
import { octetsOfText, textOfOctets } from './octets.ts'

/** An object that came as JSON. */

/** How one kind of caveat is written: as text in tokens, as JSON in the API. */
export interface CaveatCodec<C> {
  /** Reads what follows the keyword in a token, e.g. ` < 1893456000`; null where it means nothing. */
  parse(operand: string): C | null
  /** Writes what follows the keyword. */
  serialize(caveat: C): string
  /** Checks JSON as Onezone does on creation and gives the caveat's normal form; null where it is refused. */
  sanitize(json: JsonObject): C | null
}

/** How one entry of a list is written. */
export interface EntryCodec<E> {
  readonly parse: (text: string) => E | null
  readonly serialize: (entry: E) => string
  readonly sanitize: (json: unknown) => E | null
}

type EntryOf<C extends { readonly whitelist: readonly unknown[] }> = C['whitelist'][number]

interface FilteredList {
  readonly filter: GeoFilter
  readonly list: readonly string[]
}

const SEPARATOR = '|'
const IS = ' = '
const IS_NOT = ' != '

/** What follows an operator, or null where the text does not begin with it. */
export function after(operator: string, operand: string): string | null {
  return operand.startsWith(operator) ? operand.slice(operator.length) : null
}

/**
 * Entries that are text.
 *
 * @param parse - the normal form of an entry that stands in a token, or null. Tokens may hold more than JSON may.
 * @param accepts - what JSON may hold, besides being readable again.
 * @param textOf - the text that JSON stands for, or null.
 */
export function textEntry(
  parse: (text: string) => string | null,
  accepts: (text: string) => boolean = () => true,
  textOf: (json: unknown) => string | null = asText,
): EntryCodec<string> {
  return {
    parse,
    serialize: (entry) => parse(entry) ?? entry,
    sanitize: (json) => {
      const text = textOf(json)
      return text !== null && isListable(text) && accepts(text) ? parse(text) : null
    },
  }
}

/** The text of a JSON string, or of a list of octets, strings and such lists: Onezone reads them where it reads IPs. */
export function textOfParts(json: unknown): string | null {
  const octets = octetsOfParts(json)
  return octets === null ? null : textOfOctets(octets)
}

function octetsOfParts(json: unknown): Uint8Array | null {
  if (typeof json === 'string') return octetsOfText(json)
  if (!Array.isArray(json)) return null
  const parts = json.map((part: unknown) => (isOctet(part) ? Buffer.of(part) : octetsOfParts(part)))
  return parts.every((part) => part !== null) ? Buffer.concat(parts) : null
}

/** The text of a JSON string, or of a list of its character codes, which Onezone reads where it reads base64. */
export function textOfCodes(json: unknown): string | null {
  if (Array.isArray(json) && json.every(isOctet)) return Buffer.from(json).toString('latin1')
  return asText(json)
}

function isOctet(json: unknown): json is number {
  return typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= 0xff
}

function asText(json: unknown): string | null {
  return typeof json === 'string' ? json : null
}

/** A caveat that lists what is allowed: `keyword = a|b`, `{"whitelist":["a","b"]}`. */
export function whitelist<C extends { readonly whitelist: readonly unknown[] }>(
  entry: EntryCodec<EntryOf<C>>,
  caveat: (whitelist: EntryOf<C>[]) => C,
): CaveatCodec<C> {
  const of = (entries: EntryOf<C>[] | null): C | null => (entries === null ? null : caveat(entries))
  return {
    parse: (operand) => of(parseList(entry, after(IS, operand))),
    serialize: (given) => IS + serializeList(entry, given.whitelist),
    sanitize: (json) => of(sanitizeList(entry, json['whitelist'])),
  }
}

/** A caveat that lists what is allowed or what is not: `keyword = a|b` or `keyword != a|b`, with a `filter` in JSON. */
export function filteredList<C extends FilteredList>(
  entry: EntryCodec<string>,
  caveat: (filter: GeoFilter, list: string[]) => C,
): CaveatCodec<C> {
  const of = (filter: GeoFilter, list: string[] | null): C | null =>
    list === null ? null : caveat(filter, list)
  return {
    parse: (operand) =>
      of('whitelist', parseList(entry, after(IS, operand))) ??
      of('blacklist', parseList(entry, after(IS_NOT, operand))),
    serialize: (given) =>
      (given.filter === 'whitelist' ? IS : IS_NOT) + serializeList(entry, given.list),
    sanitize: ({ filter, list }) =>
      filter === 'whitelist' || filter === 'blacklist'
        ? of(filter, sanitizeList(entry, list))
        : null,
  }
}

function parseList<E>(entry: EntryCodec<E>, text: string | null): E[] | null {
  return text === null || text === '' ? null : mapAll(text.split(SEPARATOR), entry.parse)
}

function serializeList<E>(entry: EntryCodec<E>, list: readonly E[]): string {
  return list.map(entry.serialize).join(SEPARATOR)
}

function sanitizeList<E>(entry: EntryCodec<E>, json: unknown): E[] | null {
  return Array.isArray(json) && json.length > 0 ? mapAll<unknown, E>(json, entry.sanitize) : null
}

function mapAll<A, B>(values: readonly A[], map: (value: A) => B | null): B[] | null {
  // not pushed one by one: an array that grew holds room for more than a token's few entries
  const mapped = values.map((value) => map(value))
  return mapped.every((value): value is B => value !== null) ? mapped : null
}

// a separator would make two entries of one, a lone surrogate would be lost in UTF-8
function isListable(text: string): boolean {
  return !text.includes(SEPARATOR) && !/\p{Surrogate}/u.test(text)
}
