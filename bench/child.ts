import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that runs beside the bench until it is stopped. */
export interface Child {
  readonly pid: number
  /** Lets it finish by SIGTERM, and kills it and whatever it started if it does not. Safe to call twice. */
  stop(): Promise<void>
}

/** A {@link Child} of our own, which says when it is ready. */
export interface NodeChild extends Child {
  /** What it printed when it was ready. */
  readonly ready: Readonly<Record<string, string>>
}

/** A program of somebody else, which is ready when it accepts connections. */
export interface ServerCommand {
  /** For the report of its failure. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** On 127.0.0.1, where it will listen. */
  readonly port: number
  readonly directory: string
  /** Beside `PATH`. @default {} */
  readonly env?: Readonly<Record<string, string>> | undefined
}

const READY_MS = 60_000
const STOP_MS = 5_000

/** How much of what a child wrote to stderr is kept for the report of its failure, in characters. */
const KEPT_STDERR = 4_000

const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach(killGroup))

/**
 * Starts a Node program that prints one line of JSON, an object of texts, when it is ready.
 *
 * @throws {Error} with what it wrote to stderr, if it ends or stays silent instead.
 */
export async function startChild(name: string, args: readonly string[]): Promise<NodeChild> {
  // Nothing inherited: neither settings of the product nor of Node.
  const env = { NODE_ENV: 'production' }
  const launched = launch(name, process.execPath, args, { directory: import.meta.dirname, env })
  const line = new Promise<string>((resolve) => {
    createInterface(launched.stdout).once('line', resolve)
  })
  const ready = JSON.parse(await launched.orFailure(line)) as Record<string, string>
  return { pid: launched.pid, ready, stop: () => launched.stop() }
}

/**
 * Starts a server and waits until it accepts connections.
 *
 * @throws {Error} with what it wrote to stderr, if it ends or does not listen.
 */
export async function startServer(server: ServerCommand): Promise<Child> {
  const launched = launch(server.name, server.command, server.args, server)
  // Some write what they have to say there, and all would block on a full pipe.
  launched.stdout.resume()
  await launched.orFailure(untilItAccepts(server.port))
  return { pid: launched.pid, stop: () => launched.stop() }
}

interface Launched extends Child {
  readonly stdout: Readable
  /** What is waited for, unless the program ends first or takes too long; then it is killed. */
  orFailure<T>(awaited: Promise<T>): Promise<T>
}

function launch(
  name: string,
  command: string,
  args: readonly string[],
  { directory, env = {} }: Pick<ServerCommand, 'directory' | 'env'>,
): Launched {
  const child = spawn(command, args, {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that the workers of a master that must be killed go with it.
    detached: true,
  })
  running.add(child)
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR)
  })

  const stop = async (): Promise<void> => {
    const kill = setTimeout(() => killGroup(child), STOP_MS)
    child.kill('SIGTERM')
    await ended
    clearTimeout(kill)
    if (running.delete(child)) killGroup(child)
  }
  const failure = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
    setTimeout(() => reject(new Error(`it was silent for ${READY_MS} ms`)), READY_MS).unref()
  })
  return {
    pid: child.pid ?? 0,
    stdout: child.stdout,
    stop,
    async orFailure(awaited) {
      try {
        return await Promise.race([awaited, failure])
      } catch (error) {
        await stop()
        const wrote = stderr.trim() || 'nothing'
        throw new Error(`${name} did not become ready. It wrote: ${wrote}`, { cause: error })
      } finally {
        // It also ends when it is meant to; nobody waits for that here.
        failure.catch(() => {})
      }
    },
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody of them is left.
  }
}

async function untilItAccepts(port: number): Promise<void> {
  for (const deadline = performance.now() + READY_MS; performance.now() < deadline;) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (accepted) return
    await sleep(50)
  }
}
