import { describe, expect, test } from 'vitest'
import { INVITE_TYPES, kindOf, sanitizeTokenType } from '../../src/token/index.ts'
import { parseTokenType, serializeTokenType } from '../../src/token/token-type.ts'
import { expectTokenError, scenarioSteps } from './vectors.ts'

const typesOf = (isWanted: (step: (typeof scenarioSteps)[number]) => boolean): unknown[] =>
  scenarioSteps
    .filter((step) => isWanted(step) && step.body !== undefined && 'type' in step.body)
    .map(({ body }) => body?.['type'])

describe('a type of token', () => {
  const refused = typesOf(({ response }) => response?.error?.id === 'badValueTokenType')
  const accepted = typesOf(({ status = 0 }) => status >= 200 && status < 300)

  test(`is refused where the reference refused it: ${refused.length} types`, () => {
    expect(refused.length).toBeGreaterThan(20)
    for (const type of refused) {
      const error = expectTokenError(() => sanitizeTokenType(type), 'ERR_TOKEN_TYPE_INVALID')
      expect(error.value).toBe(type)
    }
  })

  test(`is accepted where the reference accepted it: ${accepted.length} types`, () => {
    expect(accepted.length).toBeGreaterThan(20)
    for (const type of accepted) {
      const sanitized = sanitizeTokenType(type)
      expect(parseTokenType(serializeTokenType(sanitized))).toEqual(sanitized)
    }
  })

  test.each([
    [{ accessToken: {} }, 'act', 'access'],
    [{ accessToken: { sessionId: 'a:b', more: 1 } }, 'act:a:b', 'access'],
    [{ identityToken: 5, inviteToken: {} }, 'idn', 'identity'],
    [{ inviteToken: { inviteType: 'supportSpace', spaceId: 's' } }, 'ssp:s:ge', 'invite'],
    [{ inviteToken: { inviteType: 'userJoinCluster', clusterId: 'c', x: 1 } }, 'ujc:c:', 'invite'],
  ])('%o is written %s and used as %s', (given, text, kind) => {
    const type = sanitizeTokenType(given)
    expect(serializeTokenType(type)).toBe(text)
    expect(kindOf(type)).toBe(kind)
    expect(parseTokenType(text)).toEqual(type)
  })

  test('has one code for each of the 14 kinds of invitations', () => {
    const codes = Object.values(INVITE_TYPES).map(({ code }) => code)
    expect(new Set(codes).size).toBe(14)
  })

  test.each([{ accessToken: [] }, { inviteToken: { inviteType: 'toString', groupId: 'g' } }])(
    'is refused: %o',
    (type) => {
      expectTokenError(() => sanitizeTokenType(type), 'ERR_TOKEN_TYPE_INVALID')
    },
  )
})
