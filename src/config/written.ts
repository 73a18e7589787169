/**
 * A configuration as it was written, file and what is laid over it, before anything of it has been judged.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from '../json.ts'
import { problemOf, type Finding, type SettingPath } from './problems.ts'

/** A group of settings. What it should not hold is left to the schema to refuse. */
export type Written = JsonObject

/** A group within a group; empty where there is none. */
export function groupAt(group: Written, key: string): Written {
  const value = group[key]
  return isJsonObject(value) ? value : {}
}

/** A list within a group; empty where there is none. */
export function listAt(group: Written, key: string): readonly unknown[] {
  const value = group[key]
  return Array.isArray(value) ? (value as unknown[]) : []
}

/** A text as its rule reads it; undefined where it is none, or breaks the rule. */
export function readable(value: unknown, parse: (text: string) => string): string | undefined {
  if (typeof value !== 'string') return undefined
  let read: string | undefined
  problemOf(() => (read = parse(value)))
  return read
}

/** Collects what is wrong with the settings of one group. */
export interface Findings {
  readonly all: Finding[]
  /** @param at Where in the group. @param atKey The key itself is wrong, not its value. */
  readonly find: (at: SettingPath, message: string, atKey?: boolean) => void
}

/** Begins to collect what is wrong with the group at a path. */
export function findingsAt(path: SettingPath): Findings {
  const all: Finding[] = []
  return {
    all,
    find: (at, message, atKey = false) => void all.push({ path: [...path, ...at], message, atKey }),
  }
}
