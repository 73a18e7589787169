import fc from 'fast-check'
import { expect, test } from 'vitest'

import { withRememberedTokens } from '../../src/authenticator/remembered-tokens.ts'
import type { PresentedToken } from '../../src/token/index.ts'
import { parseToken } from '../../src/token/index.ts'
import { mint } from '../helpers/tokens.ts'

const TEMPLATE = parseToken(mint()) as PresentedToken

/** Reads every text as a token, and counts how often each one was read. */
function countingReader(): { read: (text: string) => PresentedToken; times: Map<string, number> } {
  const times = new Map<string, number>()
  return {
    times,
    read(text) {
      times.set(text, (times.get(text) ?? 0) + 1)
      return { ...TEMPLATE, serialized: text }
    },
  }
}

/** The same text again, as the next request would bring it. */
function anew(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

test('a token in use is read once, however often its text comes', () => {
  const { read, times } = countingReader()
  const readToken = withRememberedTokens(read)
  const text = mint()
  const first = readToken(text)
  for (let request = 0; request < 5; request++) expect(readToken(anew(text))).toBe(first)
  expect(times.get(text)).toBe(1)
})

test('no text is ever taken for another, however much they look alike', () => {
  const { read } = countingReader()
  const readToken = withRememberedTokens(read)
  const lookalikes = fc.string({ unit: fc.constantFrom('A', 'B'), minLength: 1, maxLength: 24 })
  fc.assert(
    fc.property(fc.array(lookalikes, { maxLength: 50 }), (texts) => {
      for (const text of texts) {
        expect(readToken(anew(text))).toMatchObject({ serialized: text })
      }
    }),
    { numRuns: 300 },
  )
})

test('what is not a token is read, and refused, each time', () => {
  const readToken = withRememberedTokens(() => 'token_malformed')
  expect(readToken('x'.repeat(30))).toBe('token_malformed')
  expect(readToken('x'.repeat(30))).toBe('token_malformed')
})

test('a long token is read each time, so that few of them cannot fill the memory', () => {
  const { read, times } = countingReader()
  const readToken = withRememberedTokens(read)
  const long = 'x'.repeat(16_000)
  readToken(long)
  readToken(anew(long))
  expect(times.get(long)).toBe(2)
})

test('of more tokens than are remembered the first ones are forgotten wholly', () => {
  const { read, times } = countingReader()
  const readToken = withRememberedTokens(read)
  const text = (n: number): string => `${String(n).padStart(8, '0')}${'s'.repeat(4_000)}`
  // More than 24 MiB; all of them end alike, so that the last one has the one quick place.
  for (let n = 0; n < 6_000; n++) readToken(text(n))
  readToken(text(0))
  expect(times.get(text(0))).toBe(2)
  expect(readToken(text(1))).toMatchObject({ serialized: text(1) })
})
