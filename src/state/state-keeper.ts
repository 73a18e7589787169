import type { Clock, Schedule } from '../clock.ts'
import type { MetricsSnapshot } from '../metrics/index.ts'
import { betterNodeThan } from '../package-version.ts'
import type { Sliced } from '../slices.ts'
import { inSlices } from '../slices.ts'
import type { Figures } from './figures.ts'
import { readFigures } from './figures.ts'
import { quantileMs } from './quantile.ts'
import { rounded, roundedOrNull, createSampleRing } from './sample-ring.ts'
import { readSigns, worstOf } from './signs.ts'
import type { RefusalLine, ReloadState, RouteState, State, UpstreamStanding } from './state.ts'

/** What does not come from the figures: what the gateway is, and by what it works now. */
export interface GatewayFacts {
  readonly listeners: State['listeners']
  readonly unreadiness: string | null
  readonly verifier: { readonly type: string; readonly url: string }
  /** Null where one process does all. */
  readonly workers: number | null
  readonly routes: readonly Pick<RouteState, 'id' | 'path' | 'hosts' | 'methods' | 'token'>[]
  /** How many connections one process may have to an upstream, by route. */
  readonly maxConnections: ReadonlyMap<string, number>
  readonly reload: ReloadState['last']
}

/** Options of {@link keepState}. */
export interface StateKeeperOptions {
  readonly version: string
  /** The figures of all processes. */
  readonly snapshot: () => Promise<MetricsSnapshot>
  /** Who is asked: its metrics bear its name. */
  readonly backend: () => string
  /** Wanted only where somebody looks: to gather them takes long where there are thousands of routes. */
  readonly facts: () => GatewayFacts
  /** The configuration in force, fit to be shown; likewise. */
  readonly configuration: () => Promise<unknown>
  /** Where its settings were given; null where that is not known. */
  readonly origins: () => State['origins']
  /** The refusals of late; null where none are to be shown. */
  readonly refusals: () => Promise<readonly RefusalLine[] | null>
  readonly clock: Clock
  readonly schedule: Schedule
}

/** Keeps what operators look at. */
export interface StateKeeper {
  /** Computed at most once a second; others get the same. */
  read(): Promise<State>
  close(): void
}

/** 15 minutes of samples; of the last minute everything is kept. */
const SAMPLE_MS = 5_000
const MOST_SAMPLES = 180
const RECENT_SAMPLES = 12
/** For how long one reading serves all who look. */
const READING_MS = 1_000

const BREAKER = ['closed', 'half-open', 'open'] as const

