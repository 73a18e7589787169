/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Draws from 0 to count − 1, the n-th with a probability in proportion to 1 ÷ nˢ (Zipf). */
export function zipf(count: number, exponent: number, random: () => number): () => number {
  const sums: number[] = []
  let total = 0
  for (let rank = 1; rank <= count; rank++) sums.push((total += rank ** -exponent))
  return () => {
    const drawn = random() * total
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? Infinity) > drawn) high = middle
      else low = middle + 1
    }
    return low
  }
}
