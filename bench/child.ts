import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A program that runs beside the bench until it is stopped. */
export interface Child {
  readonly pid: number
  /** What it printed when it was ready. */
  readonly ready: Readonly<Record<string, string>>
  /** Lets it finish by SIGTERM, and kills it if it does not. Safe to call twice. */
  stop(): Promise<void>
}

const READY_MS = 20_000
const STOP_MS = 5_000

/** How much of what a child wrote to stderr is kept for the report of its failure, in characters. */
const KEPT_STDERR = 4_000

const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/**
 * Starts a Node program that prints one line of JSON, an object of texts, when it is ready.
 *
 * @throws {Error} with what it wrote to stderr, if it ends or stays silent instead.
 */
export async function startChild(name: string, args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, args, {
    cwd: import.meta.dirname,
    // Nothing inherited: neither settings of the product nor of Node.
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  const ended = new Promise<void>((resolve) => child.once('close', resolve))
  child.once('close', () => running.delete(child))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR)
  })

  const stop = async (): Promise<void> => {
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    child.kill('SIGTERM')
    await ended
    clearTimeout(kill)
  }

  const line = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
    setTimeout(() => reject(new Error(`it was silent for ${READY_MS} ms`)), READY_MS).unref()
  })
  try {
    const ready = JSON.parse(await line) as Record<string, string>
    return { pid: child.pid ?? 0, ready, stop }
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${name} did not become ready. It wrote: ${stderr.trim() || 'nothing'}`, {
      cause: error,
    })
  }
}
