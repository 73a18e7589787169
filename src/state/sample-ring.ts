import type { Figures } from './figures.ts'
import { quantileMs } from './quantile.ts'
import type { Samples } from './state.ts'

/** The figures of one moment. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** Of a clock that never goes back. */
  readonly monotonicMs: number
  readonly figures: Figures
}

/** What is kept of one sample: a row of `Samples`. */
type Sample = {
  readonly [Series in Exclude<keyof Samples, 'intervalMs' | 'at'>]: Samples[Series][number]
} & { readonly at: string }

/** Figures of the last minutes. */
export interface SampleRing {
  /** Takes the figures of now; rates are those since the ones before. */
  take(moment: Moment): void
  /** The figures of about a minute ago; null: there are none but the last ones. */
  readonly earlier: Moment | null
  readonly last: Moment | null
  /** The greatest staleness of all samples. */
  readonly greatestStalenessMs: number
  read(): Samples
}

/** Sources of verdicts for which nobody had to be asked. */
const UNASKED = ['local', 'cache', 'stale']

/**
 * Makes a ring: of each sample a few numbers are kept, of the last minute everything.
 *
 * @param most How many samples are kept.
 * @param recent Of how many of them everything is kept.
 */
export function createSampleRing(intervalMs: number, most: number, recent: number): SampleRing {
  const samples: Sample[] = []
  const moments: Moment[] = []
  const series = <Name extends keyof Sample>(name: Name): Sample[Name][] =>
    samples.map((sample) => sample[name])
  return {
    take(moment) {
      const before = moments.at(-1)
      moments.push(moment)
      if (moments.length > recent + 1) moments.shift()
      // The first figures are of no span of time.
      if (before === undefined) return
      samples.push(sampleOf(moment, before))
      if (samples.length > most) samples.shift()
    },
    get earlier() {
      return moments.length > 1 ? (moments[0] ?? null) : null
    },
    get last() {
      return moments.at(-1) ?? null
    },
    get greatestStalenessMs() {
      return Math.max(0, ...series('stalenessMs'))
    },
    read: () => ({
      intervalMs,
      at: series('at'),
      requestsPerSecond: series('requestsPerSecond'),
      grantedPerSecond: series('grantedPerSecond'),
      refusedPerSecond: series('refusedPerSecond'),
      faultsPerSecond: series('faultsPerSecond'),
      questionsPerSecond: series('questionsPerSecond'),
      unasked: series('unasked'),
      stalenessMs: series('stalenessMs'),
      p50Ms: series('p50Ms'),
      p99Ms: series('p99Ms'),
      questionP99Ms: series('questionP99Ms'),
      openStreams: series('openStreams'),
      breaker: series('breaker'),
    }),
  }
}

function sampleOf(now: Moment, before: Moment): Sample {
  const [a, b] = [before.figures, now.figures]
  const seconds = Math.max(0.001, (now.monotonicMs - before.monotonicMs) / 1000)
  const rate = (from: number, to: number): number => rounded(Math.max(0, to - from) / seconds)
  const unaskedOf = ({ bySource }: Figures): number =>
    UNASKED.reduce((total, source) => total + (bySource[source] ?? 0), 0)
  const all = allOf(b.bySource) - allOf(a.bySource)
  return {
    at: new Date(now.atMs).toISOString(),
    requestsPerSecond: rate(a.requests, b.requests),
    grantedPerSecond: rate(a.verdicts.granted, b.verdicts.granted),
    refusedPerSecond: rate(a.verdicts.refused, b.verdicts.refused),
    faultsPerSecond: rate(a.verdicts.fault, b.verdicts.fault),
    questionsPerSecond: rate(allOf(a.calls), allOf(b.calls)),
    unasked: all <= 0 ? null : rounded((unaskedOf(b) - unaskedOf(a)) / all),
    stalenessMs: rounded(b.greatestStalenessMs),
    p50Ms: roundedOrNull(quantileMs(0.5, b.durations, a.durations)),
    p99Ms: roundedOrNull(quantileMs(0.99, b.durations, a.durations)),
    questionP99Ms: roundedOrNull(quantileMs(0.99, b.callDurations, a.callDurations)),
    openStreams: b.openStreams,
    breaker: b.breaker,
  }
}

/** All of a group of counts. */
export function allOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** To three places. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

export function roundedOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value)
}
