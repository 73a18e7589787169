import type { DirectionName } from '../directions.ts'

/** One way to break the sources. */
export interface Mutant {
  readonly name: string
  /** Where it shows soonest. */
  readonly look: DirectionName
  /** Each text must be there exactly once. */
  readonly edits: readonly Edit[]
  /** Why nothing that can be seen changes. */
  readonly equivalent?: string
}

/** What stands in the place of what, in a file. */
export type Edit = readonly [file: string, text: string, replacement: string]
