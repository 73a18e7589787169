import { readFileSync } from 'node:fs'
import type { World } from '../../src/dev-onezone/index.ts'

export interface VerificationCase {
  name: string
  method: string
  endpoint: string
  clock: number
  headers?: Record<string, string>
  body?: unknown
  rawBody?: string
  status: number
  response: unknown
  internalError?: true
}

const url = new URL('../vectors/verify.json', import.meta.url)
const vectors = JSON.parse(readFileSync(url, 'utf8'), expandRepeats) as {
  world: World
  cases: VerificationCase[]
}

export const VERIFICATION_WORLD: World = vectors.world
export const VERIFICATION_CASES: readonly VerificationCase[] = vectors.cases

/** Error texts may be worded otherwise, at any depth. */
export function withoutDescriptions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDescriptions)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => key !== 'description')
  return Object.fromEntries(entries.map(([key, entry]) => [key, withoutDescriptions(entry)]))
}

/** `{"$repeat": "abc", "times": 3}` stands for a long string. */
function expandRepeats(_: string, value: unknown): unknown {
  const { $repeat, times } = (value ?? {}) as { $repeat?: string; times?: number }
  return typeof $repeat === 'string' ? $repeat.repeat(times ?? 0) : value
}
