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

/**
 * Makes an observer that cannot break what it observes: a metrics hook that throws must not turn a grant into an error.
 *
 * @param name What the observer watches, for the log.
 */
export function shielded<Event extends readonly unknown[]>(
  observer: ((...event: Event) => void) | undefined,
  name: string,
  logger: Logger,
): (...event: Event) => void {
  if (observer === undefined) return () => {}
  const { error: logError } = shieldedLogger(logger)
  return (...event) => {
    try {
      observer(...event)
    } catch (error) {
      logError({ err: error }, `an observer of ${name} failed`)
    }
  }
}

/** The same logger, except that what it throws is lost: a full disk must not turn a refusal into an error. */
export function shieldedLogger(logger: Logger): Logger {
  const shield =
    (level: keyof Logger): LogLine =>
    (facts, message) => {
      try {
        logger[level](facts, message)
      } catch {
        // There is nowhere left to say so.
      }
    }
  return {
    debug: shield('debug'),
    info: shield('info'),
    warn: shield('warn'),
    error: shield('error'),
  }
}
