import type { AuthenticationRequest, Decision, Granted } from '../authenticator/index.ts'
import type { Clock, Schedule } from '../clock.ts'
import { systemSchedule } from '../clock.ts'
import { createWallClockStep } from '../wall-clock-step.ts'
import type { StreamEnd, StreamEvent, StreamKind } from './events.ts'

/** How often open streams are verified again. */
export interface StreamOptions {
  /** A stream's token is asked about again before its fact is this old, in milliseconds. @default 10_000 */
  readonly intervalMs?: number | undefined
  /**
   * No stream carries anything on a fact older than this, in milliseconds; `intervalMs` or more. @default intervalMs
   */
  readonly boundMs?: number | undefined
  /**
   * What is known of a stream's token meanwhile is looked at this often, in milliseconds; so its family stays in use,
   * and whoever watches families in use goes on to watch it. @default Infinity (not at all)
   */
  readonly glanceMs?: number | undefined
  /** A number from 0 to 1, for jitter. @default Math.random */
  readonly random?: (() => number) | undefined
  /** Sets the timers. @default timers that do not keep the process alive */
  readonly schedule?: Schedule | undefined
}

/** Something that goes on carrying bytes long after it was granted. */
export interface Stream {
  /** Carries nothing more until it is released. */
  hold(): void
  release(): void
  /**
   * Ends, as its protocol has it. Nothing is carried after `patienceMs`, which are for coming to a place where it can
   * end well.
   *
   * @param reason A word for the client, of a bounded set.
   */
  end(why: StreamEnd, reason: string, patienceMs: number): void
}

/** The right to go on, and how to have it confirmed. */
export interface Lease {
  /** Monotonic time in milliseconds at which the question behind the grant was sent. */
  readonly askedAtMs: number
  /** When the token's own time ends, in unix seconds by Onezone's clock; null: never. */
  readonly expiresAt: number | null
  renew(maxFactAgeMs?: number): Decision | Promise<Decision>
}

/** All streams that are open. */
export interface OpenStreams {
  /**
   * Takes a stream into care.
   *
   * @param lease Null: nobody was verified, so there is nothing to verify again.
   * @returns What to call when it has ended by itself. Later calls, and those after `end`, do nothing.
   */
  open(
    stream: Stream,
    about: { kind: StreamKind; routeId: string },
    lease: Lease | null,
  ): (why: StreamEnd) => void
  /** Somebody turned out to be dead, or was taken back: asks about all of them again, soon. */
  recheck(): void
  /** Ends all of them, and those that are opened from now on, each at some moment within so many milliseconds. */
  drain(withinMs: number): void
}

/** When a stream is asked about anew, as a part of the interval; the spread keeps streams from ending all at once. */
const RENEW_FROM = 0.6
const RENEW_SPREAD = 0.1

/** A fact of this part of the interval is new enough for that, whoever asked for it. */
const NEW_ENOUGH = 0.5

/** When a stream is looked at, as a part of `glanceMs`. */
const GLANCE_FROM = 0.8
const GLANCE_SPREAD = 0.1

/** While a stream is open, it is looked this often whether the machine was suspended. */
const SUSPENSION_LOOK_MS = 1_000
/** By then those who remember facts have seen it, too. */
const UNTIL_ALL_KNOW_MS = 150

/** How soon a question that told nothing is asked again. */
const RETRY_AFTER = 0.05

/** Over which time what happens to many streams at once is spread, at most. */
const MOST_SPREAD_MS = 500

/** What is kept of the bound for ending well, as a part of it and at most. */
const PATIENCE = 0.05
const MOST_PATIENCE_MS = 500

interface Entry {
  readonly stream: Stream
  readonly kind: StreamKind
  readonly routeId: string
  readonly lease: Lease | null
  /** When the question behind the last grant was sent. */
  askedAtMs: number
  asking: boolean
  held: boolean
  over: boolean
  cancel: () => void
}

/** What {@link createOpenStreams} needs besides. */
export interface OpenStreamsOptions extends StreamOptions {
  readonly clock: Clock
  /** Told when a stream begins and when it has ended. */
  readonly onStream: (event: StreamEvent) => void
}

