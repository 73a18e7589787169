import { errorFacts } from './error-facts.ts'
import type { Logger, LogLine } from './logger.ts'
import { silentLogger } from './logger.ts'

/**
 * Writes warnings and errors to the console, one JSON object a line as the gateway's own log, and keeps to itself what
 * is neither: for an app that names no logger, in which a fault is not to be lost.
 */
export const consoleLogger: Logger = {
  ...silentLogger,
  warn: lineOf('warn'),
  error: lineOf('error'),
}

function lineOf(level: 'warn' | 'error'): LogLine {
  return ({ err, ...facts }, msg) => {
    const time = new Date().toISOString()
    const about = err === undefined ? {} : { err: errorFacts(err) }
    // oxlint-disable-next-line no-console -- every runtime has one, and it is where an app's own faults go
    console[level](JSON.stringify({ level, time, ...facts, ...about, msg }))
  }
}
