import type { CpuReading } from '../process-cpu.ts'
import { readCpu, cpuMicrosBetween } from '../process-cpu.ts'
import { installed } from '../installed.ts'
import type { ClosedLoop, ClosedLoopResult } from '../programs/closed-loop.ts'
import { runProgram } from '../run-program.ts'
import type { Column, Measurement } from '../suite.ts'
import { runWrk } from './wrk.ts'

export interface LoadOptions extends ClosedLoop {
  /** The CPU time of this process and its descendants is shared out among the requests. */
  readonly pid: number
  /** What this one uses is counted beside it. @default none */
  readonly askedPid?: number | undefined
  /** The directory of the compiled product. */
  readonly product: string
}

/** The columns that {@link measureLoad} fills, but for two that are not shown, `requests` and `askedMicros`. */
export const LOAD_COLUMNS: readonly Column[] = [
  { key: 'cpuMicros', title: 'CPU µs/request', digits: 1 },
  { key: 'requestsPerSecond', title: 'requests/s', digits: 0 },
  { key: 'p50Ms', title: 'p50 ms', digits: 2 },
  { key: 'p99Ms', title: 'p99 ms', digits: 2 },
  { key: 'p999Ms', title: 'p99.9 ms', digits: 2 },
]

/** Who makes the load here. */
export const LOAD_PROGRAM: 'wrk' | 'autocannon' = installed('wrk') ? 'wrk' : 'autocannon'

/**
 * Sends as much as the connections carry, from a process of its own, and reads the CPU time before and after it.
 *
 * @throws {Error} if a single answer was missing or was not the right one: then there is nothing to be fast at.
 */
export async function measureLoad(options: LoadOptions): Promise<Measurement> {
  const { pid, askedPid, product, ...load } = options
  const readAsked = (): CpuReading | null => (askedPid === undefined ? null : readCpu(askedPid))
  const [before, askedBefore] = [readCpu(pid), readAsked()]
  const result =
    LOAD_PROGRAM === 'wrk'
      ? await runWrk(load, product)
      : await runProgram<ClosedLoopResult>('closed-loop', { product, input: load })
  const cpuMicros = cpuMicrosBetween(before, readCpu(pid))
  const askedMicros = cpuMicrosBetween(askedBefore, readAsked())
  assertAllRight(load, result)
  const { requests, requestsPerSecond, p50Ms, p99Ms, p999Ms } = result
  return {
    requests,
    cpuMicros: cpuMicros === null ? null : cpuMicros / requests,
    askedMicros: askedMicros === null ? null : askedMicros / requests,
    requestsPerSecond,
    p50Ms,
    p99Ms,
    p999Ms,
  }
}

function assertAllRight({ url, expectBody, fresh }: ClosedLoop, result: ClosedLoopResult): void {
  const { requests, badStatus, badBody, missing, bytesPerRequest } = result
  if (badStatus + badBody + missing > 0 || requests === 0) {
    throw new Error(
      `${url} under load: ${requests} answers, ${missing} missing, ${badStatus} with a wrong status, ` +
        `${badBody} with a wrong body`,
    )
  }
  if (bytesPerRequest < expectBody.length) {
    throw new Error(`${url} under load: ${bytesPerRequest.toFixed(1)} bytes an answer are too few`)
  }
  if (fresh !== null && requests / fresh.every > fresh.tokens.length) {
    throw new Error(`${url} under load: there were fewer fresh tokens than requests for them`)
  }
}