/**
 * Keeps the promise of the verdict model for whatever stays open: **nothing is carried later than `boundMs` after a
 * revocation.**
 *
 * Each stream rests on a yes of Onezone whose question was sent at some moment `asked`. That yes proves that the family
 * lived at `asked` or later, so a revocation that it did not see came after `asked`. It follows that a stream which
 * stops at `asked + boundMs`, unless it got a yes to a later question before, carries nothing at or after `revoked +
 * boundMs`. This is that rule, and nothing else here matters for it: `deadlineOf` is `asked + boundMs` less what it
 * takes to end well; no timer of a stream is ever set beyond it; and at it, a stream is ended, or is held while the
 * last question is under way. What the answer says decides, a silence counts as a no. A late answer, a fault, and a yes
 * to an old question move no deadline.
 *
 * The rest is about not ending streams in vain. A stream is asked about anew at 60 to 70 % of `intervalMs`, and takes a
 * fact of at most half of it: one question serves all streams and requests of a family, and leaves Onezone its whole
 * time-out to answer. With `boundMs` above `intervalMs` (`staleIfErrorMs`), revocations are still seen within the
 * interval while Onezone answers.
 *
 * While a machine is suspended, its monotonic clock stands still: all grants are older by that then, and asked about at
 * once.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createOpenStreams(options: OpenStreamsOptions): OpenStreams {
  const { intervalMs, boundMs, glanceMs, random, schedule } = resolveStreams(options)
  const { clock, onStream } = options
  const mostPatienceMs = Math.min(boundMs * PATIENCE, MOST_PATIENCE_MS)
  const retryMs = intervalMs * RETRY_AFTER
  const spreadMs = Math.min(retryMs, MOST_SPREAD_MS)
  const entries = new Set<Entry>()
  const wallClockStep = createWallClockStep(clock)
  let cancelLook: (() => void) | null = null
  let sweepPlanned = false
  let drainWithinMs: number | null = null

  const deadlineOf = (entry: Entry): number => entry.askedAtMs + boundMs - mostPatienceMs

  function planAt(entry: Entry, atMs: number, run: () => void): void {
    entry.cancel()
    entry.cancel = schedule(Math.max(0, atMs - clock.monotonic()), run)
  }

  function planRenewal(entry: Entry): void {
    const nowMs = clock.monotonic()
    const renewAtMs = entry.askedAtMs + intervalMs * (RENEW_FROM + RENEW_SPREAD * random())
    const soonMs = nowMs + retryMs * (0.5 + random() / 2)
    const glanceAtMs = nowMs + glanceMs * (GLANCE_FROM + GLANCE_SPREAD * random())
    const atMs = Math.min(Math.max(renewAtMs, soonMs), endOfToken(entry, nowMs), glanceAtMs)
    planAt(entry, Math.min(atMs, deadlineOf(entry)), () => renew(entry))
  }

  /** When the token's own time has ended, a little spread; Infinity where it never does, or should have by now. */
  function endOfToken({ lease }: Entry, nowMs: number): number {
    const restMs = (lease?.expiresAt ?? Infinity) * 1000 - clock.now()
    return restMs > 0 ? nowMs + restMs + spreadMs * random() : Infinity
  }

  function renew(entry: Entry): void {
    if (entry.over || entry.asking || entry.lease === null) return
    entry.cancel()
    const isDue = clock.monotonic() - entry.askedAtMs >= intervalMs * RENEW_FROM
    const answer = entry.lease.renew(isDue ? intervalMs * NEW_ENOUGH : undefined)
    if (!(answer instanceof Promise)) return conclude(entry, answer)
    entry.asking = true
    if (clock.monotonic() >= deadlineOf(entry)) hold(entry)
    else planAt(entry, deadlineOf(entry), () => hold(entry))
    const settle = (decision: Decision | null): void => {
      entry.asking = false
      conclude(entry, decision)
    }
    answer.then(settle, () => settle(null))
  }

  /** @param decision Null: nobody could say. */
  function conclude(entry: Entry, decision: Decision | null): void {
    if (entry.over) return
    if (decision?.outcome === 'granted') {
      entry.askedAtMs = Math.max(entry.askedAtMs, decision.askedAtMs ?? -Infinity)
    } else if (decision !== null && !isUnsure(decision)) {
      return end(entry, 'refused', decision.answer.code)
    }
    if (clock.monotonic() >= deadlineOf(entry)) {
      return end(entry, 'unverified', 'verifier_unavailable')
    }
    if (entry.held) {
      entry.held = false
      entry.stream.release()
      // What was held back may have been the rest of it.
      if (!entries.has(entry)) return
    }
    if (drainWithinMs === null) planRenewal(entry)
  }

  function hold(entry: Entry): void {
    entry.held = true
    entry.stream.hold()
    planAt(entry, clock.monotonic() + intervalMs, () =>
      end(entry, 'unverified', 'verifier_unavailable'),
    )
  }

  function end(entry: Entry, why: StreamEnd, reason: string): void {
    if (entry.over) return
    const restMs = entry.askedAtMs + boundMs - clock.monotonic()
    forget(entry, why)
    entry.stream.end(why, reason, entry.held ? 0 : Math.min(Math.max(0, restMs), mostPatienceMs))
  }

  function forget(entry: Entry, why: StreamEnd): void {
    if (entry.over) return
    entry.over = true
    entry.cancel()
    entries.delete(entry)
    if (entries.size === 0) {
      cancelLook?.()
      cancelLook = null
    }
    onStream({ kind: entry.kind, routeId: entry.routeId, phase: 'ended', why })
  }

  function planLook(): void {
    cancelLook = schedule(SUSPENSION_LOOK_MS, () => {
      const sleptMs = wallClockStep()
      planLook()
      if (sleptMs > 0) schedule(UNTIL_ALL_KNOW_MS, () => wake(sleptMs))
    })
  }

  function wake(sleptMs: number): void {
    for (const entry of entries) {
      entry.askedAtMs -= sleptMs
      if (drainWithinMs !== null) planEnd(entry, drainWithinMs)
      else if (!entry.asking) planSoon(entry)
      else if (!entry.held) planAt(entry, deadlineOf(entry), () => hold(entry))
    }
  }

  function planSoon(entry: Entry): void {
    const atMs = clock.monotonic() + spreadMs * random()
    planAt(entry, Math.min(atMs, deadlineOf(entry)), () => renew(entry))
  }

  function planEnd(entry: Entry, withinMs: number): void {
    const atMs = clock.monotonic() + withinMs * random()
    planAt(entry, Math.min(atMs, deadlineOf(entry)), () => end(entry, 'draining', 'draining'))
  }

  return {
    open(stream, { kind, routeId }, lease) {
      const entry: Entry = {
        stream,
        kind,
        routeId,
        lease,
        askedAtMs: lease?.askedAtMs ?? Infinity,
        asking: false,
        held: false,
        over: false,
        cancel: () => {},
      }
      entries.add(entry)
      if (lease !== null && cancelLook === null) {
        wallClockStep()
        planLook()
      }
      onStream({ kind, routeId, phase: 'begun' })
      if (drainWithinMs !== null) planEnd(entry, drainWithinMs)
      // The upstream may have taken its time before it began to stream.
      else if (clock.monotonic() >= deadlineOf(entry)) renew(entry)
      else if (lease !== null) planRenewal(entry)
      return (why) => forget(entry, why)
    },
    recheck() {
      if (sweepPlanned || drainWithinMs !== null) return
      sweepPlanned = true
      schedule(spreadMs / 2, () => {
        sweepPlanned = false
        for (const entry of entries) {
          if (entry.lease !== null && !entry.asking && drainWithinMs === null) planSoon(entry)
        }
      })
    },
    drain(withinMs) {
      drainWithinMs = withinMs
      for (const entry of entries) planEnd(entry, withinMs)
    },
  }
}

