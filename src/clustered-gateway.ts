import { setTimeout as delay } from 'node:timers/promises'

import { systemClock } from './clock.ts'
import type { Message } from './cluster/index.ts'
import { createHerald, openQuestionDesk, openWorkerFleet } from './cluster/index.ts'
import type { WorkerFleet } from './cluster/index.ts'
import type { GatewayConfig } from './config/index.ts'
import { formatListenAddress, withDigestedSecrets } from './config/index.ts'
import type { Logger } from './logger.ts'
import type { MetricsSnapshot, ReloadOutcome } from './metrics/index.ts'
import {
  formatSnapshots,
  lastingPart,
  mergeSnapshots,
  readSnapshot,
  takeSnapshot,
} from './metrics/index.ts'
import { checkOptions, LOGGER, TEXT } from './option-shape.ts'
import { systemSchedule } from './schedule.ts'
import { assemble, createReload, openAdminWindow, openVerificationOf } from './serving/index.ts'
import type { InvalidationOptions, InvalidationSelector } from './verification/index.ts'

/** Options of {@link createClusteredGateway}. */
export interface ClusteredGatewayOptions {
  /** File name of the program that a worker runs; it must call `serveAsWorker`. */
  readonly program: string
  readonly logger: Logger
}

/** A gateway of several processes, seen from the one that answers for all. */
export interface ClusteredGateway {
  /** Base URL of the traffic listener, which all workers share. */
  readonly url: string
  /** Base URL of the admin listener, which this process has. */
  readonly adminUrl: string
  /** As `Gateway.reload`; settles when the workers have gone over, too. */
  reload(load: () => Promise<GatewayConfig>): Promise<ReloadOutcome>
  /** As `Gateway.close`, for all processes. */
  close(): Promise<void>
}

/** How long a worker may take to do what it is told. One that takes longer does not react any more and is replaced. */
const ORDER_MS = 10_000

/** How long a scrape waits for a worker; then what it said last stands for it. */
const SCRAPE_MS = 2_000

/**
 * Starts `config.workers` processes that carry the traffic, and in this one what there must be once: the connection to the
 * verifier, what is known of tokens, the admin listener, and the one that accepts connections.
 *
 * @throws {TypeError} for options that make no sense.
 * @throws {Error} the system's own where a listener cannot be opened (`EADDRINUSE` …).
 */
export async function createClusteredGateway(
  config: GatewayConfig,
  options: ClusteredGatewayOptions,
): Promise<ClusteredGateway> {
  checkOptions('createClusteredGateway', options, { program: TEXT, logger: LOGGER })
  const { program, logger } = options
  let fleet: WorkerFleet | null = null
  let draining = false
  const { serving, metrics } = assemble({
    config,
    // Without waiting: what a worker grants is never older than the bound, whatever it has heard.
    openVerification: openVerificationOf(
      (dead) => void fleet?.order({ kind: 'invalidate', selector: dead }, ORDER_MS),
      (key) => herald.withdraw(key),
    ),
    logger,
    clock: undefined,
    traffic: () => null,
    processName: 'primary',
    workers: () => fleet?.ready ?? 0,
  })

  const herald = createHerald({
    tell: (message) => fleet?.tell(message),
    onezoneNowMs: () => serving.verification.onezoneNowMs,
    clock: systemClock,
    schedule: systemSchedule,
  })
  const configuration = (): Message => ({
    kind: 'configure',
    config: withDigestedSecrets(serving.config),
    ...herald.time,
  })

  /** Tells all workers, and replaces those that do not react. */
  async function tell(order: Message): Promise<void> {
    for (const [name, done] of (await fleet?.order(order, ORDER_MS)) ?? []) {
      if (done !== null || draining) continue
      logger.error({ worker: name, order: order['kind'] }, 'a worker does not react and is ended')
      fleet?.replace(name)
    }
  }

  async function invalidate(selector: InvalidationSelector, how: InvalidationOptions = {}) {
    const invalidated = serving.invalidate(selector, how)
    if (how.dryRun !== true) {
      metrics.onInvalidation(invalidated.families)
      await tell({ kind: 'invalidate', selector })
    }
    return invalidated
  }

  const lastSeen = new Map<string, MetricsSnapshot>()
  let departed: readonly MetricsSnapshot[] = []
  let scrapes: Promise<unknown> = Promise.resolve()

  async function scrape(): Promise<string> {
    const replies = (await fleet?.order({ kind: 'scrape' }, SCRAPE_MS)) ?? []
    for (const [name, done] of replies) {
      const snapshot = readSnapshot(done?.['metrics'])
      if (snapshot !== null) lastSeen.set(name, snapshot)
    }
    const gone = departed
    const merged = await mergeSnapshots(gone)
    departed = [merged, ...departed.slice(gone.length)]
    return formatSnapshots([
      await takeSnapshot(metrics.registry),
      ...departed,
      ...lastSeen.values(),
    ])
  }

  const admin = await openAdminWindow(config, {
    registry: {
      contentType: metrics.registry.contentType,
      metrics() {
        const scraped = scrapes.then(scrape)
        scrapes = scraped.catch(() => {})
        return scraped
      },
    },
    unreadiness() {
      if (draining) return 'draining'
      return fleet !== null && fleet.ready > 0 ? null : 'no worker carries traffic'
    },
    invalidate,
    explain: (request) => serving.doors.explain(request),
    logger,
  }).catch(async (error: unknown) => {
    herald.close()
    await serving.close()
    throw error
  })
  const opened = await openWorkerFleet({
    listen: config.listen,
    program,
    workers: config.workers,
    greeting: (name) => ({ ...configuration(), id: 0, name }),
    attend: (channel) =>
      openQuestionDesk(channel, {
        verification: () => serving.verification,
        clock: systemClock,
        logger,
      }),
    onEnd(name) {
      metrics.onWorkerRestart()
      const last = lastSeen.get(name)
      if (last !== undefined) departed = [...departed, lastingPart(last)]
      lastSeen.delete(name)
    },
    logger,
  }).catch(async (error: unknown) => {
    herald.close()
    await Promise.all([admin.close(), serving.close()])
    throw error
  })
  fleet = opened

  const reloadConfig = createReload({
    config,
    parts: [serving, admin],
    onReload: metrics.onReload,
    logger,
  })

  let closing: Promise<void> | null = null
  async function close(): Promise<void> {
    draining = true
    const { readinessDelayMs, drainMs } = serving.config.shutdown
    try {
      if (readinessDelayMs > 0) await delay(readinessDelayMs)
      await opened.drain(drainMs)
    } finally {
      herald.close()
      await Promise.allSettled([serving.close(), admin.close()])
    }
  }

  return {
    url: `${config.tls ? 'https' : 'http'}://${formatListenAddress({ ...config.listen, port: opened.port })}`,
    adminUrl: admin.url,
    async reload(load) {
      const outcome = await reloadConfig(load)
      // Also where nothing has changed: the workers read the TLS files anew.
      await tell(configuration())
      return outcome
    },
    close: () => (closing ??= close()),
  }
}
