/**
 * The metric names that are about connections of clients and the time of upstreams.
 *
 * @module
 */

import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'

import { QuickHistogram } from './quick-histogram.ts'

/** What a listener has at the moment, and what it has read and written since it was opened. */
export interface ConnectionFigures {
  readonly connections: number
  readonly requests: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Takes what happens on the way in. */
export interface TrafficMetrics {
  readonly onHandshakeFailure: () => void
  /** How long upstreams took to begin their answers, by route. */
  readonly upstreamAnswers: QuickHistogram
}

/** What there is where nothing listens. */
const NONE: ConnectionFigures = { connections: 0, requests: 0, bytesIn: 0, bytesOut: 0 }

/**
 * Makes them, in a registry that has others too.
 *
 * @param figures Looked at on each scrape, so that no request pays for it.
 */
export function createTrafficMetrics(
  registry: Registry,
  buckets: readonly number[],
  figures: () => ConnectionFigures | null,
): TrafficMetrics {
  const registers = [registry]
  const look = (): ConnectionFigures => figures() ?? NONE
  new Gauge({
    name: 'onegate_client_connections',
    help: 'Connections of clients that are open.',
    registers,
    aggregator: 'sum',
    collect() {
      this.set(look().connections)
    },
  })
  new Gauge({
    name: 'onegate_requests_in_flight',
    help: 'Requests that are being answered.',
    registers,
    aggregator: 'sum',
    collect() {
      this.set(look().requests)
    },
  })
  new Counter({
    name: 'onegate_client_bytes_total',
    help: 'Bytes read from connections of clients and written to them, by direction (in, out), TLS included.',
    labelNames: ['direction'],
    registers,
    collect() {
      const { bytesIn, bytesOut } = look()
      this.reset()
      this.inc({ direction: 'in' }, bytesIn)
      this.inc({ direction: 'out' }, bytesOut)
    },
  })
  const handshakes = new Counter({
    name: 'onegate_tls_handshake_failures_total',
    help: 'Connections of clients that ended before TLS was agreed.',
    registers,
  })
  const upstreamAnswers = new QuickHistogram({
    name: 'onegate_upstream_response_seconds',
    help: 'Time from sending a request to its upstream to the head of the response; only where there is an access log.',
    label: 'route',
    buckets,
    registry,
  })
  return {
    onHandshakeFailure: () => handshakes.inc(),
    upstreamAnswers,
  }
}
