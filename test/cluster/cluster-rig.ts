import { EventEmitter } from 'node:events'

import type { Clock } from '../../src/clock.ts'
import {
  createChannel,
  createHerald,
  createWorkerVerification,
  openPrimaryLink,
  openQuestionDesk,
  reportUse,
} from '../../src/cluster/index.ts'
import type { Message } from '../../src/cluster/index.ts'
import { silentLogger } from '../../src/logger.ts'
import type { OnezoneTime, Verification, WatchOptions } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import type { Question, SourcedVerdict as Answer, WatchSource } from '../../src/verifier/index.ts'
import { isAccepted, onezoneTraits } from '../../src/verifier/index.ts'
import { createFakeTime } from '../helpers/fake-time.ts'
import type { Answerer } from '../verification/gate-rig.ts'
import { question, yes } from '../verification/gate-rig.ts'

export interface ClusterSettings {
  readonly verdicts?: {
    readonly maxStalenessMs?: number
    readonly negativeTtlMs?: number
    readonly staleIfErrorMs?: number
  }
  /** What the primary knows of Onezone's time. @default learned from the answers */
  readonly onezoneTime?: (clock: Clock) => OnezoneTime
  /** @default there is no watch */
  readonly watch?: { readonly options: WatchOptions; readonly source: WatchSource }
}

/** One worker of the rig. */
export interface RigWorker {
  readonly verification: Verification
  /** Asks, and lets so much time pass as the answer needs. */
  verify(request?: Partial<Question>): Promise<Answer>
  /** Outcome or refusal reason, and where it came from; or the message of the error. */
  ask(request?: Partial<Question>): Promise<readonly [string, Answer['source']] | string>
}

const VERDICTS = {
  maxStalenessMs: 10_000,
  negativeTtlMs: 2_000,
  staleIfErrorMs: 0,
  budget: { perAddressPerSecond: 1_000, perSubjectPerSecond: 1_000 },
}

/**
 * A primary and two workers in one process, on one clock that moves when told. What they say to each other goes through
 * the real codecs, as JSON, and takes its time. Each has its own reading of monotonic time.
 */
export function createClusterRig(settings: ClusterSettings = {}) {
  const time = createFakeTime()
  const { clock, schedule } = time
  /** How long what the workers, or the primary, send is on its way. */
  const delay = { toPrimaryMs: 1, toWorkerMs: 1 }
  const asked: Question[] = []
  const told: Message[] = []
  let answerer: Answerer = yes(clock)
  const verdicts = { ...VERDICTS, ...settings.verdicts, budget: VERDICTS.budget }
  const common = { clock, schedule, random: () => 0.5, logger: silentLogger }
  const traits = onezoneTraits(false)
  const totalTimeoutMs = 1_000

  const channels: ReturnType<typeof createChannel>[] = []
  const primary = createVerification({
    ...common,
    backend: {
      traits,
      totalTimeoutMs,
      openWatch: settings.watch === undefined ? null : () => settings.watch!.source,
      async verify(request) {
        asked.push(request)
        const verdict = await answerer(request as never, clock.monotonic())
        return { verdict, source: 'onezone' }
      },
      close: async () => {},
    },
    verdicts,
    watch: settings.watch?.options,
    onezoneTime: settings.onezoneTime?.(clock),
    onDeath: (_reason, dead) =>
      channels.forEach((channel) => channel.send({ kind: 'invalidate', selector: dead })),
    onWithdrawal: (key) => herald.withdraw(key),
  })
  const herald = createHerald({
    tell(message) {
      told.push(message)
      for (const channel of channels) channel.send(message)
    },
    onezoneNowMs: () => primary.onezoneNowMs,
    onezoneSetAtMs: () => primary.onezoneSetAtMs,
    clock,
    schedule,
  })

  function start(aheadMs: number): RigWorker {
    const own: Clock = { now: () => clock.now(), monotonic: () => clock.monotonic() + aheadMs }
    const [near, far] = [new EventEmitter(), new EventEmitter()]
    const end = (from: EventEmitter, to: EventEmitter, delayMs: () => number) =>
      Object.assign(from, {
        send(message: object) {
          const text = JSON.stringify(message)
          schedule(delayMs(), () => to.emit('message', JSON.parse(text)))
        },
      })
    const atPrimary = createChannel(end(near, far, () => delay.toWorkerMs))
    const channel = createChannel(end(far, near, () => delay.toPrimaryMs))
    openQuestionDesk(atPrimary, { verification: () => primary, clock, logger: silentLogger })
    channels.push(atPrimary)
    const link = openPrimaryLink(channel, {
      onWithdrawal: (key) => verification.withdraw(key),
      clock: own,
    })
    link.follow(herald.time)
    const verification = createWorkerVerification({
      ...common,
      clock: own,
      link,
      traits,
      totalTimeoutMs,
      verdicts,
    })
    channel.on('invalidate', ({ selector }) => void verification.invalidate(selector as never))
    reportUse(channel, {
      usedSince: (atMs) => verification.usedSince(atMs),
      watchIntervalMs: () => settings.watch?.options.intervalMs ?? null,
      clock: own,
      schedule,
    })

    const verify = async (request: Partial<Question> = {}): Promise<Answer> => {
      const answer = Promise.resolve(verification.verifier.verify({ ...question(), ...request }))
      let pending = true
      const settled = (): void => void (pending = false)
      answer.then(settled, settled)
      await Promise.resolve()
      await Promise.resolve()
      while (pending) await time.pass(1)
      return answer
    }
    return {
      verification,
      verify,
      async ask(request) {
        try {
          const { verdict, source } = await verify(request)
          return [isAccepted(verdict) ? 'accepted' : verdict.reason, source]
        } catch (error) {
          return error instanceof Error ? error.message : String(error)
        }
      },
    }
  }

  return {
    clock,
    pass: time.pass,
    delay,
    /** Every question that reached Onezone. */
    asked,
    /** What the primary has told all workers, unasked. */
    told,
    primary,
    workers: [start(9_000_000), start(40)] as const,
    answerWith: (next: Answerer) => void (answerer = next),
  }
}
