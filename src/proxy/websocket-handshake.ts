import { createHash } from 'node:crypto'

import type { HeaderPolicy } from '../authenticator/index.ts'
import type { Incoming } from '../listener/index.ts'
import { kindOf } from '../routing/index.ts'
import { responseFields } from './response-fields.ts'

/** A client's wish for a WebSocket, as far as it matters here: all else is between client and upstream. */
export interface Handshake {
  /** What `Sec-WebSocket-Accept` must be for this client's key (RFC 6455 §4.2.2). */
  readonly accept: string
}

/** RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** 16 bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/

const VERSION = '13'

/**
 * Whether a request asks for a WebSocket and for nothing else: GET, HTTP/1.1, `Upgrade: websocket` once. Any other wish
 * to upgrade may be ignored (RFC 9110 §7.8), and is.
 */
export function asksForWebSocket({ method, httpVersion, rawHeaders }: Incoming): boolean {
  if (method !== 'GET' || httpVersion !== '1.1') return false
  const protocols = valuesOf(rawHeaders, 'upgrade')
  return protocols.length === 1 && protocols[0]?.toLowerCase() === 'websocket'
}

/** Reads the fields of a handshake. Null: key or version is missing, repeated or wrong. */
export function readHandshake(rawHeaders: readonly string[]): Handshake | null {
  const [key = '', ...otherKeys] = valuesOf(rawHeaders, 'sec-websocket-key')
  const [version, ...otherVersions] = valuesOf(rawHeaders, 'sec-websocket-version')
  if (!KEY.test(key) || otherKeys.length > 0) return null
  if (version !== VERSION || otherVersions.length > 0) return null
  return { accept: createHash('sha1').update(`${key}${GUID}`).digest('base64') }
}

/**
 * The header section of the `101` that a client gets. Null: the upstream's is no answer to this handshake, or says that
 * it has a body.
 *
 * @param rawFields Name, value, name, value … as undici tells them.
 */
export function switchFields(
  rawFields: readonly (Buffer | string)[],
  handshake: Handshake,
  policy: HeaderPolicy,
): string[] | null {
  const received = rawFields.map((field) =>
    typeof field === 'string' ? field : field.toString('latin1'),
  )
  const protocols = valuesOf(received, 'upgrade')
  if (protocols.length !== 1 || protocols[0]?.toLowerCase() !== 'websocket') return null
  const accepts = valuesOf(received, 'sec-websocket-accept')
  if (accepts.length !== 1 || accepts[0] !== handshake.accept) return null
  if (received.some((name, i) => i % 2 === 0 && FRAMING.has(kindOf(name)))) return null
  const { fields } = responseFields(received, 101, policy)
  return ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...fields]
}

const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding'])

function valuesOf(fields: readonly string[], wanted: string): string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (name.length === wanted.length && name.toLowerCase() === wanted) {
      values.push((fields[i + 1] ?? '').trim())
    }
  }
  return values
}
