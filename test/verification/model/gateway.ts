import type { Decision } from '../../../src/authenticator/index.ts'
import { answerFor } from '../../../src/authenticator/index.ts'
import type { Clock } from '../../../src/clock.ts'
import type { MessageEnd } from '../../../src/cluster/message.ts'
import {
  createChannel,
  createHerald,
  createWorkerVerification,
  obey,
  openPrimaryLink,
  openQuestionDesk,
  reportUse,
} from '../../../src/cluster/index.ts'
import type { Channel } from '../../../src/cluster/index.ts'
import { VerificationBudgetError } from '../../../src/errors.ts'
import { silentLogger } from '../../../src/logger.ts'
import type { OpenStreams } from '../../../src/proxy/open-streams.ts'
import { createOpenStreams } from '../../../src/proxy/open-streams.ts'
import type {
  Invalidation,
  InvalidationSelector,
  Verification as VerificationModel,
} from '../../../src/verification/index.ts'
import { createVerification, parseSelector } from '../../../src/verification/index.ts'
import type { BackendTraits, BreakerState, SourcedVerdict } from '../../../src/verifier/index.ts'
import { isAccepted } from '../../../src/verifier/index.ts'
import type { OnezoneServer } from './onezone-server.ts'
import type { Random } from './random.ts'
import type { SimulatedTime } from './simulated-time.ts'
import type { Settings } from './settings.ts'
import { TIMEOUT_MS } from './settings.ts'

/** Where requests come in: the process of a single gateway, or one worker. */
export interface Door {
  readonly name: string
  readonly startMs: number
  readonly clock: Clock
  readonly verification: VerificationModel
  readonly streams: OpenStreams
}

/** A gateway of one process or of several, as the real ones are put together, in simulated time. */
export interface ModelGateway {
  readonly doors: readonly Door[]
  /** What asks Onezone. */
  readonly primary: VerificationModel
  readonly primaryClock: Clock
  readonly primaryStartMs: number
  /** Takes back what is known; what is returned settles when all processes have. */
  invalidate(
    selector: InvalidationSelector,
    dryRun: boolean,
  ): { readonly counted: Invalidation; readonly done: Promise<unknown> }
  close(): void
}

export interface ModelGatewayOptions {
  readonly settings: Settings
  readonly time: SimulatedTime
  readonly chance: Random
  readonly onezone: OnezoneServer
  readonly onBreakerChange: (state: BreakerState) => void
}

const STREAM_ABOUT = { kind: 'websocket', routeId: 'model' } as const

export function createModelGateway(options: ModelGatewayOptions): ModelGateway {
  const { settings, time, chance, onezone } = options
  const primaryStartMs = 5_000
  const primaryClock = time.clockOf(primaryStartMs)
  let tellWorkers: (selector: InvalidationSelector) => Promise<unknown> = async () => {}
  let recheck = (): void => {}
  let onWithdrawal = (_key: string): void => {}
  const client = {
    dispatcher: onezone.dispatcher,
    clock: primaryClock,
    maxAttempts: settings.maxAttempts,
    // A question is as old as when it was sent: whoever looks on does not see that it waited for its turn.
    maxConnections: 1_000,
  }
  const isWatched = settings.backend === 'onezone' && settings.watchIntervalMs !== null
  const watch = !isWatched
    ? undefined
    : { token: 'watch-token', intervalMs: settings.watchIntervalMs ?? 0, concurrency: 4 }
  const verdicts = verdictsOf(settings)
  const primary = createVerification({
    ...(settings.backend === 'onezone'
      ? { onezone: { url: 'https://onezone.example.org', ...client } }
      : { tokenLookup: { url: 'https://lookup.example.org', apiToken: 'secret', ...client } }),
    verdicts,
    watch,
    clock: primaryClock,
    random: () => chance.next(),
    schedule: time.schedule,
    onBreakerChange: options.onBreakerChange,
    onWithdrawal: (key) => onWithdrawal(key),
    onDeath(_reason, dead) {
      void tellWorkers(dead)
      recheck()
    },
  })

  const openStreams = (clock: Clock): OpenStreams =>
    createOpenStreams({
      intervalMs: settings.maxStalenessMs,
      boundMs: primary.stalenessBoundMs,
      ...(watch === undefined ? {} : { glanceMs: watch.intervalMs }),
      random: () => chance.next(),
      schedule: time.schedule,
      clock,
      onStream: () => {},
    })

  if (settings.workers === 0) {
    const streams = openStreams(primaryClock)
    recheck = () => streams.recheck()
    return {
      doors: [
        { name: '', startMs: primaryStartMs, clock: primaryClock, verification: primary, streams },
      ],
      primary,
      primaryClock,
      primaryStartMs,
      invalidate(selector, dryRun) {
        const counted = primary.invalidate(selector, { dryRun })
        if (!dryRun) streams.recheck()
        return { counted, done: Promise.resolve() }
      },
      close: () => void primary.close(),
    }
  }

  const channels: Channel[] = []
  const herald = createHerald({
    tell(message) {
      for (const channel of channels) channel.send(message)
    },
    onezoneNowMs: () => primary.onezoneNowMs,
    onezoneSetAtMs: () => primary.onezoneSetAtMs,
    clock: primaryClock,
    schedule: time.schedule,
  })
  onWithdrawal = (key) => herald.withdraw(key)
  // What a text says does not change: most of them come again and again.
  const read = new Map<string, ReturnType<typeof primary.traits.readToken>>()
  const traits: BackendTraits = {
    ...primary.traits,
    readToken(text) {
      const known = read.get(text) ?? primary.traits.readToken(text)
      read.set(text, known)
      return known
    },
  }
  const asPrimary = Object.create(primary, { traits: { value: traits } }) as VerificationModel
  let orders = 0
  const waiting = new Map<number, () => void>()
  const sides = Array.from({ length: settings.workers }, (_, index) => {
    const startMs = 1_000_000 * (index + 2)
    const clock = time.clockOf(startMs)
    const [here, there] = createPipe(options)
    const channel = createChannel(here)
    openQuestionDesk(channel, {
      verification: () => asPrimary,
      clock: primaryClock,
      logger: silentLogger,
    })
    channels.push(channel)
    channel.on('done', ({ id }) => waiting.get(Number(id))?.())
    const workerChannel = createChannel(there)
    const link = openPrimaryLink(workerChannel, {
      onWithdrawal: (key) => verification.withdraw(key),
      clock,
    })
    link.follow(herald.time)
    const verification = createWorkerVerification({
      link,
      traits: primary.traits,
      totalTimeoutMs: TIMEOUT_MS,
      verdicts,
      onDeath: () => streams.recheck(),
      clock,
      schedule: time.schedule,
      random: () => chance.next(),
      logger: silentLogger,
    })
    reportUse(workerChannel, {
      usedSince: (atMs) => verification.usedSince(atMs),
      watchIntervalMs: () => (isWatched ? settings.watchIntervalMs : null),
      clock,
      schedule: time.schedule,
    })
    const streams = openStreams(clock)
    obey(workerChannel, 'invalidate', ({ selector }) => {
      verification.invalidate(parseSelector(selector))
      streams.recheck()
      return {}
    })
    return { channel, door: { name: String(index + 1), startMs, clock, verification, streams } }
  })
  tellWorkers = (selector) =>
    Promise.all(
      sides.map(
        ({ channel }) =>
          new Promise<void>((resolve) => {
            orders += 1
            waiting.set(orders, resolve)
            channel.send({ kind: 'invalidate', id: orders, selector })
          }),
      ),
    )
  return {
    doors: sides.map(({ door }) => door),
    primary,
    primaryClock,
    primaryStartMs,
    invalidate(selector, dryRun) {
      const counted = primary.invalidate(selector, { dryRun })
      return { counted, done: dryRun ? Promise.resolve() : tellWorkers(selector) }
    },
    close() {
      herald.close()
      void primary.close()
    },
  }
}

