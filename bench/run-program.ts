import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { programPath } from './product.ts'

/** How a program of the bench is run. */
export interface RunProgramOptions {
  /** The directory of the compiled product. */
  readonly product: string
  /** What it is to do; it reads it as JSON. */
  readonly input: unknown
  /** Options for Node. @default [] */
  readonly nodeOptions?: readonly string[] | undefined
  /** It is killed if it takes longer. @default 240_000 */
  readonly longestMs?: number | undefined
}

const untilExit = new AbortController()
process.once('exit', () => untilExit.abort())

/**
 * Runs one of the bench's own programs (`programs/`) by plain Node, from the compiled product, in a process of its own,
 * and answers what it found.
 *
 * @throws {Error} with what it wrote to stderr, if it failed.
 */
export async function runProgram<Result>(
  name: string,
  { product, input, nodeOptions = [], longestMs = 240_000 }: RunProgramOptions,
): Promise<Result> {
  const args = [...nodeOptions, programPath(product, name)]
  const running = promisify(execFile)(process.execPath, args, {
    cwd: product,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    timeout: longestMs,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
    signal: untilExit.signal,
  })
  running.child.stdin?.end(JSON.stringify(input))
  return JSON.parse((await running).stdout) as Result
}
