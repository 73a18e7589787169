import type { Arguments, OptionSpecs } from './arguments.ts'
import type { Terminal } from './terminal.ts'

/** One command of `onegate`. */
export interface Command {
  /** As it is called, e.g. `token inspect`. */
  readonly name: string
  /** How it is called, e.g. `--config FILE`. One line each. */
  readonly usage: readonly string[]
  /** What it does, for `--help`. */
  readonly about: string
  readonly options: OptionSpecs
  /** Exit codes beyond 0, 1, 2 and 70, or with a narrower meaning, as `[code, meaning]`. */
  readonly exits?: readonly (readonly [number, string])[]
  /** Examples for `--help`, as they are typed. */
  readonly examples?: readonly string[]
  /** The flag that an argument without one stands for. @default none may be given */
  readonly operand?: string
  /** What to say about arguments that are no flags; null: it takes them. @default 'takes flags only' */
  readonly refusal?: string | null
  /** Runs the command. Resolves with the exit code. */
  run(args: Arguments, terminal: Terminal): Promise<number>
}
