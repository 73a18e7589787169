import { expect, test } from 'vitest'

import type { AnswerCode } from '../../src/authenticator/index.ts'
import { ANSWER_CODES, answerFor } from '../../src/authenticator/index.ts'

interface Problem {
  readonly requestId?: string
  readonly error: { readonly id: string; readonly details?: { readonly authError?: unknown } }
}

function problemOf(code: AnswerCode, about: Parameters<typeof answerFor>[1] = {}): Problem {
  return JSON.parse(answerFor(code, about).body) as Problem
}

test.each(ANSWER_CODES)('%s is told in the words of Onedata, too', (code) => {
  expect(problemOf(code).error).toMatchObject({
    id: expect.stringMatching(/^[a-z][A-Za-z]+$/),
    description: expect.stringMatching(/./),
  })
})

test('what is wrong with a token stands inside of "unauthorized", as in Onezone', () => {
  expect(problemOf('token_revoked').error).toMatchObject({
    id: 'unauthorized',
    details: { authError: { id: 'tokenRevoked' } },
  })
  expect(problemOf('caveat_unverified', { caveat: 'ip' }).error).toMatchObject({
    id: 'unauthorized',
    details: { authError: { id: 'tokenCaveatUnverified', details: { caveat: { type: 'ip' } } } },
  })
})

test('missing credentials have no details, and what is no 401 stands by itself', () => {
  expect(problemOf('credentials_missing').error).not.toHaveProperty('details')
  expect(problemOf('user_blocked').error.id).toBe('userBlocked')
  expect(problemOf('route_not_found').error.id).toBe('notFound')
  expect(problemOf('verifier_unavailable').error.id).toBe('serviceUnavailable')
})

test('an internal error refers to the request', () => {
  expect(problemOf('internal_error', { requestId: 'r-1' })).toMatchObject({
    requestId: 'r-1',
    error: { id: 'internalServerError', details: { reference: 'r-1' } },
  })
})
