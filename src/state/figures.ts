import type { MetricsSnapshot } from '../metrics/index.ts'
import type { Sliced } from '../slices.ts'

type Values = MetricsSnapshot[number]['values']

/** How long things took: how many took at most so long, in seconds, rising; the last bound is endless. */
export interface Durations {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
}

/** What was counted for one route. */
export interface RouteFigures {
  readonly requests: number
  readonly status4xx: number
  readonly status5xx: number
  readonly refusals: Readonly<Record<string, number>>
  readonly upstream: Readonly<Record<string, number>>
  readonly durations: Durations
}

/** The figures of `/metrics` at one moment, by what they mean. Counts are since the start. */
export interface Figures {
  readonly routes: ReadonlyMap<string, RouteFigures>
  readonly requests: number
  readonly durations: Durations
  readonly verdicts: Readonly<Record<'granted' | 'refused' | 'fault', number>>
  readonly bySource: Readonly<Record<string, number>>
  readonly calls: Readonly<Record<'ok' | 'refused' | 'fault', number>>
  readonly callDurations: Durations
  /** Seconds since 1970; 0: never. */
  readonly lastCalls: Readonly<Record<'ok' | 'refused' | 'fault', number>>
  readonly violations: number
  readonly greatestStalenessMs: number
  readonly stalenessBoundMs: number
  readonly known: Readonly<Record<'families' | 'grants' | 'refusals', number>>
  readonly openStreams: number
  readonly breaker: number
  readonly watch: number
  readonly clockOffsetMs: number
  readonly workers: number
  readonly workerRestarts: number
  /** The first of them, in seconds since 1970; null: there is no TLS. */
  readonly certificateEnds: number | null
  readonly appliedAt: number
  readonly insecureSettings: readonly string[]
  readonly upstreams: readonly {
    readonly route: string
    readonly url: string
    readonly up: boolean
  }[]
}

/** Reads the figures of a snapshot, in slices. @param backend Who is asked: its metrics bear its name. */
export function* readFigures(snapshot: MetricsSnapshot, backend: string): Sliced<Figures> {
  const byName = new Map<string, Values>(snapshot.map(({ name, values }) => [name, values]))
  const of = (name: string): Values => byName.get(`onegate_${name}`) ?? []
  const asked = backend.replaceAll('-', '_')
  const sum = (name: string): number => of(name).reduce((total, { value }) => total + value, 0)
  const by = (name: string, label: string): Record<string, number> => grouped(of(name), label)
  const outcomes = <Outcome extends string>(
    name: string,
    ...wanted: readonly Outcome[]
  ): Record<Outcome, number> => {
    const found = by(name, 'outcome')
    const pairs = wanted.map((outcome) => [outcome, found[outcome] ?? 0])
    return Object.fromEntries(pairs) as Record<Outcome, number>
  }
  const entries = by('cache_entries', 'store')
  const certificates = of('tls_certificate_expiry_seconds').map(({ value }) => value)
  const routes = yield* readRoutes(of)
  const durations = durationsOf(of('request_duration_seconds'))
  yield
  return {
    routes,
    requests: sum('requests_total'),
    durations,
    verdicts: outcomes('verdicts_total', 'granted', 'refused', 'fault'),
    bySource: grouped(counted(of('verdicts_total')), 'source'),
    calls: outcomes(`${asked}_requests_total`, 'ok', 'refused', 'fault'),
    callDurations: durationsOf(of(`${asked}_request_duration_seconds`)),
    lastCalls: outcomes(`${asked}_last_call_timestamp_seconds`, 'ok', 'refused', 'fault'),
    violations: sum('staleness_violations_total'),
    greatestStalenessMs: sum('verdict_staleness_greatest_seconds') * 1000,
    stalenessBoundMs: sum('max_staleness_seconds') * 1000,
    known: {
      families: sum('families'),
      grants: entries['grants'] ?? 0,
      refusals: entries['refusals'] ?? 0,
    },
    openStreams: sum('open_streams'),
    breaker: sum('breaker_state'),
    watch: sum('watch_state'),
    clockOffsetMs: sum('onezone_clock_offset_seconds') * 1000,
    workers: sum('workers'),
    workerRestarts: sum('worker_restarts_total'),
    certificateEnds: certificates.length === 0 ? null : Math.min(...certificates),
    appliedAt: sum('config_last_reload_timestamp_seconds'),
    insecureSettings: of('insecure_setting').map(({ labels }) => String(labels['setting'])),
    upstreams: of('upstream_up').map(({ labels, value }) => ({
      route: String(labels['route']),
      url: String(labels['upstream']),
      up: value === 1,
    })),
  }
}

function* readRoutes(of: (name: string) => Values): Sliced<Map<string, RouteFigures>> {
  const requests = apart(counted(of('requests_total')))
  const refusals = apart(counted(of('refusals_total')))
  const upstream = apart(counted(of('upstream_requests_total')))
  yield
  const durations = apart(of('request_duration_seconds'))
  const ids = new Set([...requests.keys(), ...refusals.keys(), ...upstream.keys()])
  const withStatus = (id: string, least: number): number =>
    (requests.get(id) ?? [])
      .filter(({ labels }) => Math.floor(Number(labels['status']) / 100) === least)
      .reduce((total, { value }) => total + value, 0)
  const routes = new Map<string, RouteFigures>()
  for (const id of ids) {
    yield
    routes.set(id, {
      requests: (requests.get(id) ?? []).reduce((total, { value }) => total + value, 0),
      status4xx: withStatus(id, 4),
      status5xx: withStatus(id, 5),
      refusals: grouped(refusals.get(id) ?? [], 'code'),
      upstream: grouped(upstream.get(id) ?? [], 'outcome'),
      durations: durationsOf(durations.get(id) ?? []),
    })
  }
  return routes
}

/** Without what was there from the start and has not happened yet. */
function counted(values: Values): Values {
  return values.filter(({ value }) => value > 0)
}

/** The values of each route apart. */
function apart(values: Values): Map<string, Values> {
  const routes = new Map<string, Values>()
  for (const value of values) {
    const id = String(value.labels['route'])
    const known = routes.get(id)
    if (known === undefined) routes.set(id, [value])
    else known.push(value)
  }
  return routes
}

function grouped(values: Values, label: string): Record<string, number> {
  const sums = new Map<string, number>()
  for (const { labels, value } of values) {
    const key = String(labels[label])
    sums.set(key, (sums.get(key) ?? 0) + value)
  }
  return Object.fromEntries(sums)
}

/** The buckets of a histogram, those of all its labels together. */
function durationsOf(values: Values): Durations {
  const sums = new Map<number, number>()
  for (const { labels, value } of values) {
    if (labels['le'] === undefined) continue
    const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le'])
    sums.set(bound, (sums.get(bound) ?? 0) + value)
  }
  const buckets = [...sums].toSorted(([a], [b]) => a - b)
  return { bounds: buckets.map(([bound]) => bound), counts: buckets.map(([, count]) => count) }
}
