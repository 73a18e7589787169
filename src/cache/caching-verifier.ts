import { LRUCache } from 'lru-cache'

import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { silentLogger } from '../logger.ts'
import { shielded } from '../observer.ts'
import type {
  Accepted,
  Refused,
  Verification,
  VerificationRequest,
  Verifier,
} from '../verifier/index.ts'
import { isAccepted } from '../verifier/index.ts'
import { cacheKey } from './cache-key.ts'

/** Where verdicts are kept: what was granted, and what was refused. */
export type VerdictStore = 'grants' | 'refusals'

/** Options of {@link withCache}. */
export interface CacheOptions {
  /**
   * How old the question behind a grant may be, in milliseconds. Integer, 1 or more. A grant never outlives its token.
   *
   * @default 10_000
   */
  readonly maxStalenessMs?: number | undefined
  /**
   * How long a refusal is remembered, in milliseconds. Integer, 0 or more; 0 remembers none. Faults are no refusals
   * and are never remembered.
   *
   * @default 2_000
   */
  readonly negativeTtlMs?: number | undefined
  /** How many grants are kept, in entries; about 1 KiB each. @default 50_000 */
  readonly maxTokens?: number | undefined
  /** How many refusals are kept, in entries, apart from the grants, which they can never push out. @default 10_000 */
  readonly maxRefusals?: number | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** Told when a verdict had to go although it was still good, because its store was full. */
  readonly onEviction?: ((store: VerdictStore) => void) | undefined
}

/** A verifier that remembers. */
export interface CachingVerifier extends Verifier {
  /** How many verdicts a store holds; some may have run out already. */
  entries(store: VerdictStore): number
}

interface Entry {
  /** The answer as later callers get it. */
  readonly verification: Verification
  /** Monotonic time in milliseconds from which it must not be used. */
  readonly goodUntilMs: number
}

/**
 * Asks `inner` once per key and remembers: callers that come while a question is under way share its answer, whatever
 * becomes of the one who asked first. Time runs from the moment a question was **sent**, never from its last use.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function withCache(inner: Verifier, options: CacheOptions = {}): CachingVerifier {
  const { clock = systemClock, logger = silentLogger } = options
  const onEviction = shielded(options.onEviction, 'the cache', logger)
  const maxStalenessMs = wholeNumber('maxStalenessMs', options.maxStalenessMs ?? 10_000, 1)
  const negativeTtlMs = wholeNumber('negativeTtlMs', options.negativeTtlMs ?? 2_000, 0)

  const createStore = (store: VerdictStore, max: number): LRUCache<string, Entry> =>
    new LRUCache({
      max,
      dispose: (entry, _key, reason) => {
        if (reason === 'evict' && clock.monotonic() < entry.goodUntilMs) onEviction(store)
      },
    })
  const stores: Record<VerdictStore, LRUCache<string, Entry>> = {
    grants: createStore('grants', wholeNumber('maxTokens', options.maxTokens ?? 50_000, 1)),
    refusals: createStore('refusals', wholeNumber('maxRefusals', options.maxRefusals ?? 10_000, 1)),
  }
  const underWay = new Map<string, Promise<Verification>>()

  const find = (key: string): Verification | null => {
    const entry = stores.grants.get(key) ?? stores.refusals.get(key)
    return entry !== undefined && clock.monotonic() < entry.goodUntilMs ? entry.verification : null
  }

  const lifeOf = (verdict: Accepted, request: VerificationRequest): number => {
    // Onezone counts whole seconds; by our own clock the end is exact, and the smaller of the two is safe.
    const ends = [request.token.validUntil, request.consumerToken?.validUntil ?? null]
    const ours = ends.map((end) => (end === null ? Infinity : end * 1000 - clock.now()))
    const sinceAskedMs = clock.monotonic() - verdict.askedAtMs
    return Math.min(
      maxStalenessMs,
      (verdict.ttlSeconds ?? Infinity) * 1000,
      sinceAskedMs + Math.min(...ours),
    )
  }

  const keep = (key: string, verdict: Accepted | Refused, request: VerificationRequest): void => {
    const accepted = isAccepted(verdict)
    const goodUntilMs = verdict.askedAtMs + (accepted ? lifeOf(verdict, request) : negativeTtlMs)
    const [store, other] = accepted
      ? [stores.grants, stores.refusals]
      : [stores.refusals, stores.grants]
    other.delete(key)
    if (clock.monotonic() >= goodUntilMs) store.delete(key)
    else store.set(key, { verification: Object.freeze({ verdict, source: 'cache' }), goodUntilMs })
  }

  const ask = async (key: string, request: VerificationRequest): Promise<Verification> => {
    try {
      const verification = await inner.verify(request)
      keep(key, verification.verdict, request)
      return verification
    } finally {
      underWay.delete(key)
    }
  }

  return {
    verify(request) {
      const key = cacheKey(request)
      const known = find(key)
      if (known !== null) return known
      const shared = underWay.get(key)
      if (shared !== undefined) {
        return shared.then(({ verdict }) => ({ verdict, source: 'coalesced' }))
      }
      const asked = ask(key, request)
      underWay.set(key, asked)
      return asked
    },
    entries: (store) => stores[store].size,
    close: () => inner.close(),
  }
}

function wholeNumber(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new TypeError(`"${name}" must be a whole number, ${least} or more`)
  }
  return value
}
