/**
 * What a proxy does with a header field, judged by its name: one table for both directions.
 *
 * @module
 */

import { foldName, METHOD_OVERRIDES } from '../authenticator/index.ts'
import { keptText } from '../kept-text.ts'

/**
 * `pass`: end to end. `drop`: hop by hop (RFC 9110 §7.6.1), or consumed here. `disguised`: looks like a field that
 * frames or routes a message to servers that fold names (CVE-2025-64484). `request-id`: stated anew in requests, and
 * passed in responses. `loop`: read here, and passed. `method-override`: passes, unless the route was chosen by the
 * method. Others are read here before they are dropped.
 */
export type FieldKind =
  | 'pass'
  | 'drop'
  | 'disguised'
  | 'host'
  | 'connection'
  | 'content-length'
  | 'transfer-encoding'
  | 'expect'
  | 'request-id'
  | 'loop'
  | 'method-override'

const KINDS: ReadonlyMap<string, FieldKind> = new Map([
  ['host', 'host'],
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['transfer-encoding', 'transfer-encoding'],
  ['expect', 'expect'],
  ['cdn-loop', 'loop'],
  ['http2-settings', 'drop'],
  ['keep-alive', 'drop'],
  ['te', 'drop'],
  ['trailer', 'drop'],
  ['upgrade', 'drop'],
  // node-server takes it for a word of its own, and then never answers.
  ['x-hono-already-sent', 'drop'],
])

const DISGUISES = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect'])

const MEMO_LIMIT = 1024
const MEMO_NAME_LENGTH = 64
const memo = new Map<string, FieldKind>()

/** The kind of a field name in any case. */
export function kindOf(name: string): FieldKind {
  const known = memo.get(name)
  if (known !== undefined) return known
  const kind = judge(name)
  if (name.length <= MEMO_NAME_LENGTH) {
    if (memo.size >= MEMO_LIMIT) memo.clear()
    memo.set(keptText(name), kind)
  }
  return kind
}

function judge(name: string): FieldKind {
  const lower = name.toLowerCase()
  const kind = KINDS.get(lower)
  if (kind !== undefined) return kind
  const folded = foldName(name)
  if (DISGUISES.has(folded)) return 'disguised'
  if (folded === 'x-request-id') return 'request-id'
  if (METHOD_OVERRIDES.has(folded)) return 'method-override'
  return folded.startsWith('proxy-') ? 'drop' : 'pass'
}

/** A field name (RFC 9110 §5.6.2). */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

const MAX_CONNECTION_OPTIONS = 32

/** Options of a `Connection` field that name no other field. */
const PLAIN_OPTIONS = new Set(['', 'close', 'keep-alive', 'upgrade'])

/**
 * Reads a `Connection` field: adds the fields it names, in lower case, to those that end at this hop
 * (RFC 9110 §7.6.1). Null: an option is no token, or there are too many of them.
 */
export function readConnection(
  value: string,
  named: ReadonlySet<string>,
): ReadonlySet<string> | null {
  const lower = value.toLowerCase()
  if (PLAIN_OPTIONS.has(lower)) return named
  const options = lower.split(',', MAX_CONNECTION_OPTIONS + 1)
  if (options.length > MAX_CONNECTION_OPTIONS) return null
  const all = new Set(named)
  for (const option of options) {
    const name = option.trim()
    if (name !== '' && !TOKEN.test(name)) return null
    if (!PLAIN_OPTIONS.has(name)) all.add(name)
  }
  return all
}

/** What a message without further `Connection` options names. */
export const NOTHING_NAMED: ReadonlySet<string> = new Set<string>()
