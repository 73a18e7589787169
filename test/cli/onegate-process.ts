import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { bundledProgram } from '../helpers/bundled-program.ts'

const MAIN = bundledProgram('cli/main.js')
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A running `onegate`. */
export interface OnegateProcess {
  readonly child: ChildProcess
  readonly ended: Promise<Ending>
  /** The line that `--json` prints when everything listens. */
  ready<T>(): Promise<T>
  /** What was written to standard output, as soon as this is part of it. */
  printed(text: string): Promise<string>
  /** What was written to standard error so far. */
  stderr(): string
  /** Asks it to stop and waits for its end. */
  stop(): Promise<Ending>
}

interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `onegate` with these arguments, in an environment with none of its variables. */
export function startOnegate(args: readonly string[], options: RunOptions = {}): OnegateProcess {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:ONEGATE_|VITEST|NODE_)/.test(name),
  )
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    env: { ...Object.fromEntries(own), ...options.env },
  })
  child.stdin.end(options.input ?? '')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
  const firstLine = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    void ended.then(() => reject(new Error(`onegate ended early: ${stderr}`)))
  })
  firstLine.catch(() => {})
  return {
    child,
    ended,
    ready: async <T>() => JSON.parse(await firstLine) as T,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text)) resolve(stdout)
        }
        look()
        child.stdout.on('data', look)
        void ended.then(() => reject(new Error(`onegate ended early: ${stderr}`)))
      }),
    stderr: () => stderr,
    async stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** Runs `onegate` to its end. */
export function runOnegate(args: readonly string[], options?: RunOptions): Promise<Ending> {
  return startOnegate(args, options).ended
}
