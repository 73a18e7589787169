import type { FamilyRecord, FamilyWatchOptions } from '../revocation/index.ts'
import type { OptionKind } from '../option-shape.ts'
import { group, textLike, wholeNumbers } from '../option-shape.ts'
import { createFamilyWatch } from '../revocation/index.ts'
import type { Backend } from '../verifier/index.ts'

/** How revocations are looked out for between verifications. */
export interface WatchOptions {
  /**
   * Access token of whoever may read the generations and named token statuses of the users that come here: an
   * administrator with `oz_tokens_manage`, or a Oneprovider that supports them (Onezone API, §7.2). It needs no caveats
   * of service or data access, since with those Onezone refuses all of this (§4.4).
   */
  readonly token: string
  /**
   * How often each subject and each named token in use is read, in milliseconds, give or take a tenth; 250 to 300 000,
   * and less than `maxStalenessMs`, without which it would find nothing first.
   *
   * @default 2_000
   */
  readonly intervalMs?: number | undefined
  /** How many readings may be under way at once, over connections of their own; 1 to 64. @default 8 */
  readonly concurrency?: number | undefined
}

/** What is used where an option is left out. */
export const WATCH_DEFAULTS = { intervalMs: 2_000, concurrency: 8 } as const

/** The least and the most that a number may be. */
export const WATCH_RANGES = { intervalMs: [250, 300_000], concurrency: [1, 64] } as const

/** What watch options may be. */
export const WATCH_OPTIONS: OptionKind = group<WatchOptions>({
  token: textLike(/^[\x21-\x7e]+$/, 'a token: printable ASCII without spaces'),
  ...wholeNumbers(WATCH_RANGES),
})

/** `off`: there is no watch token; `degraded`: the watch sees nothing at the moment, or may read nothing. */
export type WatchState = 'off' | 'active' | 'degraded'

/** Options of {@link startRevocationWatch}. */
export interface RevocationWatchOptions extends Omit<
  FamilyWatchOptions,
  'client' | 'token' | 'intervalMs' | 'concurrency'
> {
  readonly watch: WatchOptions | undefined
  readonly openSource: Backend['openWatch']
  readonly maxStalenessMs: number
}

/** A watch, or none. */
export interface RevocationWatch {
  /** Takes note that Onezone accepted a token of the family. */
  confirmed(family: FamilyRecord): void
  readonly state: WatchState
  /** Stops at once; connections on which a reading is under way go when it ends. */
  close(): void
}

/**
 * Starts the watch where there is a token for it, and says in the log which of the two keeps the promise.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function startRevocationWatch(options: RevocationWatchOptions): RevocationWatch {
  const { watch, logger, maxStalenessMs } = options
  if (watch === undefined) {
    logger.info(
      { watch: 'off', maxStalenessMs },
      `no watch token: revocations are seen within ${maxStalenessMs} ms`,
    )
    return { confirmed: () => {}, state: 'off', close: () => {} }
  }
  if (options.openSource === null) {
    throw new TypeError('"watch" is given, but this verifier has nothing that a watch could read')
  }
  const { token, intervalMs, concurrency } = resolveWatch(watch, maxStalenessMs)
  // Connections of its own, so that a reading neither waits for a verification nor takes the place of one.
  const client = options.openSource(concurrency)
  const familyWatch = createFamilyWatch({ ...options, client, token, intervalMs, concurrency })
  return {
    confirmed: (family) => familyWatch.confirmed(family),
    get state() {
      return familyWatch.state
    },
    close() {
      familyWatch.close()
      void client.close()
    },
  }
}

function resolveWatch(watch: WatchOptions, maxStalenessMs: number) {
  const { intervalMs, concurrency } = WATCH_DEFAULTS
  const resolved = {
    token: watch.token,
    intervalMs: watch.intervalMs ?? intervalMs,
    concurrency: watch.concurrency ?? concurrency,
  }
  if (resolved.token === undefined) throw new TypeError('"watch.token" must be given')
  if (resolved.intervalMs >= maxStalenessMs) {
    throw new TypeError(
      '"watch.intervalMs" must be less than "maxStalenessMs": otherwise the watch finds nothing first',
    )
  }
  return resolved
}
