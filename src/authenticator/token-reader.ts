import { LRUCache } from 'lru-cache'

import type { PresentedToken } from '../token/index.ts'
import type { ReadToken } from '../verifier/index.ts'

/** Total length of the token texts that are remembered; decoded, they take several times as much. */
const MEMORY_CHARACTERS = 8 * 1024 * 1024

/** Longer tokens are decoded each time: few are, and strangers can make each weigh a hundred times its text. */
const LONGEST_REMEMBERED = 4096

/**
 * The same reader, which remembers what it has read, so that a token in use is decoded once. Losing an entry costs a few
 * microseconds and no verdict, so strangers gain nothing by filling it.
 */
export function withMemory(inner: ReadToken): ReadToken {
  const read = new LRUCache<string, PresentedToken>({
    max: 50_000,
    maxSize: MEMORY_CHARACTERS,
    sizeCalculation: (token) => token.serialized.length,
  })

  return function readToken(serialized) {
    const known = read.get(serialized)
    if (known !== undefined) return known
    const token = inner(serialized)
    if (typeof token !== 'string' && serialized.length <= LONGEST_REMEMBERED) {
      read.set(serialized, token)
    }
    return token
  }
}
