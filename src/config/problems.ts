import { withoutTokens } from '../error-facts.ts'
import type { ConfigProblem } from '../errors.ts'

/** Where a setting stands in a configuration, e.g. `['routes', 1, 'upstream']`. */
export type SettingPath = readonly (string | number)[]

/** Something that is wrong, before it is known in which file, variable or flag it stands. */
export interface Finding {
  readonly path: SettingPath
  readonly message: string
  /** The key itself is wrong, not its value. */
  readonly atKey?: boolean
}

/** `routes[1].upstream` */
export function formatPath(path: SettingPath): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join('')
}

/** How a value is repeated in a message: short, on one line, and never a token. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === null || value === undefined) return 'nothing'
  return Array.isArray(value) ? 'a list' : 'a group of settings'
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
}

/** What a duration with a unit is in milliseconds, for the message that refuses it; else nothing. */
export function unitHint(path: SettingPath, message: string): string {
  if (!String(path.at(-1)).endsWith('Ms')) return ''
  const [, amount, unit = ''] = /not "(\d+(?:\.\d+)?) ?(ms|s|m|min|h)"$/.exec(message) ?? []
  if (amount === undefined) return ''
  return `; the unit is milliseconds, so write ${Math.round(Number(amount) * (UNITS[unit] ?? 1))}`
}

/** Makes the problem that a person is told, at its place. */
export function problemAt(
  finding: Finding,
  place: { source: string; line?: number | undefined; column?: number | undefined },
): ConfigProblem {
  return {
    path: withoutTokens(formatPath(finding.path)),
    message: withoutTokens(finding.message),
    ...place,
  }
}

/** Orders problems as they stand in the file; those of variables and flags follow as they were found. */
export function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  const lines = (a.line ?? Infinity) - (b.line ?? Infinity)
  return Number.isNaN(lines) || lines === 0 ? (a.column ?? 0) - (b.column ?? 0) : lines
}

/** The message of the `TypeError` that a rule of another room throws; null where it throws none. */
export function problemOf(judge: () => unknown): string | null {
  try {
    judge()
    return null
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return error.message
  }
}
