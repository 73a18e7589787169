import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect, test } from 'vitest'

import { withRememberedTokens } from '../../src/authenticator/remembered-tokens.ts'
import { parseToken } from '../../src/token/index.ts'
import { mint } from '../helpers/tokens.ts'

// What is remembered of tokens that strangers send was bounded by the length of their texts, of which they can make
// each a hundred times as many bytes: a gateway grew from 29 to 187 MB by tokens that it had refused without a question.

const whitelist = Array.from({ length: 180 }, (_, index) => `10.1.${index}.${index}`)

function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

test('tokens with long lists in their caveats take no more memory than is meant for all', () => {
  const readToken = withRememberedTokens(parseToken)
  const before = heapInUse()
  for (let index = 0; index < 3_000; index++) {
    // As a request brings it: a text of its own.
    const text = mint({ id: `t${index}`, caveats: [{ type: 'ip', whitelist }] })
    readToken(Buffer.from(text, 'latin1').toString('latin1'))
  }
  const grownMiB = (heapInUse() - before) / 1024 / 1024
  expect(grownMiB).toBeLessThan(30)
  expect(readToken(mint())).toMatchObject({ kind: 'access' })
})

test('a token with a few caveats is read once, whatever strangers send', () => {
  let read = 0
  const readToken = withRememberedTokens((text) => {
    read += 1
    return parseToken(text)
  })
  const text = mint({
    caveats: [
      { type: 'time', validUntil: 4e9 },
      { type: 'ip', whitelist: ['10.0.0.0/8'] },
    ],
  })
  for (let index = 0; index < 1_000; index++) {
    readToken(text)
    readToken(mint({ id: `t${index}`, caveats: [{ type: 'ip', whitelist }] }))
  }
  expect(read).toBe(1_001)
})
