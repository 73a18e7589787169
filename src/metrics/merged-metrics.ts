import { AggregatorRegistry } from 'prom-client'
import type { Metric, MetricObjectWithValues, MetricValue, Registry } from 'prom-client'

import { isJsonObject } from '../json.ts'
import { createRest } from '../slices.ts'

/** The metrics of one process at one moment, fit for JSON. */
export type MetricsSnapshot = readonly SnapshotMetric[]

type SnapshotMetric = MetricObjectWithValues<MetricValue<string>>

/** Takes a snapshot. */
export function takeSnapshot(registry: Registry): Promise<MetricsSnapshot> {
  return registry.getMetricsAsJSON()
}

/**
 * Takes a snapshot of what the gateway itself counts: Node's own figures cost more, and are not wanted often. It is
 * taken in slices, since thousands of routes have tens of thousands of figures.
 */
export async function takeOwnSnapshot(registry: Registry): Promise<MetricsSnapshot> {
  const names = registry.getMetricsAsArray().map(({ name }) => name)
  const rest = createRest()
  const taken: SnapshotMetric[] = []
  for (const name of names.filter(isOwn)) {
    const metric = registry.getSingleMetric(name)
    if (metric !== undefined) taken.push(await snapshotOf(metric))
    const pause = rest()
    if (pause !== null) await pause
  }
  return taken
}

async function snapshotOf(metric: Metric): Promise<SnapshotMetric> {
  return (await metric.get()) as SnapshotMetric
}

function isOwn(name: string): boolean {
  return name.startsWith('onegate_')
}

/** Reads a snapshot that another process sent; null: it is none. */
export function readSnapshot(value: unknown): MetricsSnapshot | null {
  return Array.isArray(value) && value.every(isMetric) ? value : null
}

/**
 * Merges the snapshots of several processes: counters and histograms are summed up, of a gauge the first one counts
 * unless it says otherwise, and Node's own metrics stay apart, since each process has a name of its own there.
 */
export async function mergeSnapshots(
  snapshots: readonly MetricsSnapshot[],
): Promise<MetricsSnapshot> {
  return merge(snapshots).getMetricsAsJSON()
}

/** The same, in the text format of Prometheus. */
export async function formatSnapshots(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return merge(snapshots).metrics()
}

/** What must not be forgotten when a process ends, since a sum never goes back. */
export function lastingPart(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(
    ({ name, type }) => isOwn(name) && ['counter', 'histogram'].includes(String(type)),
  )
}

function merge(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate(snapshots.map((metrics) => metrics.map(kept)))
}

/** prom-client would leave out when a process started: which process, it thinks, nobody could tell. */
function kept(metric: SnapshotMetric): SnapshotMetric {
  return metric.aggregator === 'omit' ? { ...metric, aggregator: 'first' } : metric
}

function isMetric(value: unknown): value is SnapshotMetric {
  if (!isJsonObject(value)) return false
  const { name, type, values } = value
  return typeof name === 'string' && typeof type === 'string' && Array.isArray(values)
}
