import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'

import { eventually } from './eventually.ts'
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

/** A Sentinel says nothing else. */
const READY = /Ready to accept connections|Sentinel ID is/
/** What is said at the start to a port that has been taken meanwhile is said again, to another. */
const ATTEMPTS = 20

/** A real server on a free port of this machine, until the test ends. It keeps nothing. */
export function startRedisServer(
  ...settings: readonly (readonly string[])[]
): Promise<RedisServer> {
  const keepsNothing = ['--save', '', '--appendonly', 'no', '--daemonize', 'no']
  return startServer((port, directory) => {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory]
    return [...place, ...keepsNothing, ...settings.flat()]
  })
}

/** A Sentinel, which decides alone, for a server and its replicas that it calls `mymaster`. */
export async function startSentinel(master: RedisServer): Promise<RedisServer> {
  const sentinel = await startServer((port, directory) => {
    const file = join(directory, 'sentinel.conf')
    const settings = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds mymaster 1000',
      'sentinel failover-timeout mymaster 5000',
    ]
    writeFileSync(file, settings.join('\n'))
    return [file, '--sentinel']
  })
  await eventually(async () => {
    const replicas = await sentinel.client.call('SENTINEL', 'REPLICAS', 'mymaster')
    return Array.isArray(replicas) && replicas.length > 0
  })
  return sentinel
}

/** A server that has all that another one has. */
export async function startReplicaOf(
  master: RedisServer,
  ...settings: readonly (readonly string[])[]
): Promise<RedisServer> {
  const replica = await startRedisServer(
    ['--replicaof', '127.0.0.1', String(master.port)],
    ...settings,
  )
  await eventually(async () =>
    (await replica.client.info('replication')).includes('master_link_status:up'),
  )
  return replica
}

const SLOTS = 16_384
const MASTERS = 3

/** A Cluster of three masters, of which the one that holds a name has a replica. */
export async function startCluster(
  held: string,
  ...settings: readonly (readonly string[])[]
): Promise<{ readonly nodes: readonly RedisServer[]; readonly holder: RedisServer }> {
  type Node = RedisServer & { readonly busPort: number }
  const start = async (): Promise<Node> => {
    const busPort = await freePort()
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)]
    const timeout = ['--cluster-node-timeout', '1000']
    return { ...(await startRedisServer([...cluster, ...timeout], ...settings)), busPort }
  }
  const nodes: Node[] = []
  for (let index = 0; index <= MASTERS; index++) nodes.push(await start())
  const [first, ...others] = nodes
  const replica = nodes[MASTERS]
  if (first === undefined || replica === undefined) throw new Error('no nodes')
  for (const { port, busPort } of others) {
    await first.client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort)
  }
  for (const [index, { client }] of nodes.slice(0, MASTERS).entries()) {
    const bounds = [index, index + 1].map((part) => Math.floor((part * SLOTS) / MASTERS))
    await client.call('CLUSTER', 'ADDSLOTSRANGE', bounds[0] ?? 0, (bounds[1] ?? 0) - 1)
  }
  const isOf = async ({ client }: RedisServer): Promise<boolean> =>
    (await client.cluster('INFO')).includes('cluster_state:ok')
  await eventually(async () => (await Promise.all(nodes.map(isOf))).every(Boolean))
  const slot = Number(await first.client.call('CLUSTER', 'KEYSLOT', held))
  const holder = nodes[Math.floor((slot * MASTERS) / SLOTS)]
  if (holder === undefined) throw new Error('no node holds it')
  const id = String(await holder.client.call('CLUSTER', 'MYID'))
  await eventually(async () => String(await replica.client.cluster('NODES')).includes(id))
  await replica.client.call('CLUSTER', 'REPLICATE', id)
  await eventually(async () =>
    (await replica.client.info('replication')).includes('master_link_status:up'),
  )
  // Who is not known as a replica yet does not take over.
  const isKnown = async ({ client }: RedisServer): Promise<boolean> =>
    String(await client.cluster('NODES')).includes(`slave ${id}`)
  await eventually(async () => (await Promise.all(nodes.map(isKnown))).every(Boolean))
  return { nodes, holder }
}

async function startServer(
  argsFor: (port: number, directory: string) => readonly string[],
): Promise<RedisServer> {
  const directory = temporaryDirectory('redis')
  let child: ChildProcess | null = null
  let port = 0

  /** False: it ended before it was ready. */
  async function start(): Promise<boolean> {
    const started = spawn('redis-server', argsFor(port, directory), {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    child = started
    const lines = createInterface({ input: started.stdout })
    for await (const line of lines) if (READY.test(line)) return true
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

/** Whoever else is quick may take it. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
