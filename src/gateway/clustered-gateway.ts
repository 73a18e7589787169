import type { RefusalSelector } from '../access-log/index.ts'
import { mergeRefusals } from '../access-log/index.ts'
import { systemClock, systemSchedule } from '../clock.ts'
import type { Message, WorkerFleet } from '../cluster/index.ts'
import { createHerald, openQuestionDesk, openWorkerFleet } from '../cluster/index.ts'
import type { GatewayConfig } from '../config/index.ts'
import { addressesOf, withDigestedSecrets } from '../config/index.ts'
import { urlOf } from '../listener/index.ts'
import type { Logger } from '../logger.ts'
import type { ReloadOutcome } from '../metrics/index.ts'
import { CALLBACK, checkOptions, LOGGER, TEXT } from '../option-shape.ts'
import type { InvalidationOptions, InvalidationSelector } from '../verification/index.ts'
import { assemble } from './assembly.ts'
import { createFleetMetrics } from './fleet-metrics.ts'
import type { Carrier } from './gateway-life.ts'
import { openGateway } from './gateway-life.ts'
import { openTracingOf } from './tracing-opening.ts'
import { openVerificationOf } from './verification-opening.ts'

/** Options of {@link createClusteredGateway}. */
export interface ClusteredGatewayOptions {
  /** File name of the program that a worker runs; it must call `serveAsWorker`. */
  readonly program: string
  readonly logger: Logger
  /** As in `GatewayOptions`. @default none */
  readonly linesDropped?: (() => number) | undefined
}

/** A gateway of several processes, seen from the one that answers for all. */
export interface ClusteredGateway {
  /** Base URL of the traffic listener, which all workers share. */
  readonly url: string
  /** The same for each address, as `Gateway.urls`. */
  readonly urls: readonly string[]
  /** Base URL of the admin listener, which this process has. */
  readonly adminUrl: string
  /** As `Gateway.forwardAuthUrl`; this process has that listener, too. */
  readonly forwardAuthUrl: string | null
  /** As `Gateway.forwardAuthGrpcUrl`. */
  readonly forwardAuthGrpcUrl: string | null
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
 * Starts `config.workers` processes that carry the traffic, and in this one what there must be once: the connection to
 * the verifier, what is known of tokens, and the admin listener.
 *
 * @throws {TypeError} for options that make no sense.
 * @throws {Error} the system's own where a listener cannot be opened (`EADDRINUSE` …).
 */
export async function createClusteredGateway(
  config: GatewayConfig,
  options: ClusteredGatewayOptions,
): Promise<ClusteredGateway> {
  checkOptions('createClusteredGateway', options, {
    program: TEXT,
    logger: LOGGER,
    linesDropped: CALLBACK,
  })
  const { program, logger } = options
  const { listen = refuseToIdle() } = config
  let fleet: WorkerFleet | null = null
  let draining = false
  const { live, metrics } = assemble({
    config,
    // Without waiting: what a worker grants is never older than the bound, whatever it has heard.
    openVerification: openVerificationOf(
      (dead) => void fleet?.order({ kind: 'invalidate', selector: dead }, ORDER_MS),
      (key) => herald.withdraw(key),
    ),
    logger,
    linesDropped: options.linesDropped,
    clock: undefined,
    tracing: await openTracingOf(config),
    traffic: () => null,
    processName: 'primary',
    workers: () => fleet?.ready ?? 0,
  })
  const herald = createHerald({
    tell: (message) => fleet?.tell(message),
    onezoneNowMs: () => live.verification.onezoneNowMs,
    onezoneSetAtMs: () => live.verification.onezoneSetAtMs,
    clock: systemClock,
    schedule: systemSchedule,
  })
  const fleetMetrics = createFleetMetrics(
    metrics,
    async () => (await fleet?.order({ kind: 'scrape' }, SCRAPE_MS)) ?? [],
  )
  const configuration = (): Message => ({
    kind: 'configure',
    config: withDigestedSecrets(live.config),
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
    const invalidated = live.invalidate(selector, how)
    if (how.dryRun !== true) {
      metrics.onInvalidation(invalidated.families)
      await tell({ kind: 'invalidate', selector })
    }
    return invalidated
  }

  /** Of all workers as of one. */
  async function refusals(query: RefusalSelector) {
    const replies = (await fleet?.order({ kind: 'refusals', query }, SCRAPE_MS)) ?? []
    return mergeRefusals(replies.map(([, done]) => done?.['refusals']))
  }

  async function openCarrier(): Promise<Carrier> {
    const opened = await openWorkerFleet({
      listen: addressesOf(listen),
      program,
      workers: config.workers,
      greeting: (name) => ({ ...configuration(), id: 0, name }),
      attend: (channel) =>
        openQuestionDesk(channel, {
          verification: () => live.verification,
          clock: systemClock,
          logger,
        }),
      onEnd(name) {
        metrics.onWorkerRestart()
        fleetMetrics.ended(name)
      },
      onHang: () => metrics.onWorkerHang(),
      logger,
    })
    fleet = opened
    const urls = opened.addresses.map((address) => urlOf(address, config.tls ? 'https' : 'http'))
    return {
      url: urls[0] ?? '',
      urls,
      unreadiness: () => opened.unreadiness(),
      change: () => tell(configuration()),
      announceEnd: () => opened.tell({ kind: 'ending' }),
      drain(drainMs) {
        draining = true
        return opened.drain(drainMs)
      },
    }
  }

  const life = await openGateway(config, {
    live,
    metrics,
    logger,
    registry: fleetMetrics,
    snapshot: () => fleetMetrics.snapshot(),
    invalidate,
    refusals,
    openCarrier,
  }).catch((error: unknown) => {
    herald.close()
    throw error
  })
  return {
    ...life,
    close: () => life.close().finally(() => herald.close()),
  }
}

function refuseToIdle(): never {
  throw new TypeError('"listen" is missing: workers would carry nothing')
}
