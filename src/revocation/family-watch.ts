import type { Clock, Schedule } from '../clock.ts'
import { OnegateError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { FamilyRef } from '../token/index.ts'
import { serializeSubject } from '../token/index.ts'
import type { FamilyLedger } from './family-ledger.ts'
import type { FamilyRecord } from './family-record.ts'
import { createWatchPace } from './watch-pace.ts'
import type { WatchClient, WatchOutcome, WatchReading } from './watch-reading.ts'
import { readFamily, retryAfterMsOf } from './watch-reading.ts'
import type { WatchTarget } from './watch-roster.ts'
import { createWatchRoster } from './watch-roster.ts'

/** Options of {@link createFamilyWatch}. */
export interface FamilyWatchOptions {
  /** Where what is read goes. */
  readonly ledger: FamilyLedger
  /** Asks Onezone. The watch does not close it. */
  readonly client: WatchClient
  /** Access token of whoever may read the generations and statuses (Onezone API, §7.2). */
  readonly token: string
  /** How often each is read, in milliseconds, give or take a tenth. */
  readonly intervalMs: number
  /** How many readings may be under way at once. */
  readonly concurrency: number
  /** How old a fact may get without the watch, in milliseconds. */
  readonly stalenessBoundMs: number
  /** Whether Onezone may be asked at all: not while the breaker keeps verifications from it. */
  readonly mayRead: () => boolean
  readonly clock: Clock
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number
  readonly schedule: Schedule
  readonly logger: Logger
  /** Told of each reading when it has ended. Must not throw. */
  readonly onRead: (outcome: WatchOutcome) => void
}

/**
 * Reads what Onezone says of the families in use, far more often than their tokens are verified: a number per subject
 * and a flag per named token. It learns of deaths only (a lower generation than was known ends the life in which that
 * was). That a generation is current, or a token not revoked, extends no fact, since it does not say whether the
 * subject still exists and is not blocked.
 */
export interface FamilyWatch {
  /** Onezone has just said yes to a token of the family: from now on it is read while it is used. */
  confirmed(family: FamilyRecord): void
  /** `degraded`: it sees nothing at the moment, or may read nothing, so that facts get as old as without it. */
  readonly state: 'active' | 'degraded'
  /** Stops at once: no further reading, and what those under way bring is ignored. */
  close(): void
}

/** Looks so many times per interval for what is due. */
const STEPS_PER_INTERVAL = 8
const UNAUTHORIZED_LOG_MS = 60_000

/** Why the watch sees nothing. */
const TROUBLES = {
  unauthorized: 'Onezone does not accept its token',
  breaker: 'Onezone has given no usable answers to verifications',
  fault: 'Onezone gave no usable answer',
  forbidden: 'its token may read none of the subjects in use so far',
} as const

/** Starts a watch. */
export function createFamilyWatch(options: FamilyWatchOptions): FamilyWatch {
  const { ledger, client, token, intervalMs, mayRead, clock, schedule, logger, onRead } = options
  const pace = createWatchPace(options)
  const roster = createWatchRoster(options)
  let due: WatchTarget[] = []
  let underWay = 0
  let hasRead = false
  let forbidden = false
  let reported: keyof typeof TROUBLES | null = null
  let unauthorizedLoggedAtMs = -Infinity
  let closed = false

  function look(): void {
    cancel = schedule(intervalMs / STEPS_PER_INTERVAL, look)
    due = roster.due(clock.monotonic())
    report({})
    readDue()
  }

  /** What finds no place waits for the next look, where it is due all the more; nothing queues up. */
  function readDue(): void {
    while (mayRead() && underWay < pace.allowance) {
      const target = due.pop()
      if (target === undefined) return
      void read(target)
    }
  }

  async function read(target: WatchTarget): Promise<void> {
    const { family } = target
    const askedAtMs = clock.monotonic()
    target.reading = true
    underWay += 1
    const reading = await readFamily(client, token, family.ref)
    underWay -= 1
    target.reading = false
    if (closed) return
    learn(family, reading, askedAtMs)
    const { outcome } = reading
    target.strikes = outcome === target.outcome ? target.strikes + 1 : 1
    target.outcome = outcome
    target.dueAtMs = askedAtMs + pace.delayAfter(outcome, target.strikes)
    const error = reading.outcome === 'fault' ? reading.error : null
    pace.note(outcome, askedAtMs, retryAfterMsOf(error))
    onRead(outcome)
    tell(target, outcome)
    report(error === null ? {} : factsOf(error))
    readDue()
  }

  /** Draws the conclusions that a reading allows; whether it came too late is for the ledger to say. */
  function learn(family: FamilyRecord, reading: WatchReading, askedAtMs: number): void {
    const { ref } = family
    if (reading.outcome === 'missing') {
      if (ref.kind === 'named' && family.kept) ledger.sawLost(family, askedAtMs)
    } else if (reading.outcome === 'ok') {
      if ('generation' in reading) {
        if (ref.kind === 'temporary')
          ledger.sawGeneration(ref.subject, reading.generation, askedAtMs)
      } else if (reading.revoked) {
        ledger.sawRevoked(ref, askedAtMs)
      }
    }
  }

  function tell({ family: { ref }, strikes }: WatchTarget, outcome: WatchOutcome): void {
    if (outcome === 'ok') {
      hasRead = true
    } else if (outcome === 'forbidden' && strikes === 1) {
      const level = forbidden ? 'debug' : 'warn'
      forbidden = true
      const what = ref.kind === 'named' ? 'a named token' : 'a subject'
      const rest = 'it is tried ever more seldom, and others like it are only counted'
      logger[level](nameOf(ref), `the watch token may not read ${what}; ${rest}`)
    } else if (
      outcome === 'unauthorized' &&
      clock.monotonic() - unauthorizedLoggedAtMs >= UNAUTHORIZED_LOG_MS
    ) {
      unauthorizedLoggedAtMs = clock.monotonic()
      logger.error({}, 'Onezone does not accept the watch token; replace it')
    }
  }

  function trouble(): keyof typeof TROUBLES | null {
    if (pace.trouble === 'unauthorized') return 'unauthorized'
    if (!mayRead()) return 'breaker'
    return pace.trouble ?? (forbidden && !hasRead ? 'forbidden' : null)
  }

  function report(facts: Readonly<Record<string, unknown>>): void {
    const reason = trouble()
    if (reason === reported) return
    reported = reason
    if (reason === null) {
      logger.info({ watch: 'active' }, 'the watch sees revocations again')
      return
    }
    const until = `revocations are seen within ${options.stalenessBoundMs} ms`
    logger.warn(
      { watch: 'degraded', reason, ...facts },
      `the watch sees nothing at the moment, since ${TROUBLES[reason]}; ${until}`,
    )
  }

  let cancel = schedule(intervalMs / STEPS_PER_INTERVAL, look)
  logger.info(
    { watch: 'active', intervalMs },
    `the watch reads generations and statuses of the families in use every ${intervalMs} ms`,
  )
  return {
    confirmed: (family) => roster.confirmed(family),
    get state() {
      return trouble() === null ? 'active' : 'degraded'
    },
    close() {
      closed = true
      due = []
      cancel()
    },
  }
}

function factsOf(error: unknown): Readonly<Record<string, unknown>> {
  return error instanceof OnegateError ? { code: error.code } : { err: error }
}

function nameOf(ref: FamilyRef): Readonly<Record<string, unknown>> {
  return ref.kind === 'named'
    ? { tokenId: ref.tokenId }
    : { subject: serializeSubject(ref.subject) }
}
