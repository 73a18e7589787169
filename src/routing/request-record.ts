import { IncomingMessage, METHODS } from 'node:http'

import type { AnswerCode } from '../authenticator/index.ts'
import type { Incoming } from '../listener/index.ts'
import { kindOf, NOTHING_NAMED, readConnection } from './field-names.ts'
import type { HostName } from './host-name.ts'
import { readHost } from './host-name.ts'
import { hasBeenHere } from './loop-mark.ts'
import type { RequestLimits } from './request-limits.ts'
import { REQUEST_LIMITS } from './request-limits.ts'
import { readAbsolute, readTarget, withoutOwnPort } from './request-target.ts'

/**
 * The one reading of a request: what is matched, decided, logged and forwarded is derived from it, and nothing looks
 * at the request target or at the framing again.
 */
export interface RequestRecord {
  readonly method: string
  readonly httpVersion: '1.0' | '1.1' | '2.0'
  /** `*`: the request is about the gateway itself (RFC 9110 §9.3.7). */
  readonly path: string
  /** With its question mark; empty where there is none. */
  readonly query: string
  /** In its one spelling, with its port where it has one: what is forwarded. Empty: HTTP/1.0 need not name one. */
  readonly host: string
  /** The same without its port: what is matched. */
  readonly hostName: string
  /** Fields that end at this hop because `Connection` names them, in lower case. */
  readonly named: ReadonlySet<string>
  /** Length of the body in bytes; 0: there is none; null: it ends where the client says so. */
  readonly bodyLength: number | null
  /** Whether the client waits for `100 Continue` before it sends the body. */
  continueOwed: boolean
}

/** Why a request is refused before anything else is decided about it. */
export interface RequestRefusal {
  readonly code: AnswerCode
  /** What exactly is wrong, in a sentence. @default what is to be said of the code */
  readonly detail?: string | undefined
}

/** Methods that Node's parser knows; what is none of them is no request. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS)

const RECORD = Symbol('request record')

/** A request that remembers its record. */
interface ReadRequest extends Incoming {
  [RECORD]?: RequestRecord | RequestRefusal
}

/** The record of a request, or its refusal. Made once. */
export function recordOf(
  incoming: Incoming,
  limits: RequestLimits = REQUEST_LIMITS,
): RequestRecord | RequestRefusal {
  const request: ReadRequest = incoming
  return (request[RECORD] ??= recordOrRefusal(incoming, limits))
}

function recordOrRefusal(
  incoming: Incoming,
  limits: RequestLimits,
): RequestRecord | RequestRefusal {
  const read = readRequest(incoming, limits)
  return typeof read === 'string' ? { code: read } : read
}

/** Whether the gateway carries a method at all. */
export function isCarried(method: string): boolean {
  return method !== 'TRACE' && method !== 'CONNECT'
}

function readRequest(
  incoming: Incoming,
  limits: RequestLimits,
): RequestRecord | RequestRefusal | AnswerCode {
  const { method = '', url = '', rawHeaders, httpVersion } = incoming
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    // In the text of HTTP/1.1 a parser may find the number 2.0, too; it frames nothing.
    if (httpVersion !== '2.0' || incoming instanceof IncomingMessage) return 'request_invalid'
    const objection = objectionTo(incoming, limits.requestHeadBytes)
    if (objection !== null) return objection
  }
  if (!isCarried(method)) return 'method_not_allowed'
  // Counted here, because a limit of Node's own hides fields that still frame the body (CVE-2026-58044).
  if (rawHeaders.length > 2 * limits.requestFields) return 'headers_too_large'
  if (url.length > limits.targetBytes) return 'target_too_long'

  const fields = readFields(rawHeaders)
  if (typeof fields === 'string' || 'code' in fields) return fields
  const { length, coding, expectation } = fields
  const addressed = addressOf(incoming, fields.host)
  if ('code' in addressed) return addressed
  const { named } = addressed
  if (coding !== null) {
    // RFC 9112 §6.1: both at once, or chunks in another version than HTTP/1.1, are how requests are smuggled.
    if (coding === '' || length !== null || httpVersion !== '1.1') return 'request_invalid'
    if (coding.toLowerCase() !== 'chunked') return 'coding_not_supported'
  }
  // HTTP/2 frames bodies itself; a length is only said besides (RFC 9113 §8.1.1).
  const isOpen = length === null && httpVersion === '2.0' && !incoming.complete
  const bodyLength = coding === null && !isOpen ? Number(length ?? 0) : null
  if (bodyLength !== null && !Number.isSafeInteger(bodyLength)) return 'request_invalid'
  if (expectation !== null && expectation.toLowerCase() !== '100-continue') {
    return 'expectation_failed'
  }
  const target = addressed.target === '*' ? ANYTHING : readTarget(addressed.target)
  if (typeof target === 'string') return { code: 'request_invalid', detail: target }
  return {
    method,
    httpVersion,
    path: target.path,
    query: target.query,
    host: named.host,
    hostName: named.name,
    named: fields.named,
    bodyLength,
    continueOwed: false,
  }
}

