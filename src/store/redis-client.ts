import type { Cluster, ClusterNode, ClusterOptions, Redis, RedisOptions } from 'ioredis'

import type { StoreConnection } from './store-options.ts'
import { parseStoreUrl, SENTINEL_PORT, STORE_DEFAULTS } from './store-options.ts'

/** A connection to one server, or to the nodes of a Cluster. */
export type RedisClient = Redis | Cluster

/** The two connections that there are: one that listens can do nothing else. */
export interface RedisClients {
  readonly commands: RedisClient
  readonly listener: RedisClient
}

const CONNECT_MS = 1_000
/** Until a connection that is given up is gone, whatever the other side says. */
const DISCONNECT_MS = 100
const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 2_000
const NAME = 'onegate'

/** For ever: whoever says null here never comes back. */
function retryAfter(times: number): number {
  const mostMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(times - 1, 10))
  return mostMs * (0.5 + 0.5 * Math.random())
}

/** A server that says so is one that was the first one before: the same name leads elsewhere by now. */
const isReadOnly = (error: Error): boolean => error.message.startsWith('READONLY')

/**
 * Makes the clients of `ioredis`, which is loaded only here. They connect when told, for ever, and keep nothing for
 * later.
 *
 * @throws {Error} where it is not installed.
 */
export async function makeRedisClients(connection: StoreConnection): Promise<RedisClients> {
  const ioredis = await import('ioredis')
  const { url, sentinels, cluster, username, password, ca, cert, key } = connection
  const tls = { ca, cert, key }
  const common = {
    username,
    password,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: DISCONNECT_MS,
    enableOfflineQueue: false,
    enableReadyCheck: false, // it asks with INFO, which no user of ours may
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    reconnectOnError: isReadOnly,
    protocol: 2,
    disableClientInfo: true,
    connectionName: NAME,
    lazyConnect: true,
  } satisfies RedisOptions

  if (cluster !== undefined) {
    const nodes = cluster.map((text) => parseStoreUrl(text))
    const isSecure = nodes.some((node) => node.tls)
    const options = {
      redisOptions: { ...without(common), ...(isSecure ? { tls } : {}) },
      enableOfflineQueue: false,
      enableReadyCheck: false,
      clusterRetryStrategy: retryAfter,
      clusterNodeRetryStrategy: retryAfter,
      maxRedirections: 3,
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      slotsRefreshTimeout: CONNECT_MS,
      slotsRefreshInterval: LONGEST_RETRY_MS,
      lazyConnect: true,
    } satisfies ClusterOptions
    const startup: ClusterNode[] = nodes.map(({ host, port }) => ({ host, port }))
    const make = (): Cluster => new ioredis.Cluster(startup, options)
    return { commands: make(), listener: make() }
  }
  const place = sentinels === undefined ? atServer(url ?? '', tls) : atSentinels(connection, tls)
  const make = (): Redis => new ioredis.Redis({ ...common, ...place, retryStrategy: retryAfter })
  return { commands: make(), listener: make() }
}

type Tls = NonNullable<RedisOptions['tls']>

function atServer(url: string, tls: Tls) {
  const { host, port, db, tls: isSecure } = parseStoreUrl(url)
  return { host, port, db, ...(isSecure ? { tls: { ...tls, servername: nameOf(host) } } : {}) }
}

function atSentinels({ sentinels = [], sentinelName }: StoreConnection, tls: Tls) {
  const nodes = sentinels.map((text) => parseStoreUrl(text, SENTINEL_PORT))
  const isSecure = nodes.some((node) => node.tls)
  return {
    sentinels: nodes.map(({ host, port }) => ({ host, port })),
    name: sentinelName ?? STORE_DEFAULTS.sentinelName,
    role: 'master' as const,
    sentinelRetryStrategy: retryAfter,
    sentinelReconnectStrategy: retryAfter,
    ...(isSecure ? { tls, enableTLSForSentinelMode: true, sentinelTLS: tls } : {}),
  }
}

/** What TLS is asked for by name; an address is none. */
function nameOf(host: string): string | undefined {
  return /^[\d.]+$|:/.test(host) ? undefined : host
}

/** What the nodes of a Cluster are told by the Cluster itself. */
function without<O extends { enableOfflineQueue: boolean; lazyConnect: boolean }>(
  options: O,
): Omit<O, 'enableOfflineQueue'> {
  const { enableOfflineQueue: _, ...rest } = options
  return rest
}
