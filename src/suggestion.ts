/** The candidate that a mistyped word was most likely meant to be, or undefined where none is near. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase()
  let best: string | undefined
  let bestDistance = Infinity
  for (const candidate of candidates) {
    const known = candidate.toLowerCase()
    const related =
      Math.min(known.length, wanted.length) >= 4 &&
      (known.startsWith(wanted) || wanted.startsWith(known))
    const limit = related ? Infinity : Math.max(1, Math.floor(known.length / 3))
    const distance = editDistance(wanted, known)
    if (distance <= limit && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `; did you mean "x"?` where there is something to suggest, else nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const suggestion = suggest(word, candidates)
  return suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
}

const LONGEST_WORD = 64

function editDistance(a: string, b: string): number {
  if (Math.max(a.length, b.length) > LONGEST_WORD) return Infinity
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
