import { describe, expect, test } from 'vitest'

import { createPromise, createWatchRig, faulty, refused } from './watch-rig.ts'

describe('what is read', () => {
  test('a higher generation ends the older ones at once', async () => {
    const { temporary, keepBusy, answerWith, pass, ledger, deaths, reads } = createWatchRig()
    const family = temporary('alice', 3)
    keepBusy(family)
    answerWith(() => ({ generation: 4 }))
    await pass(2_000)
    expect(ledger.deathOf(family)).toBe('token_revoked')
    expect(deaths).toEqual(['token_revoked'])
    answerWith(() => ({ generation: 3 }))
    await pass(50_000)
    expect(ledger.deathOf(family)).toBe('token_revoked')
    expect(reads).toHaveLength(1)
  })

  test('a lower generation ends the life in which the higher one was proven', async () => {
    const { temporary, keepBusy, answerWith, pass, ledger, deaths } = createWatchRig()
    const family = temporary('alice', 3)
    const { aliveAtMs } = family
    keepBusy(family)
    answerWith(() => ({ generation: 1 }))
    await pass(2_000)
    expect(ledger.aliveSince(family)).toBe(-Infinity)
    expect(ledger.stillProves(family, aliveAtMs)).toBe(false)
    expect(deaths).toEqual(['token_invalid'])
  })

  test('the generations of Oneproviders are read, too', async () => {
    const { temporary, keepBusy, answerWith, pass, ledger, reads } = createWatchRig()
    const family = temporary('krakow', 1, 'oneprovider')
    keepBusy(family)
    answerWith(() => ({ generation: 2 }))
    await pass(2_000)
    expect(reads.map(({ id }) => id)).toEqual(['krakow'])
    expect(ledger.deathOf(family)).toBe('token_revoked')
  })

  test('the family of the new generation lives, and its subject is read on', async () => {
    const { temporary, keepBusy, answerWith, pass, ledger, rhythm } = createWatchRig()
    const older = temporary('alice', 1)
    keepBusy(older)
    answerWith(() => ({ generation: 2 }))
    await pass(2_000)
    const newer = temporary('alice', 2)
    keepBusy(newer)
    await pass(4_250)
    expect([ledger.deathOf(older), ledger.deathOf(newer)]).toEqual(['token_revoked', null])
    expect(rhythm('alice')).toEqual([0, 2_000, 4_000])
  })

  test('an equal generation and "not revoked" extend no fact', async () => {
    const { temporary, named, keepBusy, pass, ledger, outcomes } = createWatchRig()
    const families = [temporary('alice'), named('tok1', 'bob')]
    const aliveAtMs = families.map((family) => ledger.aliveSince(family))
    keepBusy(...families)
    await pass(6_500)
    expect(outcomes.length).toBeGreaterThanOrEqual(6)
    expect(families.map((family) => ledger.aliveSince(family))).toEqual(aliveAtMs)
  })

  test('a revoked named token is dead now; nothing else of its subject is', async () => {
    const { temporary, named, keepBusy, answerWith, pass, ledger } = createWatchRig()
    const [family, other, sibling] = [named('tok1'), named('tok2'), temporary('alice')]
    keepBusy(family, other, sibling)
    answerWith((id) => ({ generation: 1, revoked: id === 'tok1' }))
    await pass(2_000)
    expect([family, other, sibling].map((each) => ledger.deathOf(each))).toEqual([
      'token_revoked',
      null,
      null,
    ])
  })

  test('a named token that Onezone does not know any more is lost', async () => {
    const { named, keepBusy, answerWith, pass, ledger } = createWatchRig()
    const family = named('tok1')
    keepBusy(family)
    answerWith(() => refused(404))
    await pass(2_000)
    expect(ledger.deathOf(family)).toBe('token_invalid')
  })

  test('a 404 that is not the word of Onezone ends nothing', async () => {
    const { named, keepBusy, answerWith, pass, ledger, outcomes } = createWatchRig()
    const family = named('tok1')
    keepBusy(family)
    answerWith(() => refused(404, 'unknownHost'))
    await pass(2_000)
    expect([ledger.deathOf(family), ...outcomes]).toEqual([null, 'fault'])
  })

  test('a subject that is not found ends nothing', async () => {
    const { temporary, keepBusy, answerWith, pass, ledger, outcomes } = createWatchRig()
    const family = temporary('alice')
    keepBusy(family)
    answerWith(() => refused(404))
    await pass(2_000)
    expect([ledger.deathOf(family), ...outcomes]).toEqual([null, 'missing'])
  })

  test.each([401, 403, 400])('a %d ends nothing', async (status) => {
    const { temporary, named, keepBusy, answerWith, pass, ledger } = createWatchRig()
    const families = [temporary('alice'), named('tok1')]
    keepBusy(...families)
    answerWith(() => refused(status))
    await pass(10_000)
    expect(families.map((family) => ledger.deathOf(family))).toEqual([null, null])
  })

  test('a fault ends nothing', async () => {
    const { named, keepBusy, answerWith, pass, ledger } = createWatchRig()
    const family = named('tok1')
    keepBusy(family)
    answerWith(() => faulty())
    await pass(10_000)
    expect(ledger.deathOf(family)).toBeNull()
  })
})

