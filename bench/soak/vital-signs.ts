import { spreadOf } from '../ratios.ts'

/** How a process is, as it says itself. */
export interface VitalSigns {
  readonly rssBytes: number
  readonly heapUsedBytes: number
  readonly openFiles: number
  /** What keeps Node's event loop going: sockets, timers, … */
  readonly activeResources: number
  /** Since the look before, at the 99th percentile. */
  readonly loopDelayMs: number
}

/** Where each of them is found in the metrics, and in which unit. */
const METRICS: Readonly<Record<keyof VitalSigns, readonly [metric: string, factor: number]>> = {
  rssBytes: ['process_resident_memory_bytes', 1],
  heapUsedBytes: ['nodejs_heap_size_used_bytes', 1],
  openFiles: ['process_open_fds', 1],
  activeResources: ['nodejs_active_resources', 1],
  loopDelayMs: ['nodejs_eventloop_lag_p99_seconds', 1000],
}

export const VITAL_SIGNS: readonly (keyof VitalSigns)[] = Object.keys(
  METRICS,
) as (keyof VitalSigns)[]

/** Reads them from a text of metrics. */
export function readVitalSigns(sumOf: (metric: string) => number): VitalSigns {
  const values = VITAL_SIGNS.map((sign) => {
    const [metric, factor] = METRICS[sign]
    return [sign, sumOf(metric) * factor] as const
  })
  return Object.fromEntries(values) as Record<keyof VitalSigns, number>
}

/** The middle of each of them; NaN where nobody has looked. */
export function typical(looks: readonly VitalSigns[]): VitalSigns {
  const values = VITAL_SIGNS.map(
    (sign) => [sign, spreadOf(looks.map((look) => look[sign]))?.median ?? NaN] as const,
  )
  return Object.fromEntries(values) as Record<keyof VitalSigns, number>
}
