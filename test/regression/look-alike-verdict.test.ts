import { describe, expect, test } from 'vitest'

import { createAuthenticator } from '../../src/authenticator/index.ts'
import type { Verdict } from '../../src/verifier/index.ts'
import { accept, isAccepted } from '../../src/verifier/index.ts'
import { mint } from '../helpers/tokens.ts'

// What a decorator or a foreign verifier copies, parses or makes up is no acceptance: only `accept` makes one.

const genuine = accept({
  subject: { type: 'user', id: 'alice' },
  ttlSeconds: null,
  askedAtMs: 5_000,
})

const LOOK_ALIKES: [what: string, verdict: unknown][] = [
  ['made up', { ...genuine, outcome: 'accepted' }],
  ['a copy with more in it', { ...genuine, subject: { type: 'user', id: 'root' } }],
  ['parsed', JSON.parse(JSON.stringify(genuine))],
  ['cloned', structuredClone(genuine)],
  ['an heir', Object.create(genuine)],
  ['of the same prototype', Object.create(Object.getPrototypeOf(genuine) as object)],
  ['behind a proxy', new Proxy(genuine, {})],
  ['nothing', null],
  ['a word', 'accepted'],
]

describe('a verdict that only looks like an acceptance', () => {
  test.each(LOOK_ALIKES)('lets nobody pass: %s', async (_what, verdict) => {
    const verifier = {
      verify: async () => ({ verdict: verdict as Verdict, source: 'onezone' as const }),
      close: () => Promise.resolve(),
    }
    const route = createAuthenticator({ verifier }).route({ id: 'r', token: 'access' })
    for (let i = 0; i < 2; i++) {
      expect(
        await route.authenticate({
          rawHeaders: ['X-Auth-Token', mint()],
          remoteAddress: '192.0.2.1',
          secure: false,
        }),
      ).toMatchObject({ outcome: 'denied', answer: { code: 'internal_error', status: 500 } })
    }
    expect(isAccepted(verdict)).toBe(false)
  })

  test('the genuine one does', () => {
    expect(isAccepted(genuine)).toBe(true)
  })
})