describe('an answer that comes late', () => {
  test('"revoked" loses against a yes to a later question', async () => {
    const { named, keepBusy, answerWith, pass, clock, ledger } = createWatchRig()
    const family = named('tok1')
    keepBusy(family)
    const { promise, resolve } = createPromise<unknown>()
    answerWith(() => promise)
    await pass(2_000)
    clock.advance(1)
    ledger.sawAlive(family, clock.monotonic())
    resolve({ revoked: true })
    await pass(100)
    expect(ledger.deathOf(family)).toBeNull()
    expect(ledger.aliveSince(family)).toBeGreaterThan(0)
  })

  test('"not found" loses in the same way', async () => {
    const { named, keepBusy, answerWith, pass, clock, ledger } = createWatchRig()
    const family = named('tok1')
    keepBusy(family)
    const { promise, resolve } = createPromise<null>()
    answerWith(() => promise.then(() => refused(404)))
    await pass(2_000)
    clock.advance(1)
    ledger.sawAlive(family, clock.monotonic())
    resolve(null)
    await pass(100)
    expect(ledger.deathOf(family)).toBeNull()
  })

  test('"revoked" wins against a yes to an earlier question', async () => {
    const { named, keepBusy, answerWith, pass, clock, ledger } = createWatchRig()
    const family = named('tok1')
    keepBusy(family)
    answerWith(() => ({ revoked: true }))
    const earlierMs = clock.monotonic() + 1_999
    await pass(2_000)
    expect(ledger.sawAlive(family, earlierMs)).toBe(false)
    expect(ledger.deathOf(family)).toBe('token_revoked')
  })

  test('an older generation revives nothing', async () => {
    const { temporary, keepBusy, answerWith, pass, ledger } = createWatchRig()
    const older = temporary('alice', 1)
    keepBusy(older)
    const { promise, resolve } = createPromise<unknown>()
    answerWith(() => promise)
    await pass(2_000)
    const newer = temporary('alice', 2)
    resolve({ generation: 1 })
    await pass(100)
    expect([ledger.deathOf(older), ledger.deathOf(newer)]).toEqual(['token_revoked', null])
  })

  test('does not bring back a family that the ledger has dropped', async () => {
    const { named, keepBusy, answerWith, pass, ledger } = createWatchRig({ maxFamilies: 1 })
    const family = named('tok1')
    keepBusy(family)
    const { promise, resolve } = createPromise<null>()
    answerWith(() => promise.then(() => refused(404)))
    await pass(2_000)
    const other = named('tok2')
    expect(family.kept).toBe(false)
    resolve(null)
    await pass(100)
    expect([...ledger.families()]).toEqual([other])
    expect(family.deadAtMs).toBe(-Infinity)
  })
})

describe('a named token that is dead', () => {
  test('is not read, so that its death ends by itself and is counted once', async () => {
    const { named, keepBusy, answerWith, pass, ledger, reads, deaths } = createWatchRig()
    const family = named('tok1')
    keepBusy(family)
    answerWith(() => ({ revoked: true }))
    await pass(2_000)
    await pass(1_999)
    expect(ledger.deathOf(family)).toBe('token_revoked')
    expect([reads.length, ...deaths]).toEqual([1, 'token_revoked'])
    await pass(1)
    expect(ledger.deathOf(family)).toBeNull()
    expect(ledger.aliveSince(family)).toBe(-Infinity) // it must be asked about before it counts again
  })

  test('stays dead where a reading says "not revoked", and the yes that follows counts', async () => {
    const { named, keepBusy, answerWith, pass, clock, ledger } = createWatchRig()
    const family = named('tok1')
    keepBusy(family)
    const { promise, resolve } = createPromise<unknown>()
    answerWith(() => promise)
    await pass(2_000)
    clock.advance(10)
    ledger.sawRevoked(family.ref, clock.monotonic())
    resolve({ revoked: false })
    await pass(100)
    expect(ledger.deathOf(family)).toBe('token_revoked')
    await pass(2_000)
    expect(ledger.sawAlive(family, clock.monotonic())).toBe(true)
    await pass(2_250)
    expect(ledger.deathOf(family)).toBeNull()
  })
})
