import { setImmediate } from 'node:timers/promises'

import { onTestFinished } from 'vitest'

import { OnezoneApiError, OnezoneFaultError } from '../../src/errors.ts'
import type { DeathReason, FamilyRecord, WatchOutcome } from '../../src/revocation/index.ts'
import { createFamilyLedger, createFamilyWatch } from '../../src/revocation/index.ts'
import type { Subject } from '../../src/token/index.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

export interface WatchSettings {
  readonly concurrency?: number
  readonly maxFamilies?: number
  readonly random?: () => number
}

/** What Onezone says to a reading: of a generation by the subject's id, or of a status by the token's. */
type Answerer = (id: string) => unknown

/** A watch before a Onezone that says what it is told to, on a clock that moves when told; every 2 s. */
export function createWatchRig(settings: WatchSettings = {}) {
  const { concurrency = 8, maxFamilies = 100, random = () => 0.5 } = settings
  const busy = new Set<FamilyRecord>()
  const time = createFakeTime(
    () => setImmediate(),
    () => busy.forEach(use),
  )
  const { clock } = time
  const deaths: DeathReason[] = []
  const ledger = createFamilyLedger({
    onConfirmed: (family) => watch.confirmed(family),
    maxFamilies,
    maxStrangers: 100,
    negativeTtlMs: 2_000,
    clock,
    onEviction: () => {},
    onDeath: (reason) => void deaths.push(reason),
  })
  const log: { level: string; facts: Readonly<Record<string, unknown>>; message: string }[] = []
  const write = (level: string) => (facts: Readonly<Record<string, unknown>>, message: string) =>
    void log.push({ level, facts, message })
  /** Each reading: when, and of what. */
  const reads: { atMs: number; id: string }[] = []
  const outcomes: WatchOutcome[] = []
  let answerer: Answerer = () => ({ generation: 1, revoked: false })
  let mayRead = true
  let underWay = 0
  let most = 0

  const ask = async <Answer>(id: string): Promise<Answer> => {
    reads.push({ atMs: clock.monotonic(), id })
    underWay += 1
    most = Math.max(most, underWay)
    try {
      return (await answerer(id)) as Answer
    } finally {
      underWay -= 1
    }
  }
  const watch = createFamilyWatch({
    ledger: ledger,
    client: {
      getTemporaryTokenGenerationOfUser: (id) => ask(id),
      getTemporaryTokenGenerationOfProvider: (id) => ask(id),
      getNamedTokenStatus: (id) => ask(id),
    },
    token: 'watch-token',
    intervalMs: 2_000,
    concurrency,
    stalenessBoundMs: 10_000,
    mayRead: () => mayRead,
    clock,
    random,
    schedule: time.schedule,
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    },
    onRead: (outcome) => void outcomes.push(outcome),
  })
  onTestFinished(() => watch.close())

  /** A request with a token of the family, which is verified anew when its fact gets old. */
  function use(family: FamilyRecord): void {
    const nowMs = clock.monotonic()
    if (ledger.deathOf(family) !== null) return
    if (nowMs - family.aliveAtMs > 7_000) ledger.sawAlive(family, nowMs)
    family.usedAtMs = nowMs
  }

  const accepted = (family: FamilyRecord): FamilyRecord => {
    ledger.sawAlive(family, clock.monotonic())
    family.usedAtMs = clock.monotonic()
    return family
  }
  const temporary = (id: string, generation = 1, type: 'user' | 'oneprovider' = 'user') => {
    const subject: Subject = { type, id }
    return accepted(ledger.open({ kind: 'temporary', subject, generation }, subject))
  }
  const named = (tokenId: string, userId = 'alice') =>
    accepted(ledger.open({ kind: 'named', tokenId }, { type: 'user', id: userId }))

  return {
    time,
    clock,
    pass: time.pass,
    watch,
    ledger,
    deaths,
    log,
    reads,
    outcomes,
    /** A family of which a token was just accepted. */
    temporary,
    named,
    /** From now on its tokens are used all the time. */
    keepBusy: (...families: FamilyRecord[]) => families.forEach((family) => busy.add(family)),
    rest: () => busy.clear(),
    answerWith: (next: Answerer) => void (answerer = next),
    setMayRead: (next: boolean) => void (mayRead = next),
    /** When it was read, in milliseconds after the first reading. */
    rhythm: (id: string) => {
      const times = reads.filter((read) => read.id === id).map(({ atMs }) => atMs)
      return times.map((atMs) => atMs - (times[0] ?? 0))
    },
    mostUnderWay: () => most,
  }
}

/** Answers by hand. */
export function createPromise<Value>() {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((settle) => void (resolve = settle))
  return { promise, resolve }
}

const IDS: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
}

/** Onezone's no to a reading. */
export function refused(status: number, id = IDS[status] ?? 'badData'): Promise<never> {
  return Promise.reject(new OnezoneApiError(`Onezone answered ${status} ${id}.`, { status, id }))
}

/** No usable answer. */
export function faulty(
  code: OnezoneFaultError['code'] = 'ERR_ONEZONE_TIMEOUT',
  retryAfterSeconds?: number,
): Promise<never> {
  return Promise.reject(new OnezoneFaultError(code, 'no answer', { retryAfterSeconds }))
}
