import type { Reply } from '../cluster/index.ts'
import type { Metrics, MetricsSnapshot } from '../metrics/index.ts'
import {
  formatSnapshots,
  lastingPart,
  mergeSnapshots,
  readSnapshot,
  takeSnapshot,
} from '../metrics/index.ts'

/** The metrics of all processes of a gateway as one registry. */
export interface FleetMetrics {
  readonly contentType: string
  /** The sum of this process and of all workers, also of those that have ended. */
  metrics(): Promise<string>
  /** The same as data. */
  snapshot(): Promise<MetricsSnapshot>
  /** Takes note that a worker has ended: what it counted stays in the sum. */
  ended(worker: string): void
}

/**
 * Makes the sum of the metrics of all processes.
 *
 * @param registry Those of this process.
 * @param ask Asks each worker for its own; what one said last stands for it if it does not answer.
 */
export function createFleetMetrics(
  { registry }: Pick<Metrics, 'registry'>,
  ask: () => Promise<readonly Reply[]>,
): FleetMetrics {
  const lastSeen = new Map<string, MetricsSnapshot>()
  let departed: readonly MetricsSnapshot[] = []
  let scrapes: Promise<unknown> = Promise.resolve()

  async function scrape(): Promise<readonly MetricsSnapshot[]> {
    for (const [name, done] of await ask()) {
      const snapshot = readSnapshot(done?.['metrics'])
      if (snapshot !== null) lastSeen.set(name, snapshot)
    }
    const gone = departed
    const merged = await mergeSnapshots(gone)
    departed = [merged, ...departed.slice(gone.length)]
    return [await takeSnapshot(registry), ...departed, ...lastSeen.values()]
  }

  /** One after the other: what has ended is merged into one, and no scrape must see that half done. */
  function scrapeInTurn(): Promise<readonly MetricsSnapshot[]> {
    const scraped = scrapes.then(scrape)
    scrapes = scraped.catch(() => {})
    return scraped
  }

  return {
    contentType: registry.contentType,
    metrics: async () => formatSnapshots(await scrapeInTurn()),
    snapshot: async () => mergeSnapshots(await scrapeInTurn()),
    ended(worker) {
      const last = lastSeen.get(worker)
      if (last !== undefined) departed = [...departed, lastingPart(last)]
      lastSeen.delete(worker)
    },
  }
}
