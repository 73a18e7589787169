import { describe, expect, test } from 'vitest'

import type { AnswerCode } from '../../src/authenticator/index.ts'
import { ANSWER_CODES, answerFor, answerHeaders } from '../../src/authenticator/index.ts'

/** The table of the design, §5: what clients may rely on. */
const TABLE: [code: AnswerCode, status: number, error: string | null][] = [
  ['credentials_missing', 401, 'bare'],
  ['credentials_ambiguous', 400, 'invalid_request'],
  ['credentials_malformed', 400, 'invalid_request'],
  ['token_malformed', 401, 'invalid_token'],
  ['token_too_large', 401, 'invalid_token'],
  ['token_invalid', 401, 'invalid_token'],
  ['token_expired', 401, 'invalid_token'],
  ['token_revoked', 401, 'invalid_token'],
  ['token_type_mismatch', 401, 'invalid_token'],
  ['caveat_unverified', 401, 'invalid_token'],
  ['consumer_token_invalid', 401, 'invalid_token'],
  ['caveat_not_enforced', 403, 'insufficient_scope'],
  ['data_readonly', 403, 'insufficient_scope'],
  ['data_path_outside', 403, 'insufficient_scope'],
  ['idp_token_not_accepted', 401, 'invalid_token'],
  ['idp_token_invalid', 401, 'invalid_token'],
  ['idp_client_not_allowed', 403, 'insufficient_scope'],
  ['subject_not_allowed', 403, 'insufficient_scope'],
  ['scope_missing', 403, 'insufficient_scope'],
  ['user_blocked', 403, 'insufficient_scope'],
  ['service_forbidden', 403, 'insufficient_scope'],
  ['client_address_invalid', 400, null],
  ['asker_not_trusted', 403, null],
  ['identity_forged', 400, null],
  ['request_invalid', 400, null],
  ['handshake_invalid', 400, null],
  ['websocket_not_carried', 400, null],
  ['route_not_found', 404, null],
  ['method_not_allowed', 405, null],
  ['request_timeout', 408, null],
  ['body_too_large', 413, null],
  ['expectation_failed', 417, null],
  ['verification_budget_exceeded', 429, null],
  ['client_limit_exceeded', 429, null],
  ['target_too_long', 414, null],
  ['headers_too_large', 431, null],
  ['internal_error', 500, null],
  ['method_not_carried', 501, null],
  ['coding_not_supported', 501, null],
  ['upstream_unreachable', 502, null],
  ['verifier_unavailable', 503, null],
  ['gateway_misconfigured', 503, null],
  ['upstream_timeout', 504, null],
  ['loop_detected', 508, null],
]

describe('the table of answers', () => {
  test.each(TABLE)('%s is told by status %i and challenge %s', (code, status, error) => {
    const answer = answerFor(code)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toMatchObject({
      type: `urn:onegate:problem:${code}`,
      status,
      code,
    })
    if (error === null) expect(answer.challenges).toEqual([])
    else if (error === 'bare') expect(answer.challenges).toEqual(['Bearer realm="onedata"'])
    else expect(answer.challenges[0]).toMatch(`Bearer realm="onedata", error="${error}", `)
  })

  test('has these rows and no others', () => {
    expect([...ANSWER_CODES].sort()).toEqual(TABLE.map(([code]) => code).sort())
  })

  test('every challenge goes with a status that RFC 6750 gives it', () => {
    const statuses = { invalid_request: 400, invalid_token: 401, insufficient_scope: 403 }
    for (const code of ANSWER_CODES) {
      const { challenges, status } = answerFor(code)
      const error = /error="(\w+)"/.exec(challenges[0] ?? '')?.[1]
      if (error !== undefined) expect(status).toBe(statuses[error as keyof typeof statuses])
      else expect(challenges.length > 0).toBe(status === 401)
    }
  })

  test('only what may get better by waiting says when to ask again', () => {
    const waits = ANSWER_CODES.filter((code) => answerFor(code).retryAfterSeconds !== null)
    expect(waits.sort()).toEqual([
      'client_limit_exceeded',
      'gateway_misconfigured',
      'verification_budget_exceeded',
      'verifier_unavailable',
    ])
    expect(answerFor('verifier_unavailable', { retryAfterSeconds: 7 }).retryAfterSeconds).toBe(7)
    expect(answerFor('token_invalid', { retryAfterSeconds: 7 }).retryAfterSeconds).toBeNull()
  })

  test('names the caveat that does not hold', () => {
    expect(JSON.parse(answerFor('caveat_unverified', { caveat: 'ip' }).body)).toMatchObject({
      caveat: 'ip',
    })
  })

  test('quotes a realm so that it cannot end the string (RFC 9110 §5.6.4)', () => {
    expect(answerFor('credentials_missing', { realm: 'a"b\\c' }).challenges[0]).toBe(
      'Bearer realm="a\\"b\\\\c"',
    )
  })

  test('is never stored by caches and never sniffed', () => {
    const headers = new Headers(answerHeaders(answerFor('verifier_unavailable')))
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('retry-after')).toBe('2')
    expect(headers.get('www-authenticate')).toBeNull()
  })
})
