import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { DeathReason, FamilyLedgerOptions } from '../../src/revocation/index.ts'
import { createFamilyLedger } from '../../src/revocation/index.ts'
import type { FamilyRef, Subject } from '../../src/token/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

const ALICE: Subject = { type: 'user', id: 'alice' }
const BOB: Subject = { type: 'user', id: 'bob' }
const generation = (number: number, subject = ALICE): FamilyRef => ({
  kind: 'temporary',
  subject,
  generation: number,
})
const named = (tokenId: string): FamilyRef => ({ kind: 'named', tokenId })

function setUp(options: Partial<FamilyLedgerOptions> = {}) {
  const clock = createFakeClock()
  const deaths: DeathReason[] = []
  let evictions = 0
  const ledger = createFamilyLedger({
    maxFamilies: 100,
    maxStrangers: 100,
    negativeTtlMs: 2_000,
    clock,
    onEviction: () => void evictions++,
    onDeath: (reason) => void deaths.push(reason),
    ...options,
  })
  const alive = (ref: FamilyRef, subject = ALICE) => {
    const family = ledger.open(ref, subject)
    return { family, counted: ledger.sawAlive(family, clock.monotonic()) }
  }
  return { clock, ledger, deaths, evictions: () => evictions, alive }
}

describe('generations', () => {
  test('a yes buries the older ones of the same subject, for strangers too', () => {
    const { ledger, alive } = setUp()
    const { family, counted } = alive(generation(5))
    expect(counted).toBe(true)
    expect(ledger.deathOf(family)).toBeNull()
    expect(ledger.deathOfStranger(generation(4), ALICE)).toBe('token_revoked')
    expect(ledger.deathOfStranger(generation(5), ALICE)).toBeNull()
    expect(ledger.deathOfStranger(generation(6), ALICE)).toBeNull()
    expect(ledger.deathOfStranger(generation(4, BOB), BOB)).toBeNull()
  })

  test('what is over is believed to be for a minute, and no yes to an older question counts', () => {
    const { ledger, alive, clock } = setUp()
    const { family } = alive(generation(5))
    const askedAtMs = clock.monotonic()
    clock.advance(1)
    ledger.sawRevoked(generation(5), clock.monotonic())
    clock.advance(59_999)
    expect(ledger.deathOf(family)).toBe('token_revoked')
    clock.advance(1)
    expect(ledger.deathOf(family)).toBeNull()
    expect(ledger.sawAlive(family, askedAtMs + 1)).toBe(false)
    expect(ledger.aliveSince(family)).toBe(-Infinity)
  })

  test('a generation that Onezone names is good, and the older ones are over', () => {
    const { ledger } = setUp()
    ledger.sawGeneration(ALICE, 7, 10)
    expect(ledger.deathOfStranger(generation(6), ALICE)).toBe('token_revoked')
    expect(ledger.deathOfStranger(generation(7), ALICE)).toBeNull()
    ledger.sawGeneration(ALICE, 3, 10)
    expect(ledger.deathOfStranger(generation(6), ALICE)).toBe('token_revoked')
  })

  test('of what is said of a generation the later question wins, in whatever order it is heard', () => {
    const kind = fc.constantFrom('alive', 'revoked', 'generation')
    const event = fc.record({ kind, number: fc.nat(5), askedAtMs: fc.nat(20) })
    const unique = { maxLength: 2, selector: ({ askedAtMs }: { askedAtMs: number }) => askedAtMs }
    fc.assert(
      fc.property(fc.uniqueArray(event, unique), (events) => {
        const { ledger } = setUp()
        for (const { kind: what, number, askedAtMs } of events) {
          const family = ledger.open(generation(number), ALICE)
          if (what === 'alive') ledger.sawAlive(family, askedAtMs)
          if (what === 'revoked') ledger.sawRevoked(family.ref, askedAtMs)
          if (what === 'generation') ledger.sawGeneration(ALICE, number, askedAtMs)
        }
        const later = events.toSorted((one, two) => two.askedAtMs - one.askedAtMs)
        for (let g = 0; g <= 6; g++) {
          const family = ledger.open(generation(g), ALICE)
          const last = later.find((each) => each.kind !== 'revoked' || g <= each.number)
          const lives = last?.number === g && last.kind !== 'revoked'
          if (!lives && last !== undefined) expect(ledger.aliveSince(family)).toBe(-Infinity)
        }
        const family = ledger.open(generation(3), ALICE)
        expect(ledger.sawAlive(family, 21)).toBe(true)
        expect(ledger.aliveSince(family)).toBe(21)
        expect(ledger.deathOf(family)).toBeNull()
        for (const g of [0, 1, 2]) {
          expect(ledger.deathOfStranger(generation(g), ALICE)).toBe('token_revoked')
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('of a yes and a no the later question wins', () => {
  test.each([
    ['the no is later', 10, 20, false],
    ['both are of the same moment', 10, 10, false],
    ['the yes is later', 20, 10, true],
  ])('%s', (_name, yesAtMs, noAtMs, lives) => {
    for (const yesFirst of [true, false]) {
      for (const negativeTtlMs of [1e9, 0]) {
        const { ledger } = setUp({ negativeTtlMs })
        const family = ledger.open(named('x'), ALICE)
        const saw = [
          () => expect(ledger.sawAlive(family, yesAtMs)).toBe(yesFirst || lives),
          () => ledger.sawRevoked(named('x'), noAtMs),
        ]
        for (const each of yesFirst ? saw : saw.reverse()) each()
        expect(ledger.aliveSince(family)).toBe(lives ? yesAtMs : -Infinity)
        if (negativeTtlMs > 0) expect(ledger.deathOf(family) === null).toBe(lives)
      }
    }
  })

  test('a block counts for every family of the subject, a yes for one lifts it, and facts before it are void', () => {
    const { ledger, alive, clock } = setUp()
    const { family: one } = alive(named('one'))
    const { family: two } = alive(generation(1))
    clock.advance(10)
    ledger.sawBlocked(ALICE, clock.monotonic())
    expect([ledger.deathOf(one), ledger.deathOf(two)]).toEqual(['user_blocked', 'user_blocked'])
    clock.advance(10)
    alive(named('one'))
    expect([ledger.deathOf(one), ledger.deathOf(two)]).toEqual([null, null])
    expect(ledger.aliveSince(one)).toBe(clock.monotonic())
    expect(ledger.aliveSince(two)).toBe(-Infinity)
  })
})

describe('a death that can be taken back', () => {
  test('is believed for the negative time to live; older facts stay void', () => {
    const { ledger, alive, clock } = setUp()
    const { family } = alive(named('x'))
    clock.advance(10)
    ledger.sawLost(family, clock.monotonic())
    clock.advance(1_999)
    expect(ledger.deathOf(family)).toBe('token_invalid')
    expect(ledger.deathOfStranger(named('x'), ALICE)).toBe('token_invalid')
    clock.advance(1)
    expect(ledger.deathOf(family)).toBeNull()
    expect(ledger.aliveSince(family)).toBe(-Infinity)
  })

  test('is told once, and only of families of which a token was accepted', () => {
    const { ledger, alive, clock, deaths } = setUp()
    ledger.sawRevoked(named('stranger'), clock.monotonic())
    ledger.sawRevoked(generation(3, BOB), clock.monotonic())
    ledger.sawBlocked(BOB, clock.monotonic())
    expect(deaths).toEqual([])
    alive(named('x'))
    clock.advance(1)
    ledger.sawRevoked(named('x'), clock.monotonic())
    expect(deaths).toEqual(['token_revoked'])
    clock.advance(2_000)
    ledger.sawRevoked(named('x'), clock.monotonic())
    expect(deaths).toEqual(['token_revoked'])
    alive(named('y'))
    ledger.sawBlocked(ALICE, clock.monotonic())
    clock.advance(2_000)
    ledger.sawBlocked(ALICE, clock.monotonic())
    expect(deaths).toEqual(['token_revoked', 'user_blocked'])
  })
})

describe('the ledger is bounded', () => {
  test('strangers never push out a family of which a token was accepted', () => {
    const { ledger, alive, clock, evictions } = setUp({ maxFamilies: 2, maxStrangers: 3 })
    const { family } = alive(generation(5))
    for (let i = 0; i < 100; i++) {
      ledger.sawRevoked(named(`forged${i}`), clock.monotonic())
      ledger.sawRevoked(generation(1, { type: 'user', id: `u${i}` }), clock.monotonic())
      ledger.sawBlocked({ type: 'user', id: `v${i}` }, clock.monotonic())
    }
    expect([family.kept, ledger.size, evictions()]).toEqual([true, 1, 0])
    expect(ledger.deathOfStranger(generation(4), ALICE)).toBe('token_revoked')
  })

  test('a family that has to go says so, and its successor knows less, nothing else', () => {
    const { ledger, alive, clock, evictions } = setUp({ maxFamilies: 1 })
    const { family } = alive(named('x'))
    clock.advance(1)
    ledger.sawRevoked(named('x'), clock.monotonic())
    alive(named('y'), BOB)
    expect([family.kept, evictions(), ledger.size]).toEqual([false, 1, 1])
    const again = ledger.open(named('x'), ALICE)
    expect(again).not.toBe(family)
    expect([ledger.aliveSince(again), ledger.deathOf(again)]).toEqual([-Infinity, null])
  })

  test('what was learned of a stranger counts when it is accepted', () => {
    const { ledger, clock } = setUp()
    ledger.sawRevoked(generation(3), clock.monotonic())
    ledger.sawRevoked(named('x'), clock.monotonic())
    expect(ledger.deathOf(ledger.open(generation(3), ALICE))).toBe('token_revoked')
    expect(ledger.deathOf(ledger.open(named('x'), ALICE))).toBe('token_revoked')
  })

  test('a record that outlives its subject’s learns from the subject’s next one', () => {
    const { ledger, alive, clock } = setUp({ maxFamilies: 2 })
    const { family } = alive(named('x'))
    alive(named('y'), BOB)
    ledger.open(named('x'), { type: 'user', id: 'carol' }) // a third subject: alice’s record goes
    family.subject = { ...family.subject!, subject: ALICE, kept: false }
    clock.advance(1)
    ledger.sawBlocked(ALICE, clock.monotonic())
    expect(ledger.deathOf(family)).toBe('user_blocked')
  })
})

test('answers to questions from before a moment of distrust no longer count, in either direction', () => {
  const { ledger, alive, clock } = setUp()
  const { family } = alive(named('x'))
  ledger.distrust(family)
  expect(ledger.aliveSince(family)).toBe(-Infinity)
  ledger.sawRevoked(named('x'), clock.monotonic())
  expect(ledger.deathOf(family)).toBeNull()
  clock.advance(1)
  alive(named('x'))
  expect(ledger.aliveSince(family)).toBe(clock.monotonic())
})

test('the families of accepted tokens can be gone through, and no others', () => {
  const { ledger, alive, clock } = setUp()
  ledger.sawRevoked(named('stranger'), clock.monotonic())
  alive(named('x'))
  alive(generation(1))
  expect(new Set([...ledger.families()].map(({ ref }) => ref.kind))).toEqual(
    new Set(['named', 'temporary']),
  )
  expect(ledger.size).toBe(2)
})
