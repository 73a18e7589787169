import { readFileSync } from 'node:fs'
import type { World, WorldChange } from '../../src/dev-onezone/index.ts'

/** A request of a scenario and the recorded reply (vectors/README.md). */
export interface ScenarioRequest {
  clock: number
  /** `user:<id>` or `provider:<id>`: authenticated by other means. */
  auth?: string
  method: string
  path: string
  headers?: Record<string, string | readonly string[] | null>
  body?: unknown
  rawBody?: string
  /** Variable → path in the body of the reply, `$.a.b`. */
  save?: Record<string, string>
  status: number
  response: unknown
  /** Paths of arrays whose order is of no importance. */
  unordered?: readonly string[]
  responseHeaders?: Record<string, string>
  note?: string
}

export interface WorldStep {
  world: WorldChange
}

export interface Scenario {
  name: string
  world: World
  steps: readonly (ScenarioRequest | WorldStep)[]
}

const url = new URL('../vectors/scenarios.json', import.meta.url)

export const SCENARIOS: readonly Scenario[] = (
  JSON.parse(readFileSync(url, 'utf8')) as { scenarios: Scenario[] }
).scenarios

/** Variables of a scenario: `{{name}}` stands for their values, anywhere. */
export type Variables = Map<string, string>

/** The same value with the variables put in, at any depth, keys included. */
export function fillIn(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') {
    return value.replace(/\{\{(\w+)\}\}/g, (given, name: string) => variables.get(name) ?? given)
  }
  if (Array.isArray(value)) return value.map((entry: unknown) => fillIn(entry, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      fillIn(key, variables) as string,
      fillIn(entry, variables),
    ]),
  )
}

/** What stands at `$.a.b` of a value. */
export function valueAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .slice(1)
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[key], value)
}

/** A reply in the form in which recorded and received ones are compared. */
export function comparable(value: unknown, unordered: readonly string[] = [], path = '$'): unknown {
  if (Array.isArray(value)) {
    const entries = value.map((entry: unknown) => comparable(entry, unordered, path))
    if (!unordered.includes(path)) return entries
    return entries.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      // Error texts may be worded otherwise.
      .filter(([key]) => key !== 'description')
      .map(([key, entry]) => [key, comparable(entry, unordered, `${path}.${key}`)]),
  )
}

/** Paths of everything that may be anything but must be there. */
export function wildcards(value: unknown, path = '$'): string[] {
  if (value === '{{*}}') return [path]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, entry]) => wildcards(entry, `${path}.${key}`))
}

/** The same value with `{{*}}` wherever one of the paths leads to something. */
export function blank(value: unknown, paths: readonly string[], path = '$'): unknown {
  if (paths.includes(path)) return '{{*}}'
  if (Array.isArray(value)) {
    return value.map((entry: unknown, index) => blank(entry, paths, `${path}.${index}`))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, blank(entry, paths, `${path}.${key}`)]),
  )
}
