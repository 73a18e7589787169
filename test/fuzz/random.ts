/** Numbers that look random and are the same for the same seed (xorshift32). */
export interface Random {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number
  pick<Value>(values: readonly Value[]): Value
}

export function createRandom(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1
  const below = (bound: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
  return {
    below,
    pick: <Value>(values: readonly Value[]) => values[below(values.length)] as Value,
  }
}

/** What parsers stumble over, besides the words of their own grammar. */
const ODD = [
  '\r\n',
  '\r',
  '\n',
  '\0',
  '\t',
  ' ',
  ':',
  ';',
  ',',
  '"',
  '\\',
  '%',
  '%2e',
  '%00',
  '..',
  '/',
  '#',
  '\x7f',
  '\x80',
  '\xff',
  '-1',
  '0',
  '99999999999999999999',
  'ffffffffffffffff',
  '0x',
  '{',
  '}',
  '[',
  ']',
  'null',
  'true',
  '__proto__',
  '\r\n\r\n',
]

/**
 * Changes a text in one to six places: takes away, repeats, replaces, or puts in something odd, a word of the
 * grammar, or a part of another text.
 */
export function mutate(
  random: Random,
  text: string,
  words: readonly string[],
  others: readonly string[],
): string {
  let result = text
  for (let left = 1 + random.below(random.below(6) + 1); left > 0; left--) {
    const at = random.below(result.length + 1)
    const length = random.below(random.below(4) === 0 ? 64 : 4)
    const [before, rest] = [result.slice(0, at), result.slice(at)]
    switch (random.below(8)) {
      case 0:
        result = before + rest.slice(length)
        break
      case 1:
        result = before + rest.slice(0, length) + rest
        break
      case 2:
        result = before + String.fromCharCode(random.below(256)) + rest.slice(1)
        break
      case 3:
        result = before + random.pick(ODD) + rest.slice(random.below(3))
        break
      case 4:
      case 5:
        result = before + random.pick(words) + rest.slice(random.below(2) * length)
        break
      case 6: {
        const other = random.pick(others)
        const start = random.below(other.length + 1)
        result = before + other.slice(start, start + random.below(200)) + rest
        break
      }
      default: {
        const code = result.charCodeAt(at) ^ (1 << random.below(8))
        result =
          before + (Number.isNaN(code) ? '' : String.fromCharCode(code & 0xff)) + rest.slice(1)
      }
    }
    if (result.length > 20_000) result = result.slice(0, 20_000)
  }
  return result
}
