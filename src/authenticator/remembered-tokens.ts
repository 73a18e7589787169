import { LRUCache } from 'lru-cache'

import { keptText } from '../kept-text.ts'
import type { PresentedToken } from '../token/index.ts'
import type { ReadToken } from '../verifier/index.ts'

/** What remembered tokens may take, in bytes, as {@link weightOf} estimates it. */
const MEMORY_BYTES = 24 * 1024 * 1024

/** A token that takes more, in bytes, is decoded each time: few do, and strangers would fill the memory with them. */
const HEAVIEST_REMEMBERED = 32 * 1024

/** How many tokens, of those that are remembered, may be found without a hash of their text. */
const RECENT = 4096

/**
 * The same reader, which remembers what it has read, so that a token in use is decoded once. Losing an entry costs a
 * few microseconds and no verdict, so strangers gain nothing by filling it.
 */
export function withRememberedTokens(inner: ReadToken): ReadToken {
  const read = new LRUCache<string, PresentedToken>({
    // No `max`: room for all would be taken at once, anew at each reload.
    maxSize: MEMORY_BYTES,
    maxEntrySize: HEAVIEST_REMEMBERED,
    sizeCalculation: weightOf,
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
    if (typeof token === 'string') return token
    if (known === undefined) read.set(text, token)
    if (known !== undefined || read.has(text)) recent[place] = { serialized: text, token }
    return token
  }
}

/** A token without caveats, apart from its texts: the objects, and the places that it has here. */
const BARE_BYTES = 1_024
/** A member of an object or list, with the text or object that it is. */
const MEMBER_BYTES = 72

/** About how many bytes a token takes, decoded: strangers can make that many times its text. */
function weightOf({ serialized, caveats }: PresentedToken): number {
  return BARE_BYTES + 2 * serialized.length + membersOf(caveats) * MEMBER_BYTES
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  let members = 1
  for (const member of Object.values(value)) members += membersOf(member)
  return members
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
