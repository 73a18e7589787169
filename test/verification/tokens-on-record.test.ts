import { describe, expect, test } from 'vitest'

import type { PresentedToken } from '../../src/token/index.ts'
import { opaqueToken } from '../../src/token/index.ts'
import type { TokenRecord, Verdict, Verifier } from '../../src/verifier/index.ts'
import { accept, isAccepted, refuse } from '../../src/verifier/index.ts'
import { createInvalidation } from '../../src/verification/invalidation.ts'
import type { VerdictGate } from '../../src/verification/verdict-gate.ts'
import type { GateSettings } from './gate-rig.ts'
import { ALICE, createGate, noAnswer, question, settle } from './gate-rig.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

interface Entry {
  readonly id: string
  scopes: readonly string[]
  revoked: boolean
  /** Milliseconds on the fake wall clock. */
  expires: number | null
}

/** The gate before a verifier that knows tokens by their text only, on a clock that moves when told. */
function setUp(settings: GateSettings = {}) {
  const clock = createFakeClock()
  const entries = new Map<string, Entry>()
  const asked: string[] = []
  let down = false
  let held: Promise<void> | null = null
  const answer = (text: string): Verdict => {
    const askedAtMs = clock.monotonic()
    const entry = entries.get(text)
    if (entry === undefined) return refuse('token_invalid', askedAtMs)
    if (entry.revoked) return refuse('token_revoked', askedAtMs)
    const { id, scopes, expires } = entry
    if (expires !== null && expires <= clock.now()) return refuse('token_expired', askedAtMs)
    const ttlSeconds = expires === null ? null : (expires - clock.now()) / 1000
    const record: TokenRecord = { id, scopes, validUntil: null }
    return accept({ subject: ALICE, ttlSeconds, askedAtMs, record })
  }
  const gate = createGate(
    {
      async verify({ token }) {
        asked.push(token.serialized)
        if (down) throw noAnswer()
        const verdict = answer(token.serialized)
        await held
        return { verdict, source: 'token-lookup' }
      },
      close: async () => {},
    },
    clock,
    settings,
  )
  const verifier: Verifier<PresentedToken> = gate.verifier
  const add = (text: string, entry: Partial<Entry> = {}): Entry => {
    const added = { id: `id-of-${text}`, scopes: ['read'], revoked: false, expires: null, ...entry }
    entries.set(text, added)
    return added
  }
  const ask = async (text: string, clientAddress = '') => {
    const asking = { ...question(), token: opaqueToken(text), clientAddress }
    const { verdict, source } = await verifier.verify(asking)
    return isAccepted(verdict)
      ? (['accepted', source, verdict.record?.scopes.join(' ')] as const)
      : ([verdict.reason, source] as const)
  }
  /** Answers are on their way until the function is called that this returns. */
  const hold = (): (() => void) => {
    let release = (): void => {}
    held = new Promise((resolve) => (release = resolve))
    return release
  }
  return { ...gate, clock, asked, entries, add, ask, hold, goDown: () => void (down = true) }
}

