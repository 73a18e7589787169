import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
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
export function startChild(name: string, args: readonly string[]): Promise<NodeChild> {
  // Nothing inherited: neither settings of the product nor of Node.
  const env = { NODE_ENV: 'production' }
  const program = { name, command: process.execPath, args, directory: import.meta.dirname, env }
  return launch(program, async (stdout) => {
    const [line] = (await once(createInterface(stdout), 'line')) as [string]
    return JSON.parse(line) as NodeChild['ready']
  })
}

/**
 * Starts a server and waits until it accepts connections.
 *
 * @throws {Error} with what it wrote to stderr, if it ends or does not listen.
 */
export function startServer(server: ServerCommand): Promise<Child> {
  return launch(server, (stdout) => {
    // Some write what they have to say there, and all would block on a full pipe.
    stdout.resume()
    return untilItAccepts(server.port)
  })
}

async function launch<Ready>(
  { name, command, args, directory, env = {} }: Omit<ServerCommand, 'port'>,
  becomesReady: (stdout: Readable) => Promise<Ready>,
): Promise<Child & { readonly ready: Ready }> {
  const child = spawn(command, args, {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that the workers of a master that must be killed go with it.
    detached: true,
  })
  running.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR)
  })
  const ended = new Promise<Error>((resolve) => {
    child.once('error', resolve)
    child.once('exit', (code) => resolve(new Error(`it ended with ${code}`)))
  })
  const stop = async (): Promise<void> => {
    const kill = setTimeout(() => killGroup(child), STOP_MS)
    child.kill('SIGTERM')
    await ended
    clearTimeout(kill)
    if (running.delete(child)) killGroup(child)
  }
  const failure = new Promise<never>((_, reject) => {
    void ended.then(reject)
    setTimeout(() => reject(new Error(`it was silent for ${READY_MS} ms`)), READY_MS).unref()
  })
  try {
    const ready = await Promise.race([becomesReady(child.stdout), failure])
    return { pid: child.pid ?? 0, ready, stop }
  } catch (error) {
    await stop()
    const wrote = stderr.trim() || 'nothing'
    throw new Error(`${name} did not become ready. It wrote: ${wrote}`, { cause: error })
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
    const socket = connect(port, '127.0.0.1')
    const accepted = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (accepted) return
    await sleep(50)
  }
}
