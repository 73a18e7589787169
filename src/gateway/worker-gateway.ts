import type { RefusalSelector } from '../access-log/index.ts'
import { systemClock, systemSchedule } from '../clock.ts'
import type { Channel, PrimaryLink } from '../cluster/index.ts'
import {
  acceptShared,
  createWorkerVerification,
  obey,
  openPrimaryLink,
  reportUse,
  takeConnections,
} from '../cluster/index.ts'
import type { GatewayConfig } from '../config/index.ts'
import { verifierChoiceOf } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import { takeSnapshot } from '../metrics/index.ts'
import type { Metrics } from '../metrics/index.ts'
import type { OpenVerification } from './verification-opening.ts'
import type { LiveConfiguration } from './live-configuration.ts'
import type { RequestWatch } from './request-watch.ts'
import type { Traffic } from './traffic.ts'
import { assemble } from './assembly.ts'
import { createReload } from './reload.ts'
import { connectionLimitOf } from './connection-limit.ts'
import { openTracingOf } from './tracing-opening.ts'
import { openTraffic, trafficOf } from './traffic.ts'
import { parseSelector } from '../verification/index.ts'
import { backendTraits } from '../verifier/index.ts'

/** Options of {@link serveAsWorker}. */
export interface WorkerOptions {
  /** To the primary. */
  readonly channel: Channel
  /** Makes the log of this worker, and its level be that of the configuration. */
  readonly openLog: (name: string) => {
    readonly logger: Logger
    /** How many lines it has lost so far. */
    readonly linesDropped: () => number
    use(config: GatewayConfig): void
  }
  /** Ends the process. */
  readonly exit: (code: number) => void
}

/** Carries traffic for a clustered gateway, by what the primary says, until it says to end. */
export function serveAsWorker({ channel, openLog, exit }: WorkerOptions): void {
  let worker: Promise<WorkerGateway> | null = null
  const link = openPrimaryLink(channel, {
    // In the same turn, or what is granted anew in the meantime would be taken back.
    onWithdrawal: (key) => running?.withdraw(key),
    clock: systemClock,
  })
  let running: WorkerGateway | null = null

  async function begin(config: GatewayConfig, name: string): Promise<void> {
    const log = openLog(name)
    log.use(config)
    worker = openWorkerGateway(config, { link, name, log, channel })
    try {
      running = await worker
      channel.send({ kind: 'ready' })
    } catch (error) {
      channel.send({ kind: 'failed', reason: error instanceof Error ? error.message : '' })
    }
  }

  obey(channel, 'configure', async ({ config, name, ...time }) => {
    link.follow(time)
    if (worker === null) await begin(config as GatewayConfig, String(name))
    else await (await worker).change(config as GatewayConfig)
    return {}
  })
  obey(channel, 'invalidate', async ({ selector }) => {
    ;(await worker)?.invalidate(selector)
    return {}
  })
  obey(channel, 'scrape', async () => {
    const metrics = (await worker)?.metrics
    return { metrics: metrics === undefined ? [] : await takeSnapshot(metrics.registry) }
  })
  obey(channel, 'refusals', async ({ query }) => {
    const { subject, fingerprint, requestId } = query as RefusalSelector
    return { refusals: (await worker)?.find({ subject, fingerprint, requestId }) ?? [] }
  })
  obey(channel, 'drain', async () => {
    try {
      await (await worker)?.close()
    } finally {
      exit(0)
    }
    return {}
  })
  channel.on('ending', () => running?.announceEnd())
  channel.on('ping', () => channel.send({ kind: 'pong' }))
  channel.send({ kind: 'hello' })
}

interface WorkerGateway {
  readonly metrics: Metrics
  readonly find: RequestWatch['find']
  change(config: GatewayConfig): Promise<void>
  invalidate(selector: unknown): void
  withdraw(key: string): void
  announceEnd(): void
  close(): Promise<void>
}

interface WorkerSurroundings {
  readonly channel: Channel
  readonly link: PrimaryLink
  readonly name: string
  readonly log: ReturnType<WorkerOptions['openLog']>
}

async function openWorkerGateway(
  config: GatewayConfig,
  { channel, link, name, log }: WorkerSurroundings,
): Promise<WorkerGateway> {
  const { logger } = log
  let traffic: Traffic | null = null
  const { live, metrics, watch } = assemble({
    config,
    openVerification: askPrimary(link),
    logger,
    linesDropped: log.linesDropped,
    clock: undefined,
    tracing: await openTracingOf(config),
    traffic: () => traffic,
    processName: name,
  })
  const opened = await openTraffic({
    on(take) {
      takeConnections(channel, take)
      return acceptShared(channel, take)
    },
    ...trafficOf(config),
    door: live.doors.proxy,
    limit: connectionLimitOf(config, logger),
    logger,
    onCertificate: (validUntilMs) => metrics.onCertificate('traffic', validUntilMs),
    onHandshakeFailure: metrics.onHandshakeFailure,
  })
  traffic = opened
  const stopReports = reportUse(channel, {
    usedSince: (atMs) => live.verification.usedSince(atMs),
    watchIntervalMs: () => verifierChoiceOf(live.config.verifier).watch?.intervalMs ?? null,
    clock: systemClock,
    schedule: systemSchedule,
  })
  const reload = createReload({
    config,
    parts: [live],
    onReload: () => {}, // the primary counts
    logger,
  })

  return {
    metrics,
    find: watch.find,
    async change(next) {
      log.use(next)
      await reload(async () => next)
      watch.change(live.config)
      await opened.change(trafficOf(live.config))
    },
    invalidate: (selector) => takeBack(live, selector),
    withdraw: (key) => live.withdraw(key),
    announceEnd: () => live.announceEnd(),
    async close() {
      stopReports()
      live.drainStreams()
      await opened.drain(live.config.shutdown.drainMs)
      await live.close()
    },
  }
}

function takeBack(live: LiveConfiguration, selector: unknown): void {
  try {
    live.invalidate(parseSelector(selector))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // Better too much than too little.
    live.invalidate({ all: true })
  }
}

function askPrimary(link: PrimaryLink): OpenVerification {
  return ({ verifier, verdicts }, { metrics, logger, recheckStreams }) =>
    createWorkerVerification({
      link,
      traits: backendTraits(
        verifier.type,
        verifier.type === 'onezone' && verifier.serviceToken !== undefined,
      ),
      identityProviders: verifierChoiceOf(verifier).identityProviders,
      totalTimeoutMs: verifier.totalTimeoutMs,
      onCall: metrics.onCall,
      verdicts,
      onEviction: metrics.onEviction,
      onDeath: recheckStreams,
      clock: systemClock,
      schedule: systemSchedule,
      logger,
    })
}
