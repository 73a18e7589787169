import { keptText } from './kept-text.ts'

/** What is known of a field name, as it was written. */
interface Named {
  readonly name: string
}

/** A power of two. A name that finds its place taken is made anew each time, which is slower, and no more. */
const PLACES = 4096
const LONGEST_KNOWN = 64

/**
 * Makes a table of the field names that messages bring again and again: one text for all of them, whose hash is known,
 * found without cutting it from its message.
 *
 * @param describe Says what there is to know of a name that is new.
 * @returns Finds the name that stands in a text of latin-1 from `start` to `end`.
 */
export function createNameTable<Entry extends Named>(
  describe: (name: string) => Entry,
): (text: string, start: number, end: number) => Entry {
  const known: (Entry | undefined)[] = Array.from({ length: PLACES })
  return function nameAt(text, start, end) {
    const place = placeOf(text, start, end)
    const before = known[place]
    if (before?.name.length === end - start && text.startsWith(before.name, start)) return before
    const written = text.slice(start, end)
    if (before !== undefined || written.length > LONGEST_KNOWN) return describe(written)
    return (known[place] = describe(keptText(written)))
  }
}

/** Where a name is kept: by its length and a few of its characters, in which the usual names differ. */
function placeOf(text: string, start: number, end: number): number {
  const size = end - start
  const mixed =
    size +
    31 * text.charCodeAt(start) +
    131 * text.charCodeAt(end - 1) +
    523 * text.charCodeAt(start + (size >> 1)) +
    // Of a short name it is one of the characters before it.
    1031 * text.charCodeAt(end - 4)
  return mixed & (PLACES - 1)
}