function verdictsOf(settings: Settings) {
  const { maxStalenessMs, negativeTtlMs, staleIfErrorMs, isTiny, budgetPerSecond } = settings
  const perSecond = budgetPerSecond ?? 1_000_000
  const bounds = isTiny
    ? { maxTokens: 3, maxFamilies: 2, maxRefusals: 2 }
    : { maxTokens: 400, maxFamilies: 200, maxRefusals: 400 }
  return {
    maxStalenessMs,
    negativeTtlMs,
    staleIfErrorMs,
    ...bounds,
    budget: { perAddressPerSecond: perSecond, perSubjectPerSecond: perSecond },
  }
}

/** Both ends of a channel between two processes: text that takes its time and keeps its order. */
function createPipe({ time, chance, settings }: ModelGatewayOptions): [MessageEnd, MessageEnd] {
  const ends = [0, 1].map(() => ({ listeners: [] as ((message: unknown) => void)[], lastMs: 0 }))
  return [0, 1].map((side): MessageEnd => {
    const [own, other] = [ends[side], ends[1 - side]]
    const inbox: string[] = []
    return {
      send(message, _socket, _options, callback) {
        if (other === undefined) return
        inbox.push(JSON.stringify(message))
        const delayMs = chance.next() * settings.channelMs
        other.lastMs = Math.max(other.lastMs, time.nowMs + delayMs)
        time.schedule(other.lastMs - time.nowMs, () => {
          callback(null)
          const text = inbox.shift() ?? ''
          for (const listener of other.listeners) listener(JSON.parse(text))
        })
      },
      on: (_event, listener) => own?.listeners.push((message) => listener(message, undefined)),
    }
  }) as [MessageEnd, MessageEnd]
}

/** What a door makes of an answer, as the authenticator does. */
export function decisionOf(outcome: SourcedVerdict | Error): Decision {
  if (outcome instanceof Error) {
    const code =
      outcome instanceof VerificationBudgetError
        ? 'verification_budget_exceeded'
        : 'verifier_unavailable'
    return { outcome: 'denied', answer: answerFor(code), source: 'local' }
  }
  const { verdict, source } = outcome
  if (!isAccepted(verdict)) {
    return { outcome: 'denied', answer: answerFor(verdict.reason), source }
  }
  return {
    outcome: 'granted',
    identity: null,
    identityHeaders: [],
    client: {
      address: '',
      peerIp: null,
      forwardedFor: '',
      proto: 'http',
      host: null,
      port: null,
      prefix: '',
    },
    source,
    askedAtMs: verdict.askedAtMs,
  }
}

export { STREAM_ABOUT }
