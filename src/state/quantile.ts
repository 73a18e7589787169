import type { Durations } from './figures.ts'

/**
 * How long, in milliseconds, a part of what has happened between two moments took at most, between bounds as
 * Prometheus does it; null where nothing has happened.
 *
 * @param part 0.5 is the median.
 */
export function quantileMs(part: number, now: Durations, before: Durations | null): number | null {
  const counts = now.counts.map((count, at) => Math.max(0, count - (before?.counts[at] ?? 0)))
  const total = counts.at(-1) ?? 0
  if (total === 0) return null
  const wanted = total * part
  const at = counts.findIndex((count) => count >= wanted)
  const upper = now.bounds[at] ?? Infinity
  const lower = now.bounds[at - 1] ?? 0
  // Beyond the last bound nothing is known but that it was more.
  if (upper === Infinity) return lower * 1000
  const below = counts[at - 1] ?? 0
  const within = (counts[at] ?? 0) - below
  const seconds = lower + (within === 0 ? 0 : ((wanted - below) / within) * (upper - lower))
  return seconds * 1000
}
