/** Sends requests over some connections; each sends its next when the answer to its last is there: a closed loop. */

import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

import autocannon from 'autocannon'

import { runAsProgram } from './run-as-program.ts'

/** One kind of request, sent over and over. */
export interface ClosedLoop {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** What every answer must hold. */
  readonly expectBody: string
  readonly connections: number
  readonly seconds: number
  /** Every n-th request carries the next of these as its bearer token instead; null: none does. */
  readonly fresh: { readonly every: number; readonly tokens: readonly string[] } | null
}

/** What came of it. The counts are of the whole time, so that they fit to CPU times from before to after. */
export interface ClosedLoopResult {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly badStatus: number
  readonly badBody: number
  /** Requests without an answer. */
  readonly missing: number
  readonly bytesPerRequest: number
}

/** From the first connection until the first request whose latency counts. */
const LEAD_IN_MS = 250

/** How long an answer may take, in seconds. */
const ANSWER_SECONDS = 5

await runAsProgram(async (load: ClosedLoop): Promise<ClosedLoopResult> => {
  const { url, expectBody, connections, seconds, fresh } = load
  let finish: (result: autocannon.Result) => void
  let fail: (error: unknown) => void
  const finished = new Promise<autocannon.Result>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  let sent = 0
  let nextFresh = 0
  const headers = { ...load.headers }
  const setupRequest = (request: autocannon.Request): autocannon.Request => {
    sent += 1
    const token = fresh !== null && sent % fresh.every === 0 ? fresh.tokens[nextFresh++] : undefined
    const own = token === undefined ? headers : { ...headers, Authorization: `Bearer ${token}` }
    return { ...request, headers: own }
  }
  const instance = autocannon(
    {
      url,
      headers,
      ...(fresh === null ? {} : { requests: [{ setupRequest }] }),
      verifyBody: (body: unknown) => String(body) === expectBody,
      connections,
      timeout: ANSWER_SECONDS,
      // Stopped below; this is for the case that nobody comes to do it.
      duration: LEAD_IN_MS / 1000 + seconds + ANSWER_SECONDS,
      sampleInt: 50,
    },
    (error: unknown, result) => (error ? fail(error) : finish(result)),
  )
  const latencies = createHistogram({ figures: 3 })
  let counts = false
  // autocannon's own histogram knows whole milliseconds only.
  instance.on('response', (_client, _status, _bytes, ms) => {
    if (counts) latencies.record(Math.max(1, Math.round(ms * 1000)))
  })

  await sleep(LEAD_IN_MS)
  counts = true
  const begun = performance.now()
  await sleep(seconds * 1000)
  counts = false
  const elapsedSeconds = (performance.now() - begun) / 1000
  instance.stop()
  const result = await finished
  return {
    requests: result.requests.total,
    requestsPerSecond: latencies.count / elapsedSeconds,
    p50Ms: latencies.percentile(50) / 1000,
    p99Ms: latencies.percentile(99) / 1000,
    p999Ms: latencies.percentile(99.9) / 1000,
    badStatus: result.non2xx,
    badBody: result.mismatches,
    missing: result.errors,
    bytesPerRequest: result.throughput.total / Math.max(1, result.requests.total),
  }
})
