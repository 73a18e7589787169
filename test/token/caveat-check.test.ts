import { describe, expect, test } from 'vitest'
import {
  CAVEATS,
  caveatHolds,
  caveatRow,
  contextFieldsOf,
  mintToken,
  parseToken,
} from '../../src/token/index.ts'
import type { Caveat, LocalContext, OnedataInterface, TokenKind } from '../../src/token/index.ts'
import { verifyCases } from './vectors.ts'

const NOW = 1_750_000_000
const CONTEXT: LocalContext = { nowSeconds: NOW, peerIp: '203.0.113.9', interface: 'rest' }
const LOCAL_TYPES = ['time', 'ip', 'interface']

type VerifyCase = (typeof verifyCases)[number]

function unverifiedCaveat(verifyCase: VerifyCase): Record<string, unknown> | undefined {
  const error = verifyCase.response?.error
  if (error?.id !== 'tokenCaveatUnverified') return undefined
  return error.details?.['caveat'] as Record<string, unknown>
}

/** Cases whose recorded answer says what the time, ip and interface caveats of the token came to. */
const decided = verifyCases.filter((verifyCase) => {
  if (!/verify_\w+_token$/.test(verifyCase.endpoint)) return false
  if (verifyCase.status === 200) return true
  return LOCAL_TYPES.includes(String(unverifiedCaveat(verifyCase)?.['type']))
})

function bodyOf({ body, rawBody = '{}' }: VerifyCase): Record<string, unknown> {
  return body ?? (JSON.parse(rawBody) as Record<string, unknown>)
}

function contextOf(verifyCase: VerifyCase): LocalContext {
  const body = bodyOf(verifyCase)
  const peerIp = body['peerIp'] === undefined ? '127.0.0.1' : body['peerIp']
  return {
    nowSeconds: verifyCase.clock,
    peerIp: peerIp as string | null,
    interface: (body['interface'] ?? null) as OnedataInterface | null,
  }
}

function judge(caveat: Caveat, kind: TokenKind, context: LocalContext): boolean | 'remote' {
  const isSupported = caveatRow(caveat)?.supportedBy.includes(kind) ?? true
  return isSupported && caveatHolds(caveat, context)
}

describe('local judgement agrees with the reference', () => {
  test('in enough recorded verifications of each outcome', () => {
    const failed = decided.map((verifyCase) => unverifiedCaveat(verifyCase)?.['type'])
    expect(failed.filter((type) => type === undefined)).toHaveLength(105)
    expect(failed.filter((type) => type === 'time')).toHaveLength(12)
    expect(failed.filter((type) => type === 'ip')).toHaveLength(8)
    expect(failed.filter((type) => type === 'interface')).toHaveLength(6)
  })

  test.each(decided)('$name ($status)', (verifyCase) => {
    const kind = /verify_(\w+)_token$/.exec(verifyCase.endpoint)?.[1] as TokenKind
    const { caveats } = parseToken(String(bodyOf(verifyCase)['token']))
    const context = contextOf(verifyCase)
    // Onezone stops at the first caveat that does not hold
    const failing = caveats.find((caveat) => judge(caveat, kind, context) === false)
    expect(failing).toEqual(unverifiedCaveat(verifyCase))
  })
})

describe('a caveat holds', () => {
  test('before its time, and not at it', () => {
    expect(caveatHolds({ type: 'time', validUntil: NOW + 1 }, CONTEXT)).toBe(true)
    expect(caveatHolds({ type: 'time', validUntil: NOW }, CONTEXT)).toBe(false)
    expect(caveatHolds({ type: 'time', validUntil: NOW - 1 }, CONTEXT)).toBe(false)
  })

  test('in one of its networks, and never for a client without IPv4 address', () => {
    const caveat: Caveat = { type: 'ip', whitelist: ['10.0.0.0/8', '203.0.113.8/31'] }
    expect(caveatHolds(caveat, CONTEXT)).toBe(true)
    expect(caveatHolds(caveat, { ...CONTEXT, peerIp: '203.0.113.10' })).toBe(false)
    expect(caveatHolds(caveat, { ...CONTEXT, peerIp: null })).toBe(false)
    expect(caveatHolds(caveat, { ...CONTEXT, peerIp: '::ffff:10.0.0.1' })).toBe(false)
  })

  test('through its interface, and never through none', () => {
    const caveat: Caveat = { type: 'interface', interface: 'rest' }
    expect(caveatHolds(caveat, CONTEXT)).toBe(true)
    expect(caveatHolds(caveat, { ...CONTEXT, interface: 'graphsync' })).toBe(false)
    expect(caveatHolds(caveat, { ...CONTEXT, interface: null })).toBe(false)
  })

  test('always, if it is an api caveat, which verification leaves to others', () => {
    expect(caveatHolds({ type: 'api', whitelist: ['all/all/*.*.*:*'] }, CONTEXT)).toBe(true)
  })

  test.each<Caveat>([
    { type: 'asn', whitelist: [1] },
    { type: 'geo.country', filter: 'whitelist', list: ['PL'] },
    { type: 'geo.region', filter: 'blacklist', list: ['EU'] },
    { type: 'service', whitelist: ['ozw-*'] },
    { type: 'consumer', whitelist: ['usr-*'] },
    { type: 'data.readonly' },
    { type: 'data.path', whitelist: ['L2E='] },
    { type: 'data.objectid', whitelist: ['00000000000CDBDA677569642331323323616263'] },
    { scope: 'identityToken' },
    { type: 'unknown', text: 'time < 1.5' },
  ])('only Onezone knows whether, for %o', (caveat) => {
    expect(caveatHolds(caveat, CONTEXT)).toBe('remote')
  })
})

describe('the context fields of a token', () => {
  function fieldsOf(caveats: Caveat[], sessionId?: string): string[] {
    const token = mintToken({
      onezoneDomain: 'zone.example.org',
      secret: 's',
      id: 'i',
      subject: { type: 'user', id: 'u' },
      type: { accessToken: sessionId === undefined ? {} : { sessionId } },
      caveats,
    })
    return [...contextFieldsOf(parseToken(token))].sort()
  }

  test('are none without caveats, and the session with a session', () => {
    expect(fieldsOf([])).toEqual([])
    expect(fieldsOf([], 's1')).toEqual(['session'])
  })

  test('are the union over its caveats', () => {
    const caveats: Caveat[] = [
      { type: 'time', validUntil: 1 },
      { type: 'asn', whitelist: [1] },
      { type: 'ip', whitelist: ['10.0.0.0/8'] },
      { type: 'consumer', whitelist: ['usr-*'] },
      { type: 'data.readonly' },
      { type: 'service', whitelist: ['ozw-*'] },
      { type: 'interface', interface: 'rest' },
      { type: 'api', whitelist: ['all/all/*.*.*:*'] },
    ]
    const fields = ['consumer', 'dataAccess', 'geo', 'interface', 'peerIp', 'service', 'time']
    expect(fieldsOf(caveats)).toEqual(fields)
  })

  test('are everything with a caveat that is unknown or legacy', () => {
    expect(fieldsOf([{ type: 'unknown', text: 'grant = everything' }])).toEqual(['everything'])
    expect(fieldsOf([{ scope: 'identityToken' }])).toEqual(['everything'])
  })

  test('leave nothing to us that reads something we do not know', () => {
    const known = new Set(['time', 'peerIp', 'interface'])
    for (const row of Object.values(CAVEATS)) {
      const isLocal = 'holds' in row && row.holds !== undefined
      expect(isLocal).toBe(row.reads.every((field) => known.has(field)))
    }
  })
})
