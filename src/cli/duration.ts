import { UsageError } from './failure.ts'

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
}

/**
 * Reads the value of a flag that is a span of time: `30s`, `15m`, `1h`, `7d`.
 *
 * @returns Seconds.
 * @throws {UsageError}
 */
export function readDuration(flag: string, text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (count === undefined || Number(count) === 0) {
    throw new UsageError(`--${flag} must be a number and a unit: 30s, 15m, 1h or 7d`)
  }
  return Number(count) * (SECONDS_PER_UNIT[unit] ?? 1)
}
