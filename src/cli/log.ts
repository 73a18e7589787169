import { pino } from 'pino'
import type { LogLevel } from '../config/index.ts'
import type { Logger } from '../logger.ts'

const OLDEST_SUPPORTED_NODE = 22

/** A log whose level can be changed. */
export interface Log extends Logger {
  level: string
}

/**
 * Makes the log of a process, with facts that each line has: one JSON object a line on standard error, written at once,
 * so that no exit loses any.
 */
export function createLog(
  level: LogLevel,
  facts: Readonly<Record<string, unknown>> | null = null,
): Log {
  return pino(
    {
      level,
      base: facts,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}

/** Says once that this Node no longer gets security fixes. */
export function warnOfOldNode(log: Logger, version: string = process.versions.node): void {
  if (Number.parseInt(version) >= OLDEST_SUPPORTED_NODE) return
  log.warn(
    { node: version },
    `Node ${version} no longer gets security fixes; run onegate on Node ${OLDEST_SUPPORTED_NODE} or newer`,
  )
}
