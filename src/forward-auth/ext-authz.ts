/**
 * The messages of `envoy.service.auth.v3`, by the numbers of their fields (envoy/service/auth/v3/external_auth.proto
 * and attribute_context.proto).
 *
 * @module
 */

import { isIP } from 'node:net'

import type { AnswerCode } from '../authenticator/index.ts'
import { KNOWN_METHODS, REQUEST_LIMITS } from '../routing/index.ts'
import { namesOf } from './field-names.ts'
import type { Judgement } from './judge.ts'
import type { Message } from './protobuf.ts'
import { field, numberField, readMessage } from './protobuf.ts'
import type { Question } from './question.ts'
import { refusalFields, removedCredentials } from './reply.ts'

const CHECK_REQUEST = { attributes: 1 }
const ATTRIBUTES = { source: 1, request: 4 }
const PEER = { address: 1 }
const ADDRESS = { socketAddress: 1 }
const SOCKET_ADDRESS = { address: 2 }
const REQUEST = { http: 2 }
const HTTP = { method: 2, headers: 3, path: 4, host: 5, scheme: 6, headerMap: 13 }
const MAP_ENTRY = { key: 1, value: 2 }
const HEADER_MAP = { headers: 1 }
const HEADER_VALUE = { key: 1, value: 2, rawValue: 3 }
const CHECK_RESPONSE = { status: 1, denied: 2, ok: 3 }
const STATUS = { code: 1 }
const OK_RESPONSE = { headers: 2, headersToRemove: 5 }
const DENIED_RESPONSE = { status: 1, headers: 2, body: 3 }
const HEADER_VALUE_OPTION = { header: 1 }

/** `google.rpc.Code` of a refusal; Envoy looks only at whether it is 0. */
const PERMISSION_DENIED = 7

/** Says where the client came from; said anew from the address of its socket. */
const FORWARDED = /^x-forwarded-(?:host|proto)$/

/** Reads a `CheckRequest`. Returns the request that it asks about, or the code of its refusal. */
export function readCheckRequest(message: Message): Question | AnswerCode {
  const attributes = message.message(CHECK_REQUEST.attributes)
  const http = attributes.message(ATTRIBUTES.request).message(REQUEST.http)
  const fields = fieldsOf(http)
  if (fields.length > 2 * REQUEST_LIMITS.requestFields) return 'headers_too_large'
  const [method, host, target] = [
    http.text(HTTP.method),
    http.text(HTTP.host),
    http.text(HTTP.path),
  ]
  if (!KNOWN_METHODS.has(method) || target === '') return 'request_invalid'

  const rawHeaders: string[] = []
  const hops: string[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name = '', value = ''] = [fields[i]?.toLowerCase(), fields[i + 1]]
    if (name === 'x-forwarded-for') hops.push(...value.split(',').map((hop) => hop.trim()))
    else if (!FORWARDED.test(name)) rawHeaders.push(name, value)
  }
  const socket = attributes.message(ATTRIBUTES.source).message(PEER.address)
  const address = socket.message(ADDRESS.socketAddress).text(SOCKET_ADDRESS.address)
  if (address !== '' && isIP(address) === 0) return 'client_address_invalid'
  return {
    method,
    host,
    target,
    secure: http.text(HTTP.scheme) === 'https',
    hops: address === '' ? [] : [...hops, address],
    rawHeaders,
  }
}

/** Header fields of the client, name, value …; `header_map` keeps repeats apart, where Envoy sends it. */
function fieldsOf(http: Message): string[] {
  const raw = http.message(HTTP.headerMap).all(HEADER_MAP.headers)
  const fields =
    raw.length > 0
      ? raw.map(readMessage).flatMap((entry) => {
          const bytes = entry.all(HEADER_VALUE.rawValue).at(-1)
          const value = bytes?.toString('latin1') ?? entry.text(HEADER_VALUE.value)
          return [entry.text(HEADER_VALUE.key), value]
        })
      : http
          .all(HTTP.headers)
          .map(readMessage)
          .flatMap((entry) => [entry.text(MAP_ENTRY.key), entry.text(MAP_ENTRY.value)])
  // `:path` and its like are no fields.
  return fields.filter((_, at) => !(fields[at - (at % 2)] ?? '').startsWith(':'))
}

/**
 * Writes the `CheckResponse`. A refusal is always a `denied_response`, also where nobody could say: with
 * `error_response`, Envoy's `failure_mode_allow` would let the request through.
 *
 * @param asked Header fields of the client: of those, none that would state an identity reaches the upstream.
 */
export function writeCheckResponse(judgement: Judgement, asked: readonly string[]): Buffer {
  if (judgement.outcome === 'refused') {
    const { answer, allow } = judgement
    return Buffer.concat([
      field(CHECK_RESPONSE.status, [numberField(STATUS.code, PERMISSION_DENIED)]),
      field(CHECK_RESPONSE.denied, [
        field(DENIED_RESPONSE.status, [numberField(STATUS.code, answer.status)]),
        ...headersOf(DENIED_RESPONSE.headers, refusalFields(answer, allow)),
        field(DENIED_RESPONSE.body, answer.body),
      ]),
    ])
  }
  const { route, identityHeaders, requestId } = judgement
  const { headers } = route.authenticator
  const stated = new Map<string, string>()
  for (const name of headers.names) stated.set(name.toLowerCase(), '')
  for (let i = 0; i + 1 < identityHeaders.length; i += 2) {
    stated.set((identityHeaders[i] ?? '').toLowerCase(), identityHeaders[i + 1] ?? '')
  }
  const removed = new Set(removedCredentials(route))
  for (const name of namesOf(asked)) {
    const said = stated.get(name)
    // An empty value may not overwrite, so that what the client sent under the name goes, too.
    if (said === '') stated.delete(name)
    if (headers.claims(name) && (said === undefined || said === '')) removed.add(name)
  }
  return Buffer.concat([
    field(CHECK_RESPONSE.status, []),
    field(CHECK_RESPONSE.ok, [
      ...headersOf(OK_RESPONSE.headers, [...[...stated].flat(), 'x-request-id', requestId]),
      ...[...removed].map((name) => field(OK_RESPONSE.headersToRemove, name)),
    ]),
  ])
}

/** `append` is left out: what is there under the name is overwritten. */
function headersOf(number: number, fields: readonly string[]): Buffer[] {
  return namesOf(fields).map((name, at) =>
    field(number, [
      field(HEADER_VALUE_OPTION.header, [
        field(HEADER_VALUE.key, name),
        field(HEADER_VALUE.value, fields[2 * at + 1] ?? ''),
      ]),
    ]),
  )
}
