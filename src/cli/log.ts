import { pino } from 'pino'
import type { LogLevel } from '../config/index.ts'
import { errorFacts } from '../error-facts.ts'
import type { LineSink } from '../line-sink.ts'
import { openLineSink } from '../line-sink.ts'
import type { Logger } from '../logger.ts'
import { betterNodeThan } from '../package-version.ts'

/** A log whose level can be changed. */
export interface Log extends Logger {
  level: string
}

let standardError: LineSink | null = null

/** How many lines for standard error this process has lost so far. */
export function linesDropped(): number {
  return standardError?.dropped ?? 0
}

/**
 * Makes the log of a process, with facts that each line has: one JSON object a line on standard error. A reader that
 * stands still holds nothing up: lines are lost then, and counted. An exit writes what is left.
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
      serializers: { err: (error: unknown) => errorFacts(error) },
      formatters: { level: (label) => ({ level: label }) },
    },
    (standardError ??= openLineSink({ to: 2 })),
  )
}

/** Says once that this Node no longer gets security fixes. */
export function warnOfOldNode(log: Logger, version: string = process.versions.node): void {
  const better = betterNodeThan(version)
  if (better === null) return
  log.warn(
    { node: version },
    `Node ${version} no longer gets security fixes; run onegate on Node ${better} or newer`,
  )
}
