import type { Clock, Schedule } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Store } from './store.ts'

/** What is asked of a store, for whoever counts. */
export type StoreOperation = 'look' | 'tell' | 'publish' | 'time'

/**
 * What came of it. `hit` and `miss` are said of looks, `ok` of everything else; `late`: the deadline was over; `error`:
 * the store, or the way to it, said no; `skipped`: it was not asked, since it has not answered for a while.
 */
export type StoreOutcome = 'hit' | 'miss' | 'ok' | 'late' | 'error' | 'skipped'

/** One operation that has ended. */
export interface StoreEvent {
  readonly operation: StoreOperation
  readonly outcome: StoreOutcome
  readonly durationMs: number
}

/** Options of {@link guardStore}. */
export interface GuardedStoreOptions {
  /** How long any operation may take, in milliseconds. */
  readonly deadlineMs: number
  readonly clock: Clock
  readonly schedule: Schedule
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number
  readonly logger: Logger
  /** Told of each operation. Must not throw. */
  readonly onEvent: (event: StoreEvent) => void
}

/** A store that costs those who wait no more than its deadline, and nothing at all while it does not answer. */
export interface GuardedStore {
  /**
   * Runs one operation. Never rejects.
   *
   * @param outcomeOf What to count it as. @default 'ok'
   * @returns What it brought; null: nothing.
   */
  run<T extends object>(
    operation: StoreOperation,
    command: (store: Store) => Promise<T>,
    outcomeOf?: (result: T) => 'hit' | 'miss',
  ): Promise<T | null>
  /** There is a new connection: what failed on the one before says nothing of it. */
  connected(): void
  /** Whether the last operation succeeded. */
  readonly up: boolean
}

/** So many failures in a row keep it from being asked, for so long; twice as long each time that it fails again. */
const FAILURES = 5
const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 30_000
const PAUSE_JITTER = 0.2
/** So many operations may be under way; a store that is behind so far says nothing in time. */
const MOST_UNDER_WAY = 1_000
const LOG_INTERVAL_MS = 60_000

/** Puts a deadline around every operation, and a breaker before all. */
export function guardStore(store: Store, options: GuardedStoreOptions): GuardedStore {
  const { deadlineMs, clock, schedule, random, logger, onEvent } = options
  let failures = 0
  let pauses = 0
  let pausedUntilMs = -Infinity
  let trying = false
  let underWay = 0
  let up = false
  let reported: boolean | null = null
  let loggedAtMs = -Infinity

  /** While it is paused nothing goes to the store; when that is over, one operation is to show whether it answers. */
  const isShut = (): boolean =>
    underWay >= MOST_UNDER_WAY ||
    (failures >= FAILURES && (trying || clock.monotonic() < pausedUntilMs))

  function succeeded(): void {
    failures = 0
    pauses = 0
    up = true
    if (reported === false) logger.info({ store: 'up' }, 'the store answers again')
    reported = true
  }

  function failed(error: unknown): void {
    up = false
    failures += 1
    if (failures >= FAILURES) {
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** pauses)
      pausedUntilMs = clock.monotonic() + pauseMs * (1 - PAUSE_JITTER * random())
      pauses += 1
    }
    const nowMs = clock.monotonic()
    if (reported === false && nowMs - loggedAtMs < LOG_INTERVAL_MS) return
    reported = false
    loggedAtMs = nowMs
    logger.warn(
      { store: 'down', reason: reasonOf(error) },
      'the store does not answer: this gateway asks for itself until it does',
    )
  }

  return {
    async run(operation, command, outcomeOf) {
      const startMs = clock.monotonic()
      const told = (outcome: StoreOutcome): void =>
        onEvent({ operation, outcome, durationMs: clock.monotonic() - startMs })
      if (isShut()) {
        told('skipped')
        return null
      }
      const isTrial = failures >= FAILURES
      if (isTrial) trying = true
      underWay += 1
      let cancel = (): void => {}
      const late = new Promise<typeof LATE>((resolve) => {
        cancel = schedule(deadlineMs, () => resolve(LATE))
      })
      try {
        const result = await Promise.race([command(store), late])
        if (result === LATE) {
          told('late')
          failed(LATE)
          return null
        }
        succeeded()
        told(outcomeOf === undefined ? 'ok' : outcomeOf(result))
        return result
      } catch (error) {
        told('error')
        failed(error)
        return null
      } finally {
        cancel()
        underWay -= 1
        if (isTrial) trying = false
      }
    },
    connected() {
      failures = 0
      pauses = 0
    },
    get up() {
      return up
    },
  }
}

const LATE = Symbol('late')

/** The kind of an error, as Valkey and Redis write it, or Node's code: no text of it, which may hold a password. */
function reasonOf(error: unknown): string {
  if (error === LATE) return 'late'
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as NodeJS.ErrnoException
  return /^([A-Z]{3,})\b/.exec(error.message)?.[1] ?? code ?? error.name
}
