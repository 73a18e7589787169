import type { Logger } from './logger.ts'

/**
 * Makes an observer that cannot break what it observes: a metrics hook that throws must not turn a grant into an error.
 *
 * @param name What the observer watches, for the log.
 */
export function shielded<Event>(
  observer: ((event: Event) => void) | undefined,
  name: string,
  logger: Logger,
): (event: Event) => void {
  if (observer === undefined) return () => {}
  return (event) => {
    try {
      observer(event)
    } catch (error) {
      logger.error({ err: error }, `an observer of ${name} failed`)
    }
  }
}
