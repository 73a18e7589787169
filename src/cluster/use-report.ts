import type { Clock, Schedule } from '../clock.ts'
import type { FamilyRef, Subject } from '../token/index.ts'
import { isId } from '../token/index.ts'
import type { Channel } from './message.ts'
import { isMessage } from './message.ts'

/** Options of {@link reportUse}. */
export interface UseReportOptions {
  /** The families of which a token was used at that moment or later, in monotonic milliseconds. */
  readonly usedSince: (atMs: number) => readonly FamilyRef[]
  /** How often the watch of the primary reads a family in use, in milliseconds; null: there is none. */
  readonly watchIntervalMs: () => number | null
  readonly clock: Clock
  readonly schedule: Schedule
}

/** A report is sent once a second at most; twice per interval where a watch is faster, which needs one per interval. */
const LONGEST_PAUSE_MS = 1_000
const REPORTS_PER_INTERVAL = 2

/** So many families are in one report at most. Where more are in use, they take turns. */
const MOST_FAMILIES = 5_000

/**
 * Tells the primary, from time to time, which families this worker has used. It cannot know of a hit otherwise, and its
 * watch reads only what is in use.
 *
 * @returns Stops that.
 */
export function reportUse(channel: Channel, options: UseReportOptions): () => void {
  const { usedSince, watchIntervalMs, clock, schedule } = options
  let sinceMs = clock.monotonic()
  let turn = 0
  let cancel = next()

  function next(): () => void {
    const intervalMs = watchIntervalMs() ?? Infinity
    return schedule(Math.min(LONGEST_PAUSE_MS, intervalMs / REPORTS_PER_INTERVAL), report)
  }

  function report(): void {
    cancel = next()
    const fromMs = sinceMs
    sinceMs = clock.monotonic()
    if (watchIntervalMs() === null) return
    const used = usedSince(fromMs)
    if (used.length === 0) return
    if (turn >= used.length) turn = 0
    const families = used.slice(turn, turn + MOST_FAMILIES)
    turn += MOST_FAMILIES
    channel.send({ kind: 'used', families })
  }

  return () => cancel()
}

/** The primary's side. Whatever is malformed is left out. */
export function takeUseReports(
  channel: Channel,
  note: (families: readonly FamilyRef[]) => void,
): void {
  channel.on('used', ({ families }) => {
    if (!Array.isArray(families) || families.length > MOST_FAMILIES) return
    note(families.map(readFamily).filter((family) => family !== null))
  })
}

function readFamily(value: unknown): FamilyRef | null {
  if (!isMessage(value)) return null
  const { kind, tokenId, generation } = value
  if (kind === 'named') return isId(tokenId) ? { kind, tokenId } : null
  const subject = readSubject(value['subject'])
  if (kind !== 'temporary' || subject === null || !isGeneration(generation)) return null
  return { kind, subject, generation }
}

function readSubject(value: unknown): Subject | null {
  if (!isMessage(value)) return null
  const { type, id } = value
  if (type !== 'user' && type !== 'oneprovider') return null
  return isId(id) ? { type, id } : null
}

function isGeneration(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
