/** What HTTP/1.1 would call the request line and the fields. */
export interface StreamHead {
  readonly method: string
  /** As in a request line: in origin form, or in a form that says why it is not. */
  readonly target: string
  /** Name, value, name, value … without pseudo-header fields; the first `host` is what `:authority` says. */
  readonly fields: readonly string[]
}

/** A field name (RFC 9113 §8.2.1): a token without capital letters. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/** A field value: no control characters, and no white space around it. */
const VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/

/** Fields about a connection, which is not the stream's to speak of (RFC 9113 §8.2.2). */
const OF_CONNECTIONS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

const PSEUDO = new Set([':method', ':scheme', ':authority', ':path'])

/**
 * Reads the head of a request of HTTP/2 (RFC 9113 §8.2, §8.3) and writes it down as HTTP/1.1 would have it, so that one
 * reading of requests judges both. Null: it is malformed.
 *
 * What is well-formed but no request for here keeps what is wrong with it: another scheme makes the target absolute,
 * and a `host` that differs from `:authority` is a second one.
 *
 * @param raw Name, value, name, value … as they came.
 */
export function readStreamHead(raw: readonly string[]): StreamHead | null {
  const pseudo = new Map<string, string>()
  const fields: string[] = []
  let cookieAt = -1
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    if (!VALUE.test(value)) return null
    if (name.startsWith(':')) {
      if (!PSEUDO.has(name) || pseudo.has(name) || fields.length > 0) return null
      pseudo.set(name, value)
      continue
    }
    if (!NAME.test(name) || OF_CONNECTIONS.has(name)) return null
    if (name === 'te' && value !== 'trailers') return null
    if (name === 'cookie' && cookieAt !== -1) {
      // Split for the sake of compression only (RFC 9113 §8.2.3).
      fields[cookieAt] = `${fields[cookieAt] ?? ''}; ${value}`
      continue
    }
    if (name === 'cookie') cookieAt = fields.length + 1
    fields.push(name, value)
  }
  return headOf(pseudo, fields)
}

function headOf(pseudo: ReadonlyMap<string, string>, fields: string[]): StreamHead | null {
  const method = pseudo.get(':method')
  const scheme = pseudo.get(':scheme')
  const path = pseudo.get(':path')
  const authority = pseudo.get(':authority')
  if (!method) return null
  if (authority !== undefined) repeatNoHost(fields, authority)
  if (method === 'CONNECT') {
    const isWhole = authority !== undefined && scheme === undefined && path === undefined
    return isWhole ? { method, target: authority, fields } : null
  }
  if (!scheme || !path) return null
  const target = scheme === 'https' ? path : `${scheme}://${authority ?? ''}${path}`
  return { method, target, fields }
}

/** Puts the authority in front as the `host`, in the place of one that says the same. */
function repeatNoHost(fields: string[], authority: string): void {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i] !== 'host' || fields[i + 1] !== authority) continue
    fields.splice(i, 2)
    break
  }
  fields.unshift('host', authority)
}
