/**
 * Where a request carries its token: one credential in all, and `Authorization` once, because node keeps the first of
 * two such lines, and an upstream may read the last (security rule 6).
 *
 * @module
 */

/** Where a token can be looked for. */
export const CREDENTIAL_KINDS = [
  'x-auth-token',
  'bearer',
  'macaroon',
  'basic-password',
  'websocket-protocol',
] as const

/**
 * One of them: the field `X-Auth-Token`, `Authorization: Bearer`, the field `Macaroon`, the password of
 * `Authorization: Basic`, or an element `onedata.token.<token in base64url>` of `Sec-WebSocket-Protocol`.
 */
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

/** What is read where nothing else is said. */
export const DEFAULT_CREDENTIALS: readonly CredentialKind[] = ['x-auth-token', 'bearer', 'macaroon']

/** What a route reads, in the form that is asked for each request. */
export interface CredentialsRead {
  readonly 'x-auth-token': boolean
  readonly macaroon: boolean
  readonly bearer: boolean
  readonly basic: boolean
  /** Either of these two. */
  readonly authorization: boolean
  readonly protocol: boolean
}

/** What is read where these kinds are asked for. */
export function credentialsRead(
  kinds: readonly CredentialKind[] = DEFAULT_CREDENTIALS,
): CredentialsRead {
  const bearer = kinds.includes('bearer')
  const basic = kinds.includes('basic-password')
  return {
    'x-auth-token': kinds.includes('x-auth-token'),
    macaroon: kinds.includes('macaroon'),
    bearer,
    basic,
    authorization: bearer || basic,
    protocol: kinds.includes('websocket-protocol'),
  }
}

const BY_DEFAULT = credentialsRead()

/** The credentials of a request, still as text. */
export type Credentials =
  | { readonly outcome: 'none' | 'ambiguous' }
  | {
      readonly outcome: 'malformed'
      /** What exactly is wrong. @default what is to be said of a Bearer */
      readonly detail?: string
    }
  | {
      readonly outcome: 'token'
      readonly token: string
      /** Identity token of the consumer (`X-Onedata-Consumer-Token`), if sent. */
      readonly consumerToken: string | null
    }

const NONE: Credentials = { outcome: 'none' }
const AMBIGUOUS: Credentials = { outcome: 'ambiguous' }
const MALFORMED: Credentials = { outcome: 'malformed' }
const MALFORMED_BASIC: Credentials = {
  outcome: 'malformed',
  detail: 'Send "Authorization: Basic " and USER:TOKEN in base64, with one space.',
}
const MALFORMED_PROTOCOL: Credentials = {
  outcome: 'malformed',
  detail: 'Send "onedata.token." and the token in base64url, without "=", as a protocol.',
}

/**
 * `b64token` of RFC 6750 §2.1, which may stand behind the prefix of an identity provider, e.g. `egi:`. To look for the
 * prefix first would take as long as all the rest.
 */
const B64TOKEN = /^(?:[A-Za-z0-9\-._~+/]+=*|[A-Za-z0-9][A-Za-z0-9._-]{0,62}:[A-Za-z0-9\-._~+/]+=*)$/

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

const BASE64URL = /^[A-Za-z0-9_-]+$/

const TOKEN_PROTOCOL = 'onedata.token.'

/**
 * Reads the fields that a route looks at (RFC 6750 §2.1, RFC 7617), and the consumer token. An `Authorization` of a
 * scheme that is not read counts as absent, as it does for Onezone, and so does an empty field. The same token in two
 * fields is one.
 *
 * @param rawHeaders name, value, name, value …
 * @param read What is looked at. @default `X-Auth-Token`, `Authorization: Bearer` and the deprecated `Macaroon`
 */
export function readCredentials(
  rawHeaders: readonly string[],
  read: CredentialsRead = BY_DEFAULT,
): Credentials {
  let token: string | null = null
  let consumerToken: string | null = null
  let authorized = false

  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const field = fieldOf(rawHeaders[i] ?? '')
    if (field === null) continue
    let credential = rawHeaders[i + 1] ?? ''
    if (field === 'authorization') {
      if (!read.authorization) continue
      if (authorized) return AMBIGUOUS
      authorized = true
      if (read.basic && isBasic(credential)) {
        const password = passwordOf(credential)
        if (password === null) return MALFORMED_BASIC
        if (password === '') continue
        if (token !== null && token !== password) return AMBIGUOUS
        token = password
        continue
      }
      if (!read.bearer || !isBearer(credential)) continue
      if (credential.charAt(6) !== ' ') return MALFORMED
      credential = credential.slice(7)
    } else if (field === 'protocol') {
      if (!read.protocol) continue
      for (const encoded of tokenProtocolsOf(credential)) {
        if (!BASE64URL.test(encoded)) return MALFORMED_PROTOCOL
        const decoded = Buffer.from(encoded, 'base64url').toString('latin1')
        if (token !== null && token !== decoded) return AMBIGUOUS
        token = decoded
      }
      continue
    } else if (field !== 'consumer' && !read[field]) continue
    if (credential === '' && field !== 'authorization') continue
    // A runtime may have joined repeated fields into one (RFC 9110 §5.3); no token has a comma.
    if (credential.includes(',')) return AMBIGUOUS
    if (field === 'consumer') {
      if (consumerToken !== null && consumerToken !== credential) return AMBIGUOUS
      consumerToken = credential
      continue
    }
    if (field === 'authorization' && !B64TOKEN.test(credential)) return MALFORMED
    if (token !== null && token !== credential) return AMBIGUOUS
    token = credential
  }
  return token === null ? NONE : { outcome: 'token', token, consumerToken }
}

