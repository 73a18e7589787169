import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import type { Channel, Questions } from './cluster/index.ts'
import {
  createFollowedTime,
  createPrimaryBackend,
  createQuestions,
  obey,
  takeConnections,
} from './cluster/index.ts'
import type { GatewayConfig } from './config/index.ts'
import type { Logger } from './logger.ts'
import { takeSnapshot } from './metrics/index.ts'
import type { Metrics } from './metrics/index.ts'
import type { OpenVerification, Serving, Traffic } from './serving/index.ts'
import { assemble, createReload, openTraffic } from './serving/index.ts'
import { createVerification, parseSelector, VERDICT_RANGES } from './verification/index.ts'
import { backendTraits } from './verifier/index.ts'

/** Options of {@link serveAsWorker}. */
export interface WorkerOptions {
  /** To the primary. */
  readonly channel: Channel
  /** Makes the log of this worker, and its level be that of the configuration. */
  readonly openLog: (name: string) => { readonly logger: Logger; use(config: GatewayConfig): void }
  /** Ends the process. */
  readonly exit: (code: number) => void
}

/** For how long a worker remembers a refusal, as a part of the time that the primary does: both add up. */
const NEGATIVE_TTL_PART = 0.25

/** A worker only shields the primary; what clients may cost is reckoned up there. */
const BUDGET_FACTOR = 4
const MOST_PER_SECOND = VERDICT_RANGES.budget.perAddressPerSecond[1]

/** Carries traffic for a clustered gateway, by what the primary says, until it says to end. */
export function serveAsWorker({ channel, openLog, exit }: WorkerOptions): void {
  const questions = createQuestions(channel)
  let worker: Promise<WorkerGateway> | null = null

  async function begin(config: GatewayConfig, name: string): Promise<void> {
    const log = openLog(name)
    log.use(config)
    worker = openWorkerGateway(config, { questions, name, log, channel })
    try {
      await worker
      channel.send({ kind: 'ready' })
    } catch (error) {
      channel.send({ kind: 'failed', reason: error instanceof Error ? error.message : '' })
    }
  }

  obey(channel, 'configure', async ({ config, name }) => {
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
  obey(channel, 'drain', async () => {
    try {
      await (await worker)?.close()
    } finally {
      exit(0)
    }
    return {}
  })
  channel.send({ kind: 'hello' })
}

interface WorkerGateway {
  readonly metrics: Metrics
  change(config: GatewayConfig): Promise<void>
  invalidate(selector: unknown): void
  close(): Promise<void>
}

interface WorkerSurroundings {
  readonly channel: Channel
  readonly questions: Questions
  readonly name: string
  readonly log: ReturnType<WorkerOptions['openLog']>
}

async function openWorkerGateway(
  config: GatewayConfig,
  { channel, questions, name, log }: WorkerSurroundings,
): Promise<WorkerGateway> {
  const { logger } = log
  let traffic: Traffic | null = null
  const { serving, metrics } = assemble({
    config,
    openVerification: askPrimary(questions, systemClock),
    logger,
    clock: undefined,
    traffic: () => traffic,
    processName: name,
  })
  const opened = await openTraffic({
    config,
    source: (take) => takeConnections(channel, take),
    door: serving.doors.proxy,
    logger,
    onCertificate: metrics.onCertificate,
  })
  traffic = opened
  const reload = createReload({
    config,
    parts: [serving],
    onReload: () => {}, // the primary counts
    logger,
  })

  return {
    metrics,
    async change(next) {
      log.use(next)
      await reload(async () => next)
      await opened.reloadCertificate(serving.config)
    },
    invalidate: (selector) => takeBack(serving, selector),
    async close() {
      serving.drainStreams()
      await opened.drain(serving.config.shutdown.drainMs)
      await serving.close()
    },
  }
}

function takeBack(serving: Serving, selector: unknown): void {
  try {
    serving.invalidate(parseSelector(selector))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // Better too much than too little.
    serving.invalidate({ all: true })
  }
}

function askPrimary(questions: Questions, clock: Clock): OpenVerification {
  return ({ verifier, verdicts }, { metrics, logger, recheckStreams }) => {
    const onezoneTime = createFollowedTime(clock)
    const { perAddressPerSecond, perSubjectPerSecond } = verdicts.budget
    return createVerification({
      backend: createPrimaryBackend({
        questions,
        traits: backendTraits(
          verifier.type,
          verifier.type === 'onezone' && verifier.serviceToken !== undefined,
        ),
        totalTimeoutMs: verifier.totalTimeoutMs,
        onezoneTime,
        clock,
      }),
      refusalsTell: false,
      onezoneTime,
      verdicts: {
        ...verdicts,
        negativeTtlMs: Math.floor(verdicts.negativeTtlMs * NEGATIVE_TTL_PART),
        budget: {
          perAddressPerSecond: Math.min(perAddressPerSecond * BUDGET_FACTOR, MOST_PER_SECOND),
          perSubjectPerSecond: Math.min(perSubjectPerSecond * BUDGET_FACTOR, MOST_PER_SECOND),
        },
      },
      onEviction: metrics.onEviction,
      onDeath: recheckStreams,
      logger: withoutNews(logger),
      clock,
    })
  }
}

/** That a worker's own verification watches nothing is true, but no news: the primary's does. */
function withoutNews(logger: Logger): Logger {
  return {
    debug: (facts, message) => logger.debug(facts, message),
    info: () => {},
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
  }
}
