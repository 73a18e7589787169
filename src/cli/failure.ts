import { EXIT } from './exit-codes.ts'

/** The command was called in a way that it does not understand: exit code 2, and a hint at `--help`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Options of {@link CommandFailure}. */
export interface FailureOptions extends ErrorOptions {
  /** @default 1 */
  readonly exitCode?: number
  /** What to do about it, or what to bear in mind; a sentence of its own. @default none */
  readonly hint?: string
  /** What programs read beside the message, e.g. the error of Onezone. @default none */
  readonly facts?: Readonly<Record<string, unknown>>
}

/** The command understood, but could not do it, for a reason outside of onegate: no stack is shown. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: number
  readonly hint: string | null
  readonly facts: Readonly<Record<string, unknown>>

  constructor(message: string, options: FailureOptions = {}) {
    const { exitCode = EXIT.failure, hint = null, facts = {}, ...rest } = options
    super(message, rest)
    this.exitCode = exitCode
    this.hint = hint
    this.facts = facts
  }
}

interface SystemError extends Error {
  readonly code: string
}

/** Whether an error comes from the operating system (`EADDRINUSE`, `ENOENT` …) and not from a mistake in the code. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
