import type { OptionShape } from '../option-shape.ts'
import { FLAG, oneOf, TEXT } from '../option-shape.ts'

/** Which requests are written, and where. */
export interface AccessLogOptions {
  /** `stdout`, `none`, or the name of a file, absolute. @default 'stdout' */
  readonly to: string
  /**
   * `all`; `refusals`: what the gateway answered in its own name, faults included; `errors`: statuses from 500 on.
   *
   * @default 'refusals'
   */
  readonly only: AccessLogChoice
  /** Which part of the requests that were let through is written, 0 to 1; refusals all are. @default 1 */
  readonly sample: number
  /** Write the query, too, which may hold secrets. @default false */
  readonly query: boolean
}

export type AccessLogChoice = 'all' | 'refusals' | 'errors'

/** What is used where an option is left out. */
export const ACCESS_LOG_DEFAULTS: AccessLogOptions = {
  to: 'stdout',
  only: 'refusals',
  sample: 1,
  query: false,
}

/** The words to choose from. */
export const ACCESS_LOG_CHOICES: readonly AccessLogChoice[] = ['all', 'refusals', 'errors']

/** What each option may be. */
export const ACCESS_LOG_OPTIONS: OptionShape<AccessLogOptions> = {
  to: TEXT,
  only: oneOf(ACCESS_LOG_CHOICES),
  sample: {
    wanted: 'a number from 0 to 1',
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  query: FLAG,
}

/**
 * Reads where it is written.
 *
 * @throws {TypeError} for anything but `stdout`, `none` and an absolute name.
 */
export function parseAccessLogTarget(text: string): string {
  if (text === 'stdout' || text === 'none' || /^\/[^\0]+$/.test(text)) return text
  throw new TypeError('must be stdout, none, or the absolute name of a file')
}
