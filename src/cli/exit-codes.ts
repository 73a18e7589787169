/** What the exit code of every command means; each `--help` says so too. */
export const EXIT = {
  ok: 0,
  /** The command could not do its work, or a token was refused. */
  failure: 1,
  /** The command was called in a way that it does not understand. */
  usage: 2,
  /** Nobody could say whether a token is good. */
  unknown: 3,
  /** A mistake in onegate itself (EX_SOFTWARE of sysexits.h). */
  bug: 70,
  /** The configuration was refused (EX_CONFIG of sysexits.h). */
  config: 78,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
