/** What a value is meant to be. A missed goal is reported; it is no failure. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number }

/** What one round measured: a number per column; null: this machine does not tell. */
export type Measurement = Readonly<Record<string, number | null>>

export interface Column {
  /** Key of a {@link Measurement}. */
  readonly key: string
  /** With its unit. */
  readonly title: string
  /** How many decimals are shown. */
  readonly digits: number
  /** What the median of each row is meant to be. */
  readonly goal?: Goal | undefined
}

/** One row of a report. */
export interface Scenario {
  readonly name: string
  /** Asserts, on real answers, that what will be measured does its job. */
  check(): Promise<void>
  /** Brings it to its steady state; what happens here is in no number. */
  warmUp?(seconds: number): Promise<void>
  /**
   * Brings it back there before each round: while others have their turn, V8 and others like it let go of compiled code
   * that nobody uses. In no number either.
   */
  wake?(): Promise<void>
  measure(seconds: number): Promise<Measurement>
  /** Asserts what can only be known when all rounds are over. */
  confirm?(): Promise<void>
  /** What a reader of its numbers must know, asked for when all is over. */
  note?(): string
}

/** A row that cannot be had here: a program that is not installed, a system that does not tell. */
export interface SkippedScenario {
  readonly name: string
  readonly skipped: string
}

/** A statement about two scenarios, with what it is meant to be. */
export interface Comparison {
  readonly title: string
  /** Key of the column that is compared. */
  readonly column: string
  readonly of: string
  readonly to: string
  readonly goal?: Goal | undefined
}

/** A column that says how many times the value of a row is that of the row `to` in the same round. */
export type RatioColumn = Pick<Comparison, 'title' | 'column' | 'to'>

/** A suite while everything that it needs is running. */
export interface OpenSuite {
  readonly scenarios: readonly (Scenario | SkippedScenario)[]
  /** What a reader of the numbers must know, asked for when they are there. */
  notes(): readonly string[]
  close(): Promise<void>
}

/** How long a suite takes. */
export interface Pace {
  /** How long each scenario is measured, in seconds, all rounds together. */
  readonly seconds: number
  /** An even number, so that what changes steadily hits every pair in both orders equally often. */
  readonly rounds: number
  /** How long each scenario warms up, in seconds; one that has done little by then may take longer. */
  readonly warmUpSeconds: number
}

/**
 * Scenarios that are measured side by side, in rounds that go to and fro: A B C, C B A, A B C, … A ratio compares two
 * scenarios of one round, so that a machine that is busy for a while is busy for both.
 */
export interface Suite extends Pace {
  /** What it is run by; suites that share a name are run together. */
  readonly name: string
  /** One line. */
  readonly about: string
  /** Done only where it is asked for by name. @default false */
  readonly long?: boolean | undefined
  readonly columns: readonly Column[]
  readonly ratios: readonly RatioColumn[]
  readonly comparisons: readonly Comparison[]
  /** For a first look. */
  readonly quick: Pace
  /** @param product The directory of the compiled product, see `buildProduct`. */
  open(product: string): Promise<OpenSuite>
}
