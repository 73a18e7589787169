import { LRUCache } from 'lru-cache'

import { keptText } from '../kept-text.ts'
import type { PresentedToken } from '../token/index.ts'
import type { ReadToken } from '../verifier/index.ts'

/** Total length of the token texts that are remembered; decoded, they take several times as much. */
const MEMORY_CHARACTERS = 8 * 1024 * 1024

/** Longer tokens are decoded each time: few are, and strangers can make each weigh a hundred times its text. */
const LONGEST_REMEMBERED = 4096

/** How many tokens, of those that are remembered, may be found without a hash of their text. */
const RECENT = 4096

/**
 * The same reader, which remembers what it has read, so that a token in use is decoded once. Losing an entry costs a
 * few microseconds and no verdict, so strangers gain nothing by filling it.
 */
export function withRememberedTokens(inner: ReadToken): ReadToken {
  const read = new LRUCache<string, PresentedToken>({
    max: 50_000,
    maxSize: MEMORY_CHARACTERS,
    sizeCalculation: (token) => token.serialized.length,
    // So that nothing is remembered beyond the limits above.
    dispose: (token, serialized) => {
      const place = placeOf(serialized)
      if (recent[place]?.token === token) recent[place] = undefined
    },
  })
  // Each request brings its token as a new text, whose hash costs more than all the rest; to compare it with one text
  // does not.
  const recent: (RecentToken | undefined)[] = Array.from({ length: RECENT })

  return function readToken(serialized) {
    const place = placeOf(serialized)
    const last = recent[place]
    if (last !== undefined && last.serialized === serialized) return last.token
    const text = keptText(serialized)
    const known = read.get(text)
    const token = known ?? inner(text)
    if (typeof token === 'string' || text.length > LONGEST_REMEMBERED) return token
    if (known === undefined) read.set(text, token)
    recent[place] = { serialized: text, token }
    return token
  }
}

interface RecentToken {
  readonly serialized: string
  readonly token: PresentedToken
}

/** Where a text is kept: by characters of its signature, with which a macaroon ends but for a line feed. */
function placeOf(text: string): number {
  const { length } = text
  const mixed =
    text.charCodeAt(length - 6) +
    31 * text.charCodeAt(length - 11) +
    131 * text.charCodeAt(length - 17)
  // What is shorter than that is no token; its NaN becomes 0.
  return (mixed % RECENT) | 0
}
