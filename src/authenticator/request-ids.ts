import { randomBytes } from 'node:crypto'

import { keptText } from '../kept-text.ts'
import { onlyValue } from './only-value.ts'
import type { ClientFacts } from './client-address.ts'
import { createProxyTrust } from './proxy-trust.ts'

/** Finds the id of a request: in the answer, in every line about it, and at the upstream. */
export type RequestIds = (facts: ClientFacts) => string

/** What a trusted proxy may call a request: nothing that a log, a header field or a query has to escape. */
const REQUEST_ID = /^[A-Za-z0-9._~+/=:-]{1,128}$/

const FIELD = 'x-request-id'

/**
 * Makes what gives requests their ids. The one in `X-Request-Id` counts where a trusted proxy sent it, once and in
 * bounds; every other request gets one that no other has. Ids are no secret and may be guessed.
 *
 * @param trustedProxies Addresses or CIDR ranges, IPv4 or IPv6.
 * @throws {TypeError} for an entry that `parseTrustedProxy` refuses.
 */
export function createRequestIds(trustedProxies: readonly string[] = []): RequestIds {
  const prefix = randomBytes(6).toString('hex')
  const isTrusted = trustedProxies.length === 0 ? null : createProxyTrust(trustedProxies)
  let last = 0
  return function requestIdOf({ rawHeaders, remoteAddress }) {
    const given = isTrusted?.(remoteAddress) === true ? givenId(rawHeaders) : null
    return given ?? `${prefix}-${(++last).toString(36)}`
  }
}

/** An id that somebody gave a request, if it is in bounds; else null. */
export function readRequestId(given: unknown): string | null {
  return typeof given === 'string' && REQUEST_ID.test(given) ? keptText(given) : null
}

function givenId(rawHeaders: readonly string[]): string | null {
  return readRequestId(onlyValue(rawHeaders, FIELD))
}
