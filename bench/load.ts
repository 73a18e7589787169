import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

import autocannon from 'autocannon'

import { readCpuMicros } from './process-cpu.ts'
import type { Column, Measurement } from './suite.ts'

/** One kind of request, sent over and over. */
export interface LoadOptions {
  readonly url: string
  /** @default {} */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** What every answer must hold. */
  readonly expectBody: string
  /** Each sends its next request when the answer to its last is there: a closed loop. */
  readonly connections: number
  readonly seconds: number
  /** The processes whose CPU time is shared out among the requests. */
  readonly pids: readonly number[]
}

/** The columns that {@link measureLoad} fills. */
export const LOAD_COLUMNS: readonly Column[] = [
  { key: 'requestsPerSecond', title: 'requests/s', digits: 0 },
  { key: 'p50Ms', title: 'p50 ms', digits: 2 },
  { key: 'p99Ms', title: 'p99 ms', digits: 2 },
  { key: 'p999Ms', title: 'p99.9 ms', digits: 2 },
  { key: 'cpuMicros', title: 'CPU µs/request', digits: 1 },
]

/** From the first connection until the first request that counts: connecting is not what is measured. */
const LEAD_IN_MS = 250

/** How long an answer may take, in seconds. */
const ANSWER_SECONDS = 5

/**
 * Sends as much as the connections carry and measures from a moment when they are all busy to one when they still are.
 *
 * @throws {Error} if a single answer was missing or was not the right one: then there is nothing to be fast at.
 */
export async function measureLoad(options: LoadOptions): Promise<Measurement> {
  const { url, headers = {}, expectBody, connections, seconds, pids } = options
  let finish: (result: autocannon.Result) => void
  let fail: (error: unknown) => void
  const finished = new Promise<autocannon.Result>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  const instance = autocannon(
    {
      url,
      headers: { ...headers },
      expectBody,
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
  const cpuBefore = readCpuMicros(pids)
  await sleep(seconds * 1000)
  counts = false
  const elapsedSeconds = (performance.now() - begun) / 1000
  const cpuAfter = readCpuMicros(pids)
  instance.stop()
  const { errors, non2xx, mismatches } = await finished

  if (errors + non2xx + mismatches > 0 || latencies.count === 0) {
    throw new Error(
      `${url} under load: ${latencies.count} answers, of all: ${errors} missing, ` +
        `${non2xx} with a wrong status, ${mismatches} with a wrong body`,
    )
  }
  const percentileMs = (percent: number): number => latencies.percentile(percent) / 1000
  return {
    requestsPerSecond: latencies.count / elapsedSeconds,
    p50Ms: percentileMs(50),
    p99Ms: percentileMs(99),
    p999Ms: percentileMs(99.9),
    cpuMicros:
      cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / latencies.count,
  }
}
