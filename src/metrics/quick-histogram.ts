import type { Histogram, Registry } from 'prom-client'

/** Options of {@link QuickHistogram}. */
export interface QuickHistogramOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds, rising. */
  readonly buckets: readonly number[]
  /** Name of its one label; null: it has none. */
  readonly label: string | null
  readonly registry: Registry
}

/** One line of a scrape. */
interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly metricName: string
}

/** What was observed for one value of the label. */
interface Series {
  /** For each bound what is at most that, and more than the one before; then what is more than all. */
  readonly counts: number[]
  sum: number
}

/** A histogram that costs a few array steps where prom-client's makes texts of labels and of bounds every time. */
export class QuickHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #bounds: readonly number[]
  readonly #label: string | null
  readonly #series = new Map<string, Series>()

  constructor(options: QuickHistogramOptions) {
    this.name = options.name
    this.help = options.help
    this.#bounds = options.buckets
    this.#label = options.label
    this.reset()
    // A registry asks of a metric only what is here; its type names prom-client's own classes.
    options.registry.registerMetric(this as unknown as Histogram)
  }

  /** @param label Value of the label; leave it out where there is none. */
  observe(value: number, label = ''): void {
    const series = this.#series.get(label) ?? this.begin(label)
    let at = 0
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? Infinity)) at++
    series.counts[at] = (series.counts[at] ?? 0) + 1
    series.sum += value
  }

  /** Shows a value of the label before something was observed for it. */
  begin(label: string): Series {
    const series = this.#series.get(label) ?? {
      counts: this.#bounds.map(() => 0).concat(0),
      sum: 0,
    }
    this.#series.set(label, series)
    return series
  }

  reset(): void {
    this.#series.clear()
    // prom-client shows a metric without labels from the beginning.
    if (this.#label === null) this.begin('')
  }

  get(): Promise<unknown> {
    const values: Sample[] = []
    for (const [label, { counts, sum }] of this.#series) {
      const labels = this.#label === null ? {} : { [this.#label]: label }
      let total = 0
      counts.forEach((count, at) => {
        total += count
        const le = this.#bounds[at] ?? '+Inf'
        values.push({ labels: { le, ...labels }, value: total, metricName: `${this.name}_bucket` })
      })
      values.push({ labels, value: sum, metricName: `${this.name}_sum` })
      values.push({ labels, value: total, metricName: `${this.name}_count` })
    }
    const { name, help, type, aggregator } = this
    return Promise.resolve({ name, help, type, aggregator, values })
  }
}
