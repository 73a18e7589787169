import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeQuestion, encodeQuestion } from '../../src/cluster/question-codec.ts'
import type { Question } from '../../src/verifier/index.ts'
import { backendTraits } from '../../src/verifier/index.ts'
import { tokenOf } from '../helpers/tokens.ts'

const { readToken } = backendTraits('onezone', false)
const question: Question = {
  token: tokenOf({ id: 'one' }),
  consumerToken: tokenOf({ id: 'two' }),
  kind: 'access',
  peerIp: '192.0.2.7',
  interface: 'rest',
  inviteType: null,
  allowDataAccessCaveats: true,
  clientAddress: '192.0.2.7',
  proven: true,
}
const written = (): Record<string, unknown> =>
  JSON.parse(JSON.stringify(encodeQuestion(question))) as Record<string, unknown>

describe('a question', () => {
  test.each<Partial<Question>>([
    {},
    { consumerToken: null, peerIp: null, interface: null, proven: false, clientAddress: '' },
    { kind: 'invite', inviteType: 'userJoinSpace' },
    { maxFactAgeMs: 2_500 },
    { kind: 'identity', interface: 'graphsync', allowDataAccessCaveats: false },
  ])('arrives as it was sent: %j', (difference) => {
    const sent = { ...question, ...difference }
    const message: unknown = JSON.parse(JSON.stringify(encodeQuestion(sent)))
    expect(decodeQuestion(message, readToken)).toEqual(sent)
  })

  test.each<[string, unknown]>([
    ['token', 'nonsense'],
    ['token', undefined],
    ['consumerToken', 'nonsense'],
    ['consumerToken', undefined],
    ['kind', 'any'],
    ['peerIp', 7],
    ['interface', 'telnet'],
    ['inviteType', 'toString'],
    ['allowDataAccessCaveats', 'yes'],
    ['proven', 1],
    ['clientAddress', {}],
    ['maxFactAgeMs', -1],
    ['maxFactAgeMs', 'young'],
  ])('whose %s is %j is none', (key, value) => {
    expect(decodeQuestion(written(), readToken)).not.toBeNull()
    expect(decodeQuestion({ ...written(), [key]: value }, readToken)).toBeNull()
  })

  test('is not made of anything else', () => {
    fc.assert(
      fc.property(fc.anything(), (anything) => decodeQuestion(anything, readToken) === null),
    )
  })
})
