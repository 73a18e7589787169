import { describe, expect, test } from 'vitest'

import type { FamilyRecord } from '../../src/revocation/index.ts'
import { newFamilyRecord } from '../../src/revocation/family-record.ts'
import { createWatchRoster } from '../../src/revocation/watch-roster.ts'

/** A roster that counts how many families it looks at. */
function setUp() {
  let looked = 0
  const dead = new Set<FamilyRecord>()
  const roster = createWatchRoster({
    ledger: {
      deathOf(family) {
        looked += 1
        return dead.has(family) ? 'token_revoked' : null
      },
    },
    intervalMs: 2_000,
    stalenessBoundMs: 10_000,
  })
  const confirmed = (tokenId: string, atMs: number): FamilyRecord => {
    const family = newFamilyRecord({ kind: 'named', tokenId })
    family.aliveAtMs = atMs
    family.usedAtMs = atMs
    roster.confirmed(family)
    return family
  }
  const lookedAt = (nowMs: number): number => {
    looked = 0
    roster.due(nowMs)
    return looked
  }
  return { roster, dead, confirmed, lookedAt }
}

test('a family that is not in use is passed over', () => {
  const { confirmed, lookedAt } = setUp()
  const family = confirmed('tok1', 0)
  expect([lookedAt(1_999), lookedAt(2_000)]).toEqual([1, 0])
  family.usedAtMs = 5_000
  expect(lookedAt(5_000)).toBe(1)
})

describe('a family is looked at only as long as it can be used without another yes', () => {
  test('not when its last yes is as old as the bound', () => {
    const { confirmed, lookedAt } = setUp()
    const family = confirmed('tok1', 0)
    family.usedAtMs = 9_000
    expect([lookedAt(9_999), lookedAt(10_000), lookedAt(10_001)]).toEqual([1, 0, 0])
  })

  test('not when the ledger has dropped it', () => {
    const { confirmed, lookedAt } = setUp()
    const family = confirmed('tok1', 0)
    expect(lookedAt(1_000)).toBe(1)
    family.kept = false
    expect(lookedAt(1_000)).toBe(0)
  })

  test('not when it is dead, until it is confirmed again', () => {
    const { roster, dead, confirmed, lookedAt } = setUp()
    const family = confirmed('tok1', 0)
    dead.add(family)
    expect([lookedAt(1_000), lookedAt(1_250)]).toEqual([1, 0])
    dead.delete(family)
    expect(lookedAt(1_500)).toBe(0)
    roster.confirmed(family)
    expect(lookedAt(1_750)).toBe(1)
  })
})

test('what has waited longest comes first, and what is being read does not come', () => {
  const { roster, confirmed } = setUp()
  const families = [confirmed('b', 200), confirmed('a', 100), confirmed('c', 200)]
  for (const family of families) family.usedAtMs = 2_500
  const due = roster.due(2_500)
  expect(due.map(({ family }) => family.ref).reverse()).toEqual(
    ['a', 'b', 'c'].map((tokenId) => ({ kind: 'named', tokenId })),
  )
  for (const target of due.slice(1)) target.reading = true
  expect(roster.due(2_500)).toEqual(due.slice(0, 1))
})
