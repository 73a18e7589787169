import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'

import { hasProgram, temporaryDirectory } from './programs.ts'

export const HAS_REDIS: boolean = hasProgram('redis-server', '--version')

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly directory: string
  /** A client that may do everything, for whoever looks on. */
  readonly client: Redis
  /** Stops answering, and goes on where it stopped. */
  freeze(): void
  thaw(): void
  /** Ends at once, and begins again at the same port with nothing. */
  restart(): Promise<void>
  kill(): Promise<void>
}

/** What is said at the start to a port that has been taken meanwhile is said again, to another. */
const ATTEMPTS = 20

/** A real server on a free port of this machine, until the test ends. It keeps nothing. */
export async function startRedisServer(
  ...settings: readonly (readonly string[])[]
): Promise<RedisServer> {
  const directory = temporaryDirectory('redis')
  let child: ChildProcess | null = null
  let port = 0
  const place = ['--bind', '127.0.0.1', '--dir', directory]
  const keepsNothing = ['--save', '', '--appendonly', 'no', '--daemonize', 'no']
  const args = (): string[] => [
    '--port',
    String(port),
    ...place,
    ...keepsNothing,
    ...settings.flat(),
  ]

  /** False: it ended before it was ready. */
  async function start(): Promise<boolean> {
    const started = spawn('redis-server', args(), { stdio: ['ignore', 'pipe', 'ignore'] })
    child = started
    const lines = createInterface({ input: started.stdout })
    for await (const line of lines) if (line.includes('Ready to accept connections')) return true
    return false
  }

  async function kill(): Promise<void> {
    const running = child
    child = null
    if (running === null || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGKILL')
    await ended
  }

  onTestFinished(kill)
  for (let attempt = 0; ; attempt++) {
    port = await freePort()
    if (await start()) break
    if (attempt === ATTEMPTS) throw new Error('redis-server does not start')
  }
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => 50 })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.disconnect())
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    directory,
    client,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async restart() {
      await kill()
      if (!(await start())) throw new Error('redis-server does not start again')
    },
    kill,
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
