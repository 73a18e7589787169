import { expect, test } from 'vitest'

import type { VerificationOptions } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import type { Backend } from '../../src/verifier/index.ts'
import { accept, onezoneTraits } from '../../src/verifier/index.ts'
import { ALICE, question } from './gate-rig.ts'

const ONEZONE = { url: 'http://127.0.0.1:1' }
const LOOKUP = { url: 'http://127.0.0.1:1', apiToken: 'secret' }

test.each<[object, string]>([
  [{}, 'exactly one of'],
  [{ onezone: ONEZONE, tokenLookup: LOOKUP }, 'exactly one of'],
  [{ tokenLookup: LOOKUP, serviceToken: 'opw-x' }, '"serviceToken"'],
  [{ tokenLookup: LOOKUP, watch: { token: 'x' } }, '"watch"'],
  [{ tokenLookup: { ...LOOKUP, apiToken: '' } }, '"apiToken"'],
  [{ tokenLookup: LOOKUP, verdicts: { maxStalenessMs: 2_499 } }, '"totalTimeoutMs"'],
  [{ backend: {} }, '"backend"'],
  [
    { backend: { verify() {}, traits: { ...onezoneTraits(false), backend: 'Mine' } } },
    '"backend.traits.backend"',
  ],
])('%j is no choice of a verifier', (options, named) => {
  expect(() => createVerification(options as VerificationOptions)).toThrow(TypeError)
  expect(() => createVerification(options as VerificationOptions)).toThrow(named)
})

test("a backend of one's own is asked once, remembered, and closed", async () => {
  let [asked, closed] = [0, 0]
  const backend: Backend = {
    async verify() {
      asked += 1
      const askedAtMs = performance.now()
      return {
        verdict: accept({ subject: ALICE, ttlSeconds: null, askedAtMs }),
        source: 'custom-mine',
      }
    },
    close: async () => void closed++,
    traits: { ...onezoneTraits(false), backend: 'custom-mine' },
    totalTimeoutMs: 100,
    openWatch: null,
  }
  const verification = createVerification({ backend })
  const { verifier, traits } = verification
  expect(traits.backend).toBe('custom-mine')
  expect(await verifier.verify(question())).toMatchObject({ source: 'custom-mine' })
  expect(await verifier.verify(question())).toMatchObject({ source: 'cache' })
  await verification.close()
  expect([asked, closed]).toEqual([1, 1])
})
