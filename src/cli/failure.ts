/** The command was called in a way that it does not understand: exit code 2, and a hint at `--help`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command understood, but could not do it, for a reason outside of onegate: exit code 1, without a stack. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

interface SystemError extends Error {
  readonly code: string
}

/** Whether an error comes from the operating system (`EADDRINUSE`, `ENOENT` …) and not from a mistake in the code. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
