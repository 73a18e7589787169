import { expect, test } from 'vitest'
import { didYouMean, suggest } from '../src/suggestion.ts'

const WORDS = ['serve', 'demo', 'onezone', 'check', 'token', 'serviceTokenFile']

test.each([
  ['serv', 'serve'],
  ['SERVE', 'serve'],
  ['chekc', undefined],
  ['chek', 'check'],
  ['onezne', 'onezone'],
  ['serviceToken', 'serviceTokenFile'],
  ['demonstration', 'demo'],
  ['x', undefined],
  ['', undefined],
  ['x'.repeat(100_000), undefined],
])('what is nearest to %.20s is %s', (word, suggestion) => {
  expect(suggest(word, WORDS)).toBe(suggestion)
})

test('didYouMean asks only where there is something to suggest', () => {
  expect(didYouMean('tokn', WORDS)).toBe('; did you mean "token"?')
  expect(didYouMean('zzz', WORDS)).toBe('')
})