describe('a token of which the verifier has a record', () => {
  test('is asked about once, and its record is handed on with each verdict', async () => {
    const { add, ask, asked, ledger } = setUp()
    add('a')
    expect(await ask('a')).toEqual(['accepted', 'token-lookup', 'read'])
    expect(await ask('a')).toEqual(['accepted', 'cache', 'read'])
    expect(asked).toEqual(['a'])
    expect([...ledger.families()].map(({ ref }) => ref)).toEqual([
      { kind: 'named', tokenId: 'id-of-a' },
    ])
  })

  test('is refreshed in the background at about 70 % of the bound, and new scopes count', async () => {
    const { add, ask, asked, clock } = setUp()
    const entry = add('a')
    await ask('a')
    entry.scopes = ['read', 'write']
    clock.advance(6_900)
    expect(await ask('a')).toEqual(['accepted', 'cache', 'read'])
    clock.advance(200)
    expect(await ask('a')).toEqual(['accepted', 'cache', 'read'])
    await settle()
    expect(asked).toEqual(['a', 'a'])
    expect(await ask('a')).toEqual(['accepted', 'cache', 'read write'])
  })

  test('is never granted on a record older than the bound, though its family was confirmed by another text', async () => {
    const { add, ask, asked, clock } = setUp()
    add('a', { id: 'shared' })
    const other = add('b', { id: 'shared' })
    await ask('b')
    other.scopes = []
    clock.advance(6_000)
    await ask('a')
    clock.advance(3_999)
    expect((await ask('b')).slice(0, 2)).toEqual(['accepted', 'cache'])
    clock.advance(1)
    const late = await ask('b')
    expect([late[0], late[2]]).toEqual(['accepted', ''])
    expect(asked).toEqual(['b', 'a', 'b'])
  })

  test('ends when its record says, without a question', async () => {
    const { add, ask, asked, clock } = setUp()
    add('a', { expires: clock.now() + 1_500 })
    await ask('a')
    clock.advance(1_499)
    expect((await ask('a'))[0]).toBe('accepted')
    clock.advance(1)
    expect(await ask('a')).toEqual(['token_expired', 'local'])
    expect(asked).toEqual(['a'])
  })

  test('that is revoked takes all texts of its id with it, and comes back when it is restored', async () => {
    const { add, ask, clock, deaths } = setUp()
    const [one, two] = [add('a', { id: 'shared' }), add('b', { id: 'shared' })]
    await ask('a')
    clock.advance(1)
    await ask('b')
    one.revoked = two.revoked = true
    clock.advance(10_000)
    expect((await ask('a'))[0]).toBe('token_revoked')
    expect(await ask('b')).toEqual(['token_revoked', 'local'])
    expect(deaths).toEqual(['token_revoked'])
    one.revoked = two.revoked = false
    clock.advance(2_000)
    expect((await ask('a'))[0]).toBe('accepted')
    expect((await ask('b'))[0]).toBe('accepted')
  })

  test('that is deleted is refused after the bound', async () => {
    const { add, ask, clock, entries } = setUp()
    add('a')
    await ask('a')
    entries.clear()
    clock.advance(10_000)
    expect((await ask('a'))[0]).toBe('token_invalid')
  })

  test('outlives an outage by what the operator allows, and not its own end', async () => {
    const { add, ask, clock, goDown } = setUp({ staleIfErrorMs: 60_000 })
    add('a')
    add('b', { expires: clock.now() + 20_000 })
    await ask('a')
    await ask('b')
    goDown()
    clock.advance(15_000)
    expect(await ask('a')).toEqual(['accepted', 'stale', 'read'])
    expect(await ask('b')).toEqual(['accepted', 'stale', 'read'])
    clock.advance(5_000)
    expect(await ask('b')).toEqual(['token_expired', 'local'])
    clock.advance(50_000)
    await expect(ask('a')).rejects.toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
  })
})

describe('an operator who takes back what is known', () => {
  const BY_ID = { tokenId: 'id-of-a' } as const
  const BY_SUBJECT = { subject: ALICE } as const

  test.each([BY_ID, BY_SUBJECT, { all: true } as const])(
    'by %j has a known token asked about anew',
    async (selector) => {
      const { add, ask, asked, memory, ledger, verifier } = setUp()
      add('a')
      await ask('a')
      const invalidate = createInvalidation({ memory, ledger, gate: verifier as VerdictGate })
      expect(invalidate(selector)).toEqual({ families: 1, tokens: 1 })
      expect((await ask('a')).slice(0, 2)).toEqual(['accepted', 'token-lookup'])
      expect(asked).toEqual(['a', 'a'])
    },
  )

  test.each([BY_ID, BY_SUBJECT, { all: true } as const])(
    'by %j lets no answer count that was on its way, even for a token nobody knew',
    async (selector) => {
      const { add, ask, asked, memory, ledger, verifier, hold } = setUp()
      const entry = add('a')
      const release = hold()
      const early = ask('a')
      await settle()
      entry.revoked = true
      createInvalidation({ memory, ledger, gate: verifier as VerdictGate })(selector)
      const late = ask('a')
      release()
      expect((await early)[0]).toBe('token_revoked')
      expect((await late)[0]).toBe('token_revoked')
      expect(asked).toEqual(['a', 'a'])
    },
  )
})

describe('strangers whose tokens say nothing', () => {
  test('are remembered as refused, and pay by address without using up what others may cost', async () => {
    const { add, ask, asked } = setUp({
      budget: { perAddressPerSecond: 1, perSubjectPerSecond: 1 },
    })
    expect(await ask('x', 'there')).toEqual(['token_invalid', 'token-lookup'])
    expect(await ask('x', 'there')).toEqual(['token_invalid', 'cache'])
    expect(asked).toEqual(['x'])
    for (let turn = 0; turn < 9; turn++) await ask(`y${turn}`, 'there')
    await expect(ask('z', 'there')).rejects.toMatchObject({ code: 'ERR_VERIFICATION_BUDGET' })
    add('a')
    expect((await ask('a', 'here'))[0]).toBe('accepted')
  })
})