/** Whether a value of `Authorization` is a credential that is read here; any other is the upstream's. */
export function isOurs(authorization: string, read: CredentialsRead): boolean {
  return (read.bearer && isBearer(authorization)) || (read.basic && isBasic(authorization))
}

/** Takes the tokens out of a value of `Sec-WebSocket-Protocol`. Empty: nothing is left. */
export function withoutTokenProtocols(value: string): string {
  return elementsOf(value)
    .filter((element) => !element.startsWith(TOKEN_PROTOCOL))
    .join(', ')
}

/** Names of the fields that can carry what is read, each in its usual spelling. */
export function credentialFieldNames(read: CredentialsRead): string[] {
  return [
    ...(read['x-auth-token'] ? ['X-Auth-Token'] : []),
    ...(read.authorization ? ['Authorization'] : []),
    ...(read.macaroon ? ['Macaroon'] : []),
    'X-Onedata-Consumer-Token',
  ]
}

/** How a token is sent, for who has sent none. Undefined: as usual. */
export function waysToSend(kinds: readonly CredentialKind[] | undefined): string | undefined {
  return kinds && `Send one ${kinds.map((kind) => WAYS[kind]).join(', or ')}.`
}

const WAYS: Readonly<Record<CredentialKind, string>> = {
  'x-auth-token': 'in X-Auth-Token',
  bearer: 'in Authorization: Bearer',
  macaroon: 'in Macaroon',
  'basic-password': 'as the password of Authorization: Basic',
  'websocket-protocol': 'as an element "onedata.token.…" of Sec-WebSocket-Protocol',
}

/** The names of the fields that can carry a token, as they were sent. */
export function credentialFieldsOf(
  rawHeaders: readonly string[],
  read: CredentialsRead = BY_DEFAULT,
): string[] {
  return rawHeaders.filter((name, at) => at % 2 === 0 && canCarry(fieldOf(name), read))
}

function canCarry(field: Field | null, read: CredentialsRead): boolean {
  return field === 'consumer' || (field !== null && read[field])
}

function isBearer(authorization: string): boolean {
  return /^\s*bearer(?:\s|$)/i.test(authorization)
}

function isBasic(authorization: string): boolean {
  return /^\s*basic(?:\s|$)/i.test(authorization)
}

/** What follows the first colon (RFC 7617 §2). Null: it cannot be read. */
function passwordOf(authorization: string): string | null {
  if (authorization.charAt(5) !== ' ') return null
  const encoded = authorization.slice(6)
  if (!BASE64.test(encoded)) return null
  const pair = Buffer.from(encoded, 'base64').toString('latin1')
  const colon = pair.indexOf(':')
  return colon === -1 ? null : pair.slice(colon + 1)
}

function tokenProtocolsOf(value: string): string[] {
  return elementsOf(value)
    .filter((element) => element.startsWith(TOKEN_PROTOCOL))
    .map((element) => element.slice(TOKEN_PROTOCOL.length))
}

function elementsOf(list: string): string[] {
  return list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}

type Field = 'x-auth-token' | 'macaroon' | 'authorization' | 'consumer' | 'protocol'

function fieldOf(name: string): Field | null {
  switch (name.length) {
    case 8:
      return name.toLowerCase() === 'macaroon' ? 'macaroon' : null
    case 12:
      return name.toLowerCase() === 'x-auth-token' ? 'x-auth-token' : null
    case 13:
      return name.toLowerCase() === 'authorization' ? 'authorization' : null
    case 22:
      return name.toLowerCase() === 'sec-websocket-protocol' ? 'protocol' : null
    case 24:
      return name.toLowerCase() === 'x-onedata-consumer-token' ? 'consumer' : null
    default:
      return null
  }
}
