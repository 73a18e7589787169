import { LRUCache } from 'lru-cache'

import { TokenError } from '../errors.ts'
import type { Token } from '../token/index.ts'
import { parseToken } from '../token/index.ts'

/** Reads a credential; a string that is no token is a refusal, not a fault. */
export type TokenReader = (serialized: string) => Token | 'token_malformed' | 'token_too_large'

/** Total length of the token texts that are remembered; decoded, they take several times as much. */
const MEMORY_CHARACTERS = 8 * 1024 * 1024

/** Longer tokens are decoded each time: few are, and strangers can make each weigh a hundred times its text. */
const LONGEST_REMEMBERED = 4096

/**
 * Makes a reader that remembers what it has read, so that a token in use is decoded once. Losing an entry costs a few
 * microseconds and no verdict, so strangers gain nothing by filling it.
 */
export function createTokenReader(): TokenReader {
  const read = new LRUCache<string, Token>({
    max: 50_000,
    maxSize: MEMORY_CHARACTERS,
    sizeCalculation: (token) => token.serialized.length,
  })

  return function readToken(serialized) {
    const known = read.get(serialized)
    if (known !== undefined) return known
    try {
      const token = parseToken(serialized)
      if (serialized.length <= LONGEST_REMEMBERED) read.set(serialized, token)
      return token
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      return error.code === 'ERR_TOKEN_TOO_LARGE' ? 'token_too_large' : 'token_malformed'
    }
  }
}
