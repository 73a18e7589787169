import { createNameLookup } from '../http-client/index.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { UpstreamDispatcher } from './dispatcher.ts'
import type { HealthCheck } from './health-check.ts'
import { createHealthCheck } from './health-check.ts'
import type { UpstreamGroup } from './upstream-group.ts'
import { createUpstreamGroup } from './upstream-group.ts'
import type { ResponseLimits } from './response-head.ts'
import type { UpstreamSettings } from './upstream-options.ts'
import { ownHost } from './upstream-names.ts'
import { createUpstreamPools } from './upstream-pools.ts'

/** Options of {@link createUpstreams}. */
export interface UpstreamsOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** How much of an answer may come before its body. @default RESPONSE_LIMITS */
  readonly limits?: ResponseLimits | undefined
  /** 0 up to 1; spreads the checks. @default Math.random */
  readonly random?: (() => number) | undefined
}

/** How one route connects. */
export interface GroupConnecting {
  readonly connectMs: number
  /** Makes the requests in place of connections of ours. */
  readonly dispatcher?: UpstreamDispatcher | undefined
}

/** All upstreams of a gateway. */
export interface Upstreams {
  /** The group for these settings; routes with the same settings share it, and what is known of its members. */
  readonly groupFor: (settings: UpstreamSettings, connecting: GroupConnecting) => UpstreamGroup
  /** How many requests wait for a connection, by origin of the upstream, or `unix:` and its socket. */
  waiting(): ReadonlyMap<string, number>
  /** Begins to check those that are to be checked. */
  start(): void
  /** Ends checks and connections; requests that are still under way break off. */
  close(): Promise<void>
}

/** Makes the upstreams of a gateway. Nothing is sent before they are started or used. */
export function createUpstreams(options: UpstreamsOptions): Upstreams {
  const { clock, logger, random = Math.random, limits } = options
  const lookup = createNameLookup()
  const pools = createUpstreamPools(lookup)
  const groups = new Map<string, UpstreamGroup>()
  const found = new WeakMap<UpstreamSettings, Map<number, UpstreamGroup>>()
  const checks: HealthCheck[] = []
  let started = false

  function make(settings: UpstreamSettings, connecting: GroupConnecting): UpstreamGroup {
    const { connectMs, dispatcher } = connecting
    const { healthCheck, tls, maxConnections, keepAliveMs, maxConnectionAgeMs } = settings
    const how = { connectMs, maxConnections, keepAliveMs, maxConnectionAgeMs, tls, limits }
    const group = createUpstreamGroup({
      settings,
      dispatcherFor: (target) => dispatcher ?? pools.dispatcherFor({ target, ...how }),
      clock,
      logger,
    })
    if (healthCheck === null) return group
    for (const member of group.members) {
      const onResult = (problem: string | null): void => {
        if (!member.standing.checked(problem === null)) return
        if (problem === null) logger.info({ upstream: member.url }, 'an upstream passes its check')
        else logger.warn({ upstream: member.url, problem }, 'an upstream fails its check')
      }
      const check = createHealthCheck({
        target: member,
        check: healthCheck,
        host: healthCheck.host ?? checkHostOf(settings.host) ?? ownHost(member, tls),
        tls,
        lookup,
        random,
        onResult,
      })
      checks.push(check)
      if (started) check.start()
    }
    return group
  }

  return {
    groupFor(settings, connecting) {
      if (connecting.dispatcher !== undefined) return make(settings, connecting)
      // Routes that share settings often share the object.
      const byConnectMs = found.get(settings) ?? new Map<number, UpstreamGroup>()
      found.set(settings, byConnectMs)
      const { connectMs } = connecting
      const same = byConnectMs.get(connectMs)
      if (same !== undefined) return same
      const key = `${connectMs} ${JSON.stringify(settings)}`
      const group = groups.get(key) ?? make(settings, connecting)
      groups.set(key, group)
      byConnectMs.set(connectMs, group)
      return group
    },
    waiting: () => pools.waiting(),
    start() {
      started = true
      for (const check of checks) check.start()
    },
    async close() {
      for (const check of checks) check.stop()
      await pools.close()
    },
  }
}

/** A check has no client whose `Host` it could say. */
function checkHostOf(host: UpstreamSettings['host']): string | null {
  return host === 'client' || host === 'own' ? null : host
}
