/** What a value is meant to be. A missed goal is reported; it is no failure. */
export type Goal =
  { readonly atMost: number } | { readonly atLeast: number } | { readonly exactly: number }

/** The goal and whether it is met, by how much not, as text. */
export function goalText(value: number, goal: Goal, show: (value: number) => string): string {
  const wanted =
    'atMost' in goal
      ? `at most ${show(goal.atMost)}`
      : 'atLeast' in goal
        ? `at least ${show(goal.atLeast)}`
        : show(goal.exactly)
  const isMet =
    'atMost' in goal
      ? value <= goal.atMost
      : 'atLeast' in goal
        ? value >= goal.atLeast
        : value === goal.exactly
  return `goal: ${wanted}, ${isMet ? 'met' : `**missed**${missedBy(value, goal)}`}`
}

function missedBy(value: number, goal: Goal): string {
  if ('exactly' in goal) return ''
  const bound = 'atMost' in goal ? goal.atMost : goal.atLeast
  return bound === 0 ? '' : ` by ${Math.abs(((value - bound) / bound) * 100).toFixed(0)} %`
}
