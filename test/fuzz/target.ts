import type { Random } from './random.ts'
import { createRandom, mutate } from './random.ts'

/** Something that reads what strangers wrote. */
export interface Target {
  readonly name: string
  /** What inputs are made of. */
  readonly corpus: readonly string[]
  /** Words of its grammar. */
  readonly words: readonly string[]
  /** Makes an input out of a changed text. @default the text itself */
  readonly dress?: (text: string, random: Random) => string
  /**
   * Reads an input, and throws where something is wrong with how it was read.
   *
   * @returns What became of it, in a word or a sentence that repeats nothing of it.
   */
  readonly run: (input: string, random: Random) => string
}

/** What a campaign did. */
export interface Campaign {
  readonly inputs: number
  /** How many inputs came to each outcome. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly failures: readonly {
    readonly seed: number
    readonly input: string
    readonly why: string
  }[]
}

const MOST_FAILURES = 10

/** The `n`-th input of a target, from a seed of its own: a failure is found again by that alone. */
export function inputOf({ corpus, words, dress }: Target, seed: number): string {
  const random = createRandom(seed)
  const text = mutate(random, random.pick(corpus), words, corpus)
  return dress === undefined ? text : dress(text, random)
}

/** Runs a target on the inputs of so many seeds. */
export function campaign(target: Target, firstSeed: number, inputs: number): Campaign {
  const outcomes = new Map<string, number>()
  const failures: { seed: number; input: string; why: string }[] = []
  for (let seed = firstSeed; seed < firstSeed + inputs; seed++) {
    const input = inputOf(target, seed)
    try {
      const outcome = target.run(input, createRandom(~seed))
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
      failures.push({ seed, input, why })
      if (failures.length === MOST_FAILURES) break
    }
  }
  return { inputs, outcomes, failures }
}