/** Begins to take samples. */
export function keepState(options: StateKeeperOptions): StateKeeper {
  const { version, snapshot, backend, facts, configuration, origins, refusals } = options
  const { clock, schedule } = options
  const startedAt = new Date(clock.now()).toISOString()
  const ring = createSampleRing(SAMPLE_MS, MOST_SAMPLES, RECENT_SAMPLES)
  const lastUsed = new Map<string, string>()
  const standings = new Map<string, { up: boolean; since: string }>()
  let reading: { atMs: number; state: Promise<State> } | null = null
  let cancel = (): void => {}
  let closed = false

  async function takeSample(): Promise<void> {
    try {
      const figures = await inSlices(readFigures(await snapshot(), backend()))
      await inSlices(notice(figures))
      ring.take({ atMs: clock.now(), monotonicMs: clock.monotonic(), figures })
    } catch {
      // A sample that cannot be taken is a gap; what is wrong shows where it is looked at.
    }
    if (!closed) cancel = schedule(SAMPLE_MS, () => void takeSample())
  }

  /** Takes note of what has changed since the last sample. */
  function* notice(figures: Figures): Sliced<void> {
    const now = new Date(clock.now()).toISOString()
    const before = ring.last?.figures
    for (const [id, { requests }] of figures.routes) {
      yield
      if (requests > (before?.routes.get(id)?.requests ?? 0)) lastUsed.set(id, now)
    }
    const there = new Set<string>()
    for (const { route, url, up } of figures.upstreams) {
      yield
      const key = `${route} ${url}`
      there.add(key)
      const known = standings.get(key)
      if (known?.up !== up) standings.set(key, { up, since: known === undefined ? startedAt : now })
    }
    for (const key of standings.keys()) if (!there.has(key)) standings.delete(key)
  }

  async function compute(): Promise<State> {
    const figures = await inSlices(readFigures(await snapshot(), backend()))
    await inSlices(notice(figures))
    const shown = await refusals()
    const configured = await configuration()
    const known = facts()
    const nowMs = clock.now()
    const reload: ReloadState = {
      appliedAt: isoOf(figures.appliedAt) ?? startedAt,
      last: known.reload,
    }
    const signs = readSigns({
      figures,
      nowMs,
      unreadiness: known.unreadiness,
      backend: known.verifier.type,
      workersWanted: known.workers,
      reload,
    })
    const earlier = ring.earlier
    const answered = Math.max(figures.lastCalls.ok, figures.lastCalls.refused)
    return {
      at: new Date(nowMs).toISOString(),
      startedAt,
      version,
      node: {
        version: process.versions.node,
        supported: betterNodeThan(process.versions.node) === null,
      },
      listeners: known.listeners,
      workers:
        known.workers === null
          ? null
          : { ready: figures.workers, wanted: known.workers, restarts: figures.workerRestarts },
      ready: known.unreadiness === null,
      unreadiness: known.unreadiness,
      health: worstOf(signs),
      signs,
      verifier: {
        backend: known.verifier.type,
        url: known.verifier.url,
        breaker: BREAKER[figures.breaker] ?? 'closed',
        calls: figures.calls,
        lastAnswerAt: isoOf(answered),
        lastFaultAt: isoOf(figures.lastCalls.fault),
        ...quantilesOf(figures.callDurations, earlier?.figures.callDurations),
        clockOffsetMs: rounded(figures.clockOffsetMs),
      },
      verdicts: {
        ...figures.verdicts,
        bySource: figures.bySource,
        staleness: {
          greatestMs: rounded(Math.max(figures.greatestStalenessMs, ring.greatestStalenessMs)),
          boundMs: figures.stalenessBoundMs,
        },
        violations: figures.violations,
        known: figures.known,
        openStreams: figures.openStreams,
      },
      routes: routesOf(known, figures),
      upstreams: upstreamsOf(known, figures),
      refusals: shown,
      reload,
      samples: ring.read(),
      configuration: configured,
      origins: origins(),
    }
  }

  function routesOf({ routes }: GatewayFacts, figures: Figures): RouteState[] {
    const { earlier } = ring
    const seconds = earlier === null ? 0 : (clock.monotonic() - earlier.monotonicMs) / 1000
    const unmatched = { id: 'unmatched', path: '', hosts: null, methods: null, token: '' }
    // What took no route, and what took one that is there no more, is counted too.
    const gone = [...figures.routes.keys()].filter((id) => routes.every((route) => route.id !== id))
    const others = gone.map((id) => ({ ...unmatched, id }))
    return [...routes, ...others].map((route) => {
      const counted = figures.routes.get(route.id)
      const before = earlier?.figures.routes.get(route.id)
      const requests = counted?.requests ?? 0
      const since = requests - (before?.requests ?? 0)
      return {
        ...route,
        requests,
        status4xx: counted?.status4xx ?? 0,
        status5xx: counted?.status5xx ?? 0,
        refusals: counted?.refusals ?? {},
        perSecond: seconds <= 0 ? 0 : rounded(since / seconds),
        ...quantilesOf(counted?.durations, before?.durations),
        lastUsedAt: lastUsed.get(route.id) ?? null,
      }
    })
  }

  function upstreamsOf({ maxConnections }: GatewayFacts, figures: Figures): UpstreamStanding[] {
    return figures.upstreams.map(({ route, url, up }) => ({
      route,
      url,
      up,
      since: standings.get(`${route} ${url}`)?.since ?? startedAt,
      maxConnections: maxConnections.get(route) ?? 0,
      requests: figures.routes.get(route)?.upstream ?? {},
    }))
  }

  void takeSample()
  return {
    read() {
      const nowMs = clock.monotonic()
      if (reading === null || nowMs - reading.atMs >= READING_MS) {
        const state = compute()
        reading = { atMs: nowMs, state }
        // The next one who looks tries again.
        state.catch(() => (reading = null))
      }
      return reading.state
    },
    close() {
      closed = true
      cancel()
    },
  }
}

function quantilesOf(
  now: Figures['durations'] | undefined,
  before: Figures['durations'] | undefined,
): { p50Ms: number | null; p99Ms: number | null } {
  const quantile = (part: number): number | null =>
    now === undefined ? null : roundedOrNull(quantileMs(part, now, before ?? null))
  return { p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
}

/** @param seconds Since 1970; 0: never. */
function isoOf(seconds: number): string | null {
  return seconds <= 0 ? null : new Date(seconds * 1000).toISOString()
}
