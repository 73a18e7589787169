import { expectTypeOf, test } from 'vitest'

import type { Accepted, Verdict } from '../../src/index.ts'
import { accept } from '../../src/index.ts'

const acceptance = {
  subject: { type: 'user', id: 'alice' },
  ttlSeconds: null,
  askedAtMs: 0,
} as const

test('only accept makes an acceptance', () => {
  expectTypeOf(accept(acceptance)).toEqualTypeOf<Accepted>()
  // @ts-expect-error -- an object of the same shape is none
  const madeUp: Accepted = { ...acceptance, outcome: 'accepted' }
  // @ts-expect-error -- nor is a copy
  const copied: Accepted = { ...accept(acceptance) }
  // @ts-expect-error -- nor is either of them a verdict
  const verdict: Verdict = { ...acceptance, outcome: 'accepted' }
  expectTypeOf([madeUp, copied, verdict]).not.toBeAny()
})
