/**
 * The metric names that are about signed assertions.
 *
 * @module
 */

import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'

import { OF_THE_FIRST } from './process-metrics.ts'

/** Takes what is signed. */
export interface AssertionMetrics {
  readonly onSigned: () => void
}

/**
 * Makes them, in a registry that has others too.
 *
 * @param keys Names of the keys, the one that signs first; looked at on each scrape.
 */
export function createAssertionMetrics(
  registry: Registry,
  keys: () => readonly string[],
): AssertionMetrics {
  const registers = [registry]
  const signed = new Counter({
    name: 'onegate_assertions_signed_total',
    help: 'Signatures made: one per token, route and half of their life.',
    registers,
  })
  new Gauge({
    name: 'onegate_assertion_key_info',
    help: 'Keys of assertions that are published, by use: signing, published.',
    labelNames: ['kid', 'use'],
    registers,
    aggregator: OF_THE_FIRST,
    collect() {
      this.reset()
      for (const [index, kid] of keys().entries()) {
        this.set({ kid, use: index === 0 ? 'signing' : 'published' }, 1)
      }
    },
  })
  return { onSigned: () => signed.inc() }
}
