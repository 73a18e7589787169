import { describe, expect, test } from 'vitest'

import { createStanding } from '../../src/upstream/standing.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

const EJECTION = { failures: 3, baseMs: 1_000, maxMs: 3_000 }

function setUp() {
  const clock = createFakeClock()
  const standing = createStanding(EJECTION, clock)
  const fail = (times: number): number => {
    let ejectedMs = 0
    for (let i = 0; i < times; i++) ejectedMs = standing.failed()
    return ejectedMs
  }
  return { clock, standing, fail }
}

describe('an upstream', () => {
  test('is in use until three requests in a row have failed', () => {
    const { standing, fail } = setUp()
    expect(fail(2)).toBe(0)
    standing.succeeded()
    expect(fail(2)).toBe(0)
    expect([standing.up, standing.admit()]).toEqual([true, true])
    expect(fail(1)).toBe(1_000)
    expect([standing.up, standing.admit()]).toEqual([false, false])
  })

  test('is not ejected for longer by what was under way when it was ejected', () => {
    const { clock, standing, fail } = setUp()
    fail(3)
    expect(fail(50)).toBe(0)
    clock.advance(999)
    expect(standing.admit()).toBe(false)
    clock.advance(1)
    expect(standing.admit()).toBe(true)
  })

  test('gets one request on trial when its ejection is over, and all after its success', () => {
    const { clock, standing, fail } = setUp()
    fail(3)
    clock.advance(1_000)
    expect([standing.admit(), standing.admit(), standing.admit()]).toEqual([true, false, false])
    expect(standing.succeeded()).toBe(true)
    expect([standing.admit(), standing.admit()]).toEqual([true, true])
    expect(standing.succeeded()).toBe(false)
    expect(fail(3)).toBe(1_000)
  })

  test('is ejected for twice as long by one failure on trial, up to the limit', () => {
    const { clock, standing, fail } = setUp()
    fail(3)
    for (const expected of [2_000, 3_000, 3_000]) {
      clock.advance(3_000)
      expect(standing.admit()).toBe(true)
      expect(fail(1)).toBe(expected)
      expect(standing.admit()).toBe(false)
    }
  })

  test('gets another request on trial if the first one never came to an end', () => {
    const { clock, standing, fail } = setUp()
    fail(3)
    clock.advance(1_000)
    expect(standing.admit()).toBe(true)
    clock.advance(999)
    expect(standing.admit()).toBe(false)
    clock.advance(1)
    expect(standing.admit()).toBe(true)
  })

  test('is back at once if it answers although it is ejected', () => {
    const { standing, fail } = setUp()
    fail(3)
    expect(standing.succeeded()).toBe(true)
    expect([standing.up, standing.admit()]).toEqual([true, true])
  })

  test('is down when its first check fails, or two in a row do, until one passes', () => {
    const { standing } = setUp()
    expect(standing.checked(false)).toBe(true)
    expect([standing.up, standing.admit()]).toEqual([false, false])
    expect(standing.checked(false)).toBe(false)
    expect(standing.checked(true)).toBe(true)
    expect([standing.up, standing.admit()]).toEqual([true, true])
    expect(standing.checked(false)).toBe(false)
    expect(standing.up).toBe(true)
    expect(standing.checked(false)).toBe(true)
    expect(standing.up).toBe(false)
  })

  test('that passes its check stays ejected as long as it is', () => {
    const { clock, standing, fail } = setUp()
    fail(3)
    standing.checked(true)
    expect(standing.admit()).toBe(false)
    clock.advance(1_000)
    standing.checked(false)
    standing.checked(false)
    expect(standing.admit()).toBe(false)
    standing.checked(true)
    expect(standing.admit()).toBe(true)
  })
})
