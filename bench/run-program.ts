import type { ChildProcess } from 'node:child_process'
import { execFile } from 'node:child_process'

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

const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

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
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [...nodeOptions, programPath(product, name)],
      {
        cwd: product,
        env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
        timeout: longestMs,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        running.delete(child)
        if (error === null) resolve(stdout)
        else reject(new Error(`${name} failed. It wrote: ${stderr.trim().slice(-4_000)}`))
      },
    )
    running.add(child)
    child.stdin?.end(JSON.stringify(input))
  })
  return JSON.parse(output) as Result
}
