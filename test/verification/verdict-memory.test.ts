import { describe, expect, test } from 'vitest'

import { createVerdictMemory } from '../../src/verification/verdict-memory.ts'
import type { VerdictMemoryOptions, VerdictStore } from '../../src/verification/verdict-memory.ts'
import { accept, refuse } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { question } from './gate-rig.ts'

function setUp(options: Partial<VerdictMemoryOptions> = {}) {
  const clock = createFakeClock()
  const evicted: VerdictStore[] = []
  const memory = createVerdictMemory<null>({
    maxTokens: 2,
    maxRefusals: 3,
    negativeTtlMs: 2_000,
    clock,
    onEviction: (store) => void evicted.push(store),
    ...options,
  })
  const askedAtMs = clock.monotonic()
  const subject = { type: 'user', id: 'alice' } as const
  const grant = {
    verdict: accept({ subject, ttlSeconds: null, askedAtMs }),
    source: 'cache',
  } as const
  const prove = (key: string) =>
    memory.proofs.set(key, {
      family: null,
      subject,
      asAccess: true,
      provenAtMs: 0,
      confirmedAtMs: 0,
      ownRefreshAtMs: Infinity,
      ownLimitAtMs: Infinity,
      validUntilMs: Infinity,
      endsAtMs: Infinity,
      toldAtMs: Infinity,
      caveats: [],
      grant,
      kept: true,
    })
  const grantInContext = (key: string, goodUntilMs: number) =>
    memory.contexts.set(key, {
      family: null,
      subject,
      consumer: null,
      grant,
      validUntilMs: Infinity,
      endsAtMs: Infinity,
      toldAtMs: Infinity,
      goodUntilMs,
    })
  const refuseKey = (key: string) =>
    memory.refused(key, refuse('token_invalid', clock.monotonic()), question())
  return { clock, memory, evicted, prove, grantInContext, refuseKey }
}

describe('refusals', () => {
  test('are remembered for the negative time to live, from their question on', () => {
    const { memory, clock, refuseKey } = setUp()
    refuseKey('a')
    expect(memory.refusalOf('a')).toMatchObject({
      source: 'cache',
      verdict: { reason: 'token_invalid' },
    })
    expect(memory.refusalOf('b')).toBeNull()
    clock.advance(1_999)
    expect(memory.refusalOf('a')).not.toBeNull()
    clock.advance(1)
    expect(memory.refusalOf('a')).toBeNull()
  })

  test('that are too old when they come are not kept at all', () => {
    const { memory, clock } = setUp()
    memory.refused('a', refuse('token_invalid', clock.monotonic() - 2_000), question())
    expect(memory.entries('refusals')).toBe(0)
  })

  test('can be forgotten one by one, and all at once', () => {
    const { memory, refuseKey } = setUp()
    for (const key of ['a', 'b', 'c']) refuseKey(key)
    memory.forgive('a')
    expect([memory.refusalOf('a'), memory.entries('refusals')]).toEqual([null, 2])
    memory.forgive()
    expect(memory.entries('refusals')).toBe(0)
  })

  test('push out refusals only', () => {
    const { memory, evicted, prove, grantInContext, refuseKey } = setUp()
    prove('p')
    grantInContext('c', Infinity)
    for (let i = 0; i < 100; i++) refuseKey(`r${i}`)
    expect([memory.entries('grants'), memory.entries('refusals')]).toEqual([2, 3])
    expect(evicted).toEqual(Array(97).fill('refusals'))
  })
})

describe('grants', () => {
  test('of both kinds are bounded apart', () => {
    const { memory, evicted, prove, grantInContext } = setUp()
    for (let i = 0; i < 3; i++) {
      prove(`p${i}`)
      grantInContext(`c${i}`, Infinity)
    }
    expect(memory.entries('grants')).toBe(4)
    expect(evicted).toEqual(['grants', 'grants'])
  })

  test('that were no longer good are not missed', () => {
    const { evicted, clock, grantInContext } = setUp()
    for (let i = 0; i < 3; i++) grantInContext(`c${i}`, clock.monotonic())
    expect(evicted).toEqual([])
  })

  test('that were used longest ago go first', () => {
    const { memory, prove } = setUp()
    prove('a')
    prove('b')
    memory.proofs.get('a')
    prove('c')
    expect(memory.proofs.get('a')).toBeDefined()
    expect(memory.proofs.get('b')).toBeUndefined()
  })
})
