import type { ConfigProblem } from '../errors.ts'
import { ConfigError } from '../errors.ts'
import { isJsonObject } from '../json.ts'

/**
 * Reads a JSON value piece by piece and remembers everything that is wrong with it. A reader that finds something wrong
 * notes it and returns an empty stand-in, so that reading goes on; {@link ShapeCheck.finish} throws if anything was
 * noted.
 */
export interface ShapeCheck {
  /** Notes a problem. `message` says what is wrong and what to do. */
  wrong(path: string, message: string): void
  /** An object whose keys are ids. */
  record(value: unknown, path: string): Record<string, unknown>
  /** An object that may have these keys and no others. */
  object(value: unknown, path: string, keys: readonly string[]): Record<string, unknown>
  list(value: unknown, path: string): readonly unknown[]
  strings(value: unknown, path: string): readonly string[]
  /** Any text, the empty one too. */
  text(value: unknown, path: string): string
  /** Not empty. */
  string(value: unknown, path: string): string
  boolean(value: unknown, path: string): boolean
  integer(value: unknown, path: string, minimum: number, maximum?: number): number
  oneOf<T extends string>(value: unknown, path: string, allowed: readonly [T, ...T[]]): T
  /** @throws {ConfigError} with every problem that was noted */
  finish(): void
}

/** @param source what is being read, e.g. `world`; named in every problem */
export function createShapeCheck(source: string): ShapeCheck {
  const problems: ConfigProblem[] = []

  const check: ShapeCheck = {
    wrong(path, message) {
      problems.push({ path, message, source })
    },
    record(value, path) {
      if (isJsonObject(value)) return value
      check.wrong(path, `must be an object, got ${kindOf(value)}`)
      return {}
    },
    object(value, path, keys) {
      const object = check.record(value, path)
      for (const key of Object.keys(object)) {
        if (keys.includes(key)) continue
        check.wrong(join(path, key), `is not known here; known are ${keys.join(', ')}`)
      }
      return object
    },
    list(value, path) {
      if (Array.isArray(value)) return value
      check.wrong(path, `must be a list, got ${kindOf(value)}`)
      return []
    },
    strings: (value, path) =>
      check.list(value, path).map((entry, index) => check.string(entry, `${path}[${index}]`)),
    text(value, path) {
      if (typeof value === 'string') return value
      check.wrong(path, `must be a string, got ${kindOf(value)}`)
      return ''
    },
    string(value, path) {
      if (typeof value === 'string' && value !== '') return value
      check.wrong(path, `must be a string that is not empty, got ${kindOf(value)}`)
      return ''
    },
    boolean(value, path) {
      if (typeof value === 'boolean') return value
      check.wrong(path, `must be true or false, got ${kindOf(value)}`)
      return false
    },
    integer(value, path, minimum, maximum = Number.MAX_SAFE_INTEGER) {
      if (Number.isSafeInteger(value)) {
        const integer = value as number
        if (integer >= minimum && integer <= maximum) return integer
      }
      const range =
        maximum === Number.MAX_SAFE_INTEGER
          ? `of ${minimum} or more`
          : `from ${minimum} to ${maximum}`
      check.wrong(path, `must be an integer ${range}, got ${kindOf(value)}`)
      return minimum
    },
    oneOf<T extends string>(value: unknown, path: string, allowed: readonly [T, ...T[]]): T {
      const found = allowed.find((entry) => entry === value)
      if (found !== undefined) return found
      check.wrong(path, `must be one of ${allowed.join(', ')}, got ${kindOf(value)}`)
      return allowed[0]
    },
    finish() {
      if (problems.length > 0) throw new ConfigError(problems)
    },
  }
  return check
}

/** `path` of a key inside of what stands at `path`; keys that are no plain words are put in brackets. */
export function join(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (value === '') return 'an empty string'
  if (Array.isArray(value)) return 'a list'
  // Strings may be secrets or tokens, so they are not repeated.
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : `a ${typeof value}`
}
