/** Sends requests over some connections; each sends its next when the answer to its last is there: a closed loop. */

import { createHistogram } from 'node:perf_hooks'

import autocannon from 'autocannon'

import { runAsProgram } from './run-as-program.ts'

/** One kind of request, sent over and over. */
export interface ClosedLoop {
  readonly url: string
  /**
   * `browser`: with the fields of one, some of them new each time; `post`: with 400 bytes; `last`: on a connection of
   * its own. Only wrk knows other kinds than `plain`.
   *
   * @default plain
   */
  readonly kind?: 'plain' | 'browser' | 'post' | 'last' | undefined
  readonly headers: Readonly<Record<string, string>>
  /** What every answer must hold. */
  readonly expectBody: string
  readonly connections: number
  readonly seconds: number
  /** Every n-th request carries the next of these as its bearer token instead; null: none does. */
  readonly fresh: { readonly every: number; readonly tokens: readonly string[] } | null
}

/** What came of it, of the whole time, so that it fits to CPU times from before to after. */
export interface ClosedLoopResult {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Answers with a wrong status or body, and requests without one. */
  readonly wrong: number
  readonly bytesPerRequest: number
}

/** How long an answer may take, in seconds. */
const ANSWER_SECONDS = 5

await runAsProgram(async (load: ClosedLoop): Promise<ClosedLoopResult> => {
  const { url, expectBody, connections, seconds, fresh, kind = 'plain' } = load
  if (kind !== 'plain') throw new Error(`requests of the kind "${kind}" are sent by wrk only`)
  const headers = { ...load.headers }
  let sent = 0
  let nextFresh = 0
  const setupRequest = (request: autocannon.Request): autocannon.Request => {
    sent += 1
    const token = fresh !== null && sent % fresh.every === 0 ? fresh.tokens[nextFresh++] : undefined
    const own = token === undefined ? headers : { ...headers, Authorization: `Bearer ${token}` }
    return { ...request, headers: own }
  }
  // autocannon's own histogram knows whole milliseconds only.
  const latencies = createHistogram({ figures: 3 })
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url,
        headers,
        ...(fresh === null ? {} : { requests: [{ setupRequest }] }),
        verifyBody: (body: unknown) => String(body) === expectBody,
        connections,
        timeout: ANSWER_SECONDS,
        duration: seconds,
        // It looks at the time no more often than this, in milliseconds.
        sampleInt: 50,
      },
      (error: unknown, finished) => (error ? reject(error) : resolve(finished)),
    )
    instance.on('response', (_client, _status, _bytes, ms) =>
      latencies.record(Math.max(1, Math.round(ms * 1000))),
    )
  })
  const { requests, non2xx, mismatches, errors, throughput, duration } = result
  return {
    requests: requests.total,
    requestsPerSecond: requests.total / duration,
    p50Ms: latencies.percentile(50) / 1000,
    p99Ms: latencies.percentile(99) / 1000,
    p999Ms: latencies.percentile(99.9) / 1000,
    wrong: non2xx + mismatches + errors,
    bytesPerRequest: throughput.total / Math.max(1, requests.total),
  }
})
