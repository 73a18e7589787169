/** One line of a log: facts first, then the sentence. */
export type LogLine = (facts: Readonly<Record<string, unknown>>, message: string) => void

/** Where a gateway writes its log. Structural: a pino instance fits. Nothing secret is ever passed to it. */
export interface Logger {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}

/** Writes nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}