/** The target of `OPTIONS *`. */
const ANYTHING = { path: '*', query: '' }

const NO_HOST: HostName = { name: '', host: '' }

/** The host that a request is for, and its target in origin form or `*`. */
interface Address {
  readonly named: HostName
  readonly target: string
}

function addressOf(incoming: Incoming, host: string | null): Address | RequestRefusal {
  const { method, url = '', httpVersion } = incoming
  // In HTTP/2 a target is absolute only where its scheme is another than that of the connection.
  const absolute = httpVersion === '2.0' || url.startsWith('/') ? null : readAbsolute(url)
  const target = absolute?.target ?? url
  if (target === '*' && method !== 'OPTIONS') return refuse('Only OPTIONS takes "*" as its target.')
  if (host === null) {
    if (httpVersion !== '1.0') return refuse('There is no Host.')
    const named = absolute === null ? NO_HOST : readHost(absolute.authority)
    return named === null ? refuse('The target names no host.') : { named, target }
  }
  const named = readHost(host)
  if (named === null) return refuse('Host is no name or address of a host, in its one spelling.')
  if (absolute === null) return { named, target }
  const meant = readHost(absolute.authority)
  const scheme = url.slice(0, url.indexOf(':'))
  if (meant === null || meant.host !== withoutOwnPort(named.host, scheme)) {
    return refuse('The host of the target is another one than that of Host.')
  }
  return { named, target }
}

function refuse(detail: string): RequestRefusal {
  return { code: 'request_invalid', detail }
}

/** What Node's parser has seen to before there is a request of HTTP/1.1: a known method, and a bounded head. */
function objectionTo(
  { method = '', url = '', rawHeaders }: Incoming,
  maxBytes: number,
): AnswerCode | null {
  if (!KNOWN_METHODS.has(method)) return 'method_not_carried'
  let bytes = url.length
  for (const text of rawHeaders) bytes += text.length
  return bytes >= maxBytes ? 'headers_too_large' : null
}

interface Fields {
  host: string | null
  length: string | null
  coding: string | null
  expectation: string | null
  named: ReadonlySet<string>
}

function readFields(rawHeaders: readonly string[]): Fields | RequestRefusal | AnswerCode {
  const fields: Fields = {
    host: null,
    length: null,
    coding: null,
    expectation: null,
    named: NOTHING_NAMED,
  }
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] ?? ''
    switch (kindOf(rawHeaders[i] ?? '')) {
      case 'host':
        if (fields.host !== null) return refuse('There are two Hosts.')
        fields.host = value
        break
      case 'content-length':
        if (fields.length !== null || !/^\d+$/.test(value)) return 'request_invalid'
        fields.length = value
        break
      case 'transfer-encoding':
        if (fields.coding !== null) return 'request_invalid'
        fields.coding = value
        break
      case 'expect':
        if (fields.expectation !== null) return 'expectation_failed'
        fields.expectation = value
        break
      case 'connection': {
        const named = readConnection(value, fields.named)
        if (named === null) return 'request_invalid'
        fields.named = named
        break
      }
      case 'loop':
        if (hasBeenHere(value)) return 'loop_detected'
        break
      case 'disguised':
        return 'request_invalid'
      default:
    }
  }
  return fields
}