function resolveStreams(given: StreamOptions) {
  const { intervalMs = 10_000, random = Math.random, schedule = systemSchedule } = given
  const { boundMs = intervalMs, glanceMs = Infinity } = given
  if (!(intervalMs > 0 && intervalMs < 2 ** 31)) {
    throw new TypeError('"streams.intervalMs" must be a number of milliseconds, more than 0')
  }
  if (!(boundMs >= intervalMs)) {
    throw new TypeError('"streams.boundMs" must not be less than "streams.intervalMs"')
  }
  if (!(glanceMs > 0)) {
    throw new TypeError('"streams.glanceMs" must be a number of milliseconds, more than 0')
  }
  return { intervalMs, boundMs, glanceMs, random, schedule }
}

/** The right to go on with what was granted to a request; null where nobody was verified. */
export function leaseOf(
  { identity, askedAtMs }: Granted,
  request: AuthenticationRequest,
  authenticate: (request: AuthenticationRequest) => Decision | Promise<Decision>,
): Lease | null {
  if (identity === null || askedAtMs === null) return null
  return {
    askedAtMs,
    expiresAt: identity.token.expiresAt,
    renew: (maxFactAgeMs) => authenticate({ ...request, maxFactAgeMs }),
  }
}

/** Whether nobody could say, so that it may be otherwise the next time. */
function isUnsure(decision: Exclude<Decision, Granted>): boolean {
  return decision.answer.status >= 500 || decision.answer.status === 429
}
