import type { CpuReading } from '../process-cpu.ts'
import { cpuMicrosBetween, readCpu } from '../process-cpu.ts'
import { pathOf } from '../installed.ts'
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
export const LOAD_PROGRAM: 'wrk' | 'autocannon' = pathOf('wrk') === null ? 'autocannon' : 'wrk'

/**
 * Sends as much as the connections carry, from a process of its own, and reads the CPU time before and after it.
 *
 * @throws {Error} if a single answer was missing or was not the right one: then there is nothing to be fast at.
 */
export async function measureLoad(options: LoadOptions): Promise<Measurement> {
  const { pid, askedPid, product, ...load } = options
  const readAll = (): (CpuReading | null)[] =>
    [pid, askedPid].map((id) => (id === undefined ? null : readCpu(id)))
  const before = readAll()
  const result =
    LOAD_PROGRAM === 'wrk'
      ? await runWrk(load, product)
      : await runProgram<ClosedLoopResult>('closed-loop', { product, input: load })
  const { requests, wrong, bytesPerRequest, ...measured } = result
  const [cpuMicros = null, askedMicros = null] = readAll().map((after, index) => {
    const micros = cpuMicrosBetween(before[index] ?? null, after)
    return micros === null ? null : micros / requests
  })

  const { url, expectBody, fresh } = load
  const fail = (what: string): never => {
    throw new Error(`${url} under load, ${requests} answers: ${what}`)
  }
  if (wrong > 0 || requests === 0) fail(`${wrong} were missing or wrong`)
  if (bytesPerRequest < expectBody.length) fail(`${bytesPerRequest} bytes an answer are too few`)
  if (fresh !== null && requests / fresh.every > fresh.tokens.length) fail('too few fresh tokens')
  return { requests, cpuMicros, askedMicros, ...measured }
}
