import { describe, expect, test } from 'vitest'

import { contextKey, proofKey } from '../../src/verification/verdict-keys.ts'
import type { Caveat, Token } from '../../src/token/index.ts'
import type { VerificationRequest } from '../../src/verifier/index.ts'
import { tokenOf } from '../helpers/tokens.ts'

const confined = (...caveats: Caveat[]): Token => tokenOf({ caveats })
const consumer = tokenOf({ type: { identityToken: {} }, id: 'bob' })

const context = {
  kind: 'access',
  peerIp: '10.0.0.1',
  interface: 'rest',
  consumerToken: null,
  allowDataAccessCaveats: false,
  inviteType: null,
} as const

const others: Record<string, Partial<VerificationRequest>> = {
  peerIp: { peerIp: '10.0.0.2' },
  interface: { interface: 'oneclient' },
  consumerToken: { consumerToken: consumer },
  allowDataAccessCaveats: { allowDataAccessCaveats: true },
}

describe('the key of a verdict in context holds what the caveats read, and nothing else', () => {
  test.each<[string, Token, reads: readonly string[]]>([
    ['no caveats', confined(), []],
    ['time', confined({ type: 'time', validUntil: 1 }), []],
    ['ip', confined({ type: 'ip', whitelist: ['10.0.0.0/8'] }), ['peerIp']],
    ['asn', confined({ type: 'asn', whitelist: [1] }), ['peerIp']],
    ['geo', confined({ type: 'geo.country', filter: 'blacklist', list: ['PL'] }), ['peerIp']],
    ['interface', confined({ type: 'interface', interface: 'rest' }), ['interface']],
    ['consumer', confined({ type: 'consumer', whitelist: ['usr-bob'] }), ['consumerToken']],
    ['data', confined({ type: 'data.readonly' }), ['allowDataAccessCaveats']],
    ['api', confined({ type: 'api', whitelist: ['all/all/*.*.*:*'] }), []],
    ['service', confined({ type: 'service', whitelist: ['ozw-onezone'] }), []],
    ['session', tokenOf({ type: { accessToken: { sessionId: 's' } } }), []],
    ['unknown', confined({ type: 'unknown', text: 'moon = full' }), Object.keys(others)],
  ])('%s', (_name, token, reads) => {
    const key = contextKey({ token, ...context })
    expect(contextKey({ token, ...context, clientAddress: 'x', proven: true })).toBe(key)
    for (const [field, other] of Object.entries(others)) {
      const same = contextKey({ token, ...context, ...other }) === key
      expect([field, same]).toEqual([field, !reads.includes(field)])
    }
  })

  test('a consumer token brings its own context with it', () => {
    const asked = {
      token: confined({ type: 'consumer', whitelist: ['usr-bob'] }),
      ...context,
      consumerToken: consumer,
    }
    expect(contextKey({ ...asked, peerIp: null })).not.toBe(contextKey(asked))
    expect(contextKey({ ...asked, interface: null })).not.toBe(contextKey(asked))
    expect(contextKey({ ...asked, consumerToken: confined() })).not.toBe(contextKey(asked))
  })

  test('the expected kind of invitation counts for invitations only', () => {
    const invited = { token: confined(), ...context, inviteType: 'userJoinGroup' } as const
    const any = { token: confined(), ...context }
    expect(contextKey({ ...invited, kind: 'invite' })).not.toBe(
      contextKey({ ...any, kind: 'invite' }),
    )
    expect(contextKey(invited)).toBe(contextKey(any))
  })
})

describe('the key of a proof', () => {
  test('is that of the token, whatever the context', () => {
    const key = proofKey({ token: confined(), ...context })
    for (const other of Object.values(others)) {
      expect(proofKey({ token: confined(), ...context, ...other })).toBe(key)
    }
    expect(proofKey({ token: tokenOf({ secret: 'another' }), ...context })).not.toBe(key)
    expect(proofKey({ token: tokenOf({ onezoneDomain: 'other.example' }), ...context })).toBe(key)
  })

  test('is another one for each use', () => {
    const kinds = ['access', 'identity', 'invite'] as const
    const keys = kinds.map((kind) => proofKey({ token: confined(), ...context, kind }))
    expect(new Set(keys).size).toBe(3)
  })

  test('never holds the token itself', () => {
    const token = confined({ type: 'consumer', whitelist: ['usr-bob'] })
    const key = contextKey({ token, ...context, consumerToken: consumer })
    expect(key).not.toContain(token.serialized)
    expect(key).not.toContain(consumer.serialized)
  })
})
