import { METHODS } from 'node:http'

import type { AnswerCode } from '../authenticator/index.ts'
import type { Incoming } from '../listener/index.ts'
import { kindOf, NOTHING_NAMED, readConnection } from './field-names.ts'
import { readHost } from './host-name.ts'
import { hasBeenHere } from './loop-mark.ts'
import { readTarget } from './request-target.ts'

/**
 * The one reading of a request: what is matched, decided, logged and forwarded is derived from it, and nothing looks
 * at the request target or at the framing again.
 */
export interface RequestRecord {
  readonly method: string
  readonly httpVersion: '1.0' | '1.1' | '2.0'
  readonly path: string
  /** With its question mark; empty where there is none. */
  readonly query: string
  /** In its one spelling, with its port where it has one: what is forwarded. */
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

const MAX_FIELDS = 100
const MAX_TARGET_LENGTH = 8192

/** The `maxHeaderSize` of listeners. */
const MAX_HEAD_BYTES = 16 * 1024

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS)

const RECORD = Symbol('request record')

/** A request that remembers its record. */
interface ReadRequest extends Incoming {
  [RECORD]?: RequestRecord | AnswerCode
}

/** The record of a request, or the code of its refusal. Made once. */
export function recordOf(incoming: Incoming): RequestRecord | AnswerCode {
  const request: ReadRequest = incoming
  return (request[RECORD] ??= readRequest(incoming))
}

/** Whether the gateway carries a method at all. */
export function isCarried(method: string): boolean {
  return method !== 'TRACE' && method !== 'CONNECT'
}

function readRequest(incoming: Incoming): RequestRecord | AnswerCode {
  const { method = '', url = '', rawHeaders, httpVersion } = incoming
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    if (httpVersion !== '2.0') return 'request_invalid'
    const objection = objectionTo(incoming)
    if (objection !== null) return objection
  }
  if (!isCarried(method)) return 'method_not_allowed'
  // Counted here, because a limit of Node's own hides fields that still frame the body (CVE-2026-58044).
  if (rawHeaders.length > 2 * MAX_FIELDS) return 'headers_too_large'
  if (url.length > MAX_TARGET_LENGTH) return 'headers_too_large'

  const fields = readFields(rawHeaders)
  if (typeof fields === 'string') return fields
  const { host, length, coding, expectation } = fields
  const named = host === null ? null : readHost(host)
  if (named === null) return 'request_invalid'
  if (coding !== null) {
    // RFC 9112 §6.1: both at once, or chunks in another version than HTTP/1.1, are how requests are smuggled.
    if (coding === '' || length !== null || httpVersion !== '1.1') return 'request_invalid'
    if (coding.toLowerCase() !== 'chunked') return 'coding_not_supported'
  }
  // HTTP/2 frames bodies itself; a length is only said besides (RFC 9113 §8.1.1).
  const isOpen = length === null && httpVersion === '2.0' && !incoming.complete
  const bodyLength = coding === null && !isOpen ? Number(length ?? 0) : null
  if (bodyLength !== null && !Number.isSafeInteger(bodyLength)) return 'request_invalid'
  // RFC 9110 §9.3.1: a body here has no meaning, so servers disagree about where the next request begins.
  if (bodyLength !== 0 && (method === 'GET' || method === 'HEAD')) return 'request_invalid'
  if (expectation !== null && expectation.toLowerCase() !== '100-continue') {
    return 'expectation_failed'
  }
  const target = readTarget(url)
  if (target === null) return 'request_invalid'
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

/** What Node's parser has seen to before there is a request of HTTP/1.1: a known method, and a bounded head. */
function objectionTo({ method = '', url = '', rawHeaders }: Incoming): AnswerCode | null {
  if (!KNOWN_METHODS.has(method)) return 'request_invalid'
  let bytes = url.length
  for (const text of rawHeaders) bytes += text.length
  return bytes >= MAX_HEAD_BYTES ? 'headers_too_large' : null
}

interface Fields {
  host: string | null
  length: string | null
  coding: string | null
  expectation: string | null
  named: ReadonlySet<string>
}

function readFields(rawHeaders: readonly string[]): Fields | AnswerCode {
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
        if (fields.host !== null) return 'request_invalid'
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
