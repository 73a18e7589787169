import type { VerdictStore } from './verdict-memory.ts'
import { createVerdictMemory } from './verdict-memory.ts'
import type { Clock, Schedule } from '../clock.ts'
import { systemClock, systemSchedule } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { silentLogger, shielded } from '../logger.ts'
import type { FinishedCall } from '../http-client/index.ts'
import type { IdentityProviders } from '../identity-provider/index.ts'
import { IDENTITY_PROVIDER_OPTIONS } from '../identity-provider/index.ts'
import type { OptionShape } from '../option-shape.ts'
import {
  CALLBACK,
  checkOptions,
  CLOCK,
  FLAG,
  having,
  JUDGED_ELSEWHERE,
  listOfGroups,
  LOGGER,
} from '../option-shape.ts'
import type { DeathReason, FamilyRecord, OnezoneTime, WatchOutcome } from '../revocation/index.ts'
import { createFamilyLedger, createOnezoneTime } from '../revocation/index.ts'
import type { StoreOptions, StoreState } from '../store/index.ts'
import { STORE_OPTIONS } from '../store/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type {
  BackendChoice,
  BackendTraits,
  BreakerState,
  Question,
  Verifier,
} from '../verifier/index.ts'
import { BACKEND_CHOICE, createBackend, withBreaker } from '../verifier/index.ts'
import { selectorOf } from './dead-selector.ts'
import type { ExplainedVerdict, ExplainOptions } from './explanation.ts'
import { createExplanation } from './explanation.ts'
import type { FamilyUse } from './family-use.ts'
import { createFamilyUse } from './family-use.ts'
import type { Invalidation, InvalidationOptions } from './invalidation.ts'
import { createInvalidation } from './invalidation.ts'
import type { InvalidationSelector } from './invalidation-selector.ts'
import { parseSelector } from './invalidation-selector.ts'
import { createLessons } from './lessons.ts'
import type { RevocationWatch, WatchOptions, WatchState } from './revocation-watch.ts'
import { startRevocationWatch, WATCH_OPTIONS } from './revocation-watch.ts'
import type { OpenSharing, StoreObservers } from './shared-opening.ts'
import { openSharing } from './shared-opening.ts'
import { withHeapRoom } from './heap-room.ts'
import type { ProviderChoice } from './provider-opening.ts'
import { forgetExchanges, openProviders } from './provider-opening.ts'
import { createVerdictGate } from './verdict-gate.ts'
import type { VerdictOptions } from './verdict-options.ts'
import { resolveVerdicts } from './verdict-options.ts'
import { createVerificationBudget } from './verification-budget.ts'

/** Told of what happens; what an observer throws is logged and changes nothing. */
export interface VerificationObservers extends StoreObservers {
  readonly onEviction?: ((store: VerdictStore | 'families') => void) | undefined
  /** A family, or all families of a subject, turned out to be dead. The selector selects at least them. */
  readonly onDeath?: ((reason: DeathReason, dead: InvalidationSelector) => void) | undefined
  /** The verifier has refused what was granted under this key before; `withdraw` takes it back in another process. */
  readonly onWithdrawal?: ((key: string) => void) | undefined
  readonly onBreakerChange?: ((state: BreakerState) => void) | undefined
  /** The watch has read a generation or a status, or tried to. */
  readonly onWatchRead?: ((outcome: WatchOutcome) => void) | undefined
  /** A call to the verifier has ended. */
  readonly onCall?: ((call: FinishedCall) => void) | undefined
}

/** Options of {@link createVerification}. */
export interface VerificationOptions extends VerificationObservers, BackendChoice, ProviderChoice {
  readonly verdicts?: VerdictOptions | undefined
  /**
   * Looks out for revocations between verifications, so that they are seen within about its interval; only where the
   * verifier has something to look at, as Onezone does.
   *
   * @default none: they are seen within `maxStalenessMs`
   */
  readonly watch?: WatchOptions | undefined
  /**
   * A store, Valkey or Redis, in which several processes share what they know; only with `onezone`. What is known here
   * is used as before, and the bound on its age stays the same: others' answers come in place of questions.
   *
   * @default none: what this process knows, it has asked for itself
   */
  readonly store?: StoreOptions | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** A number from 0 to 1, for jitter. @default Math.random */
  readonly random?: (() => number) | undefined
  /**
   * Whether the backend's refusals are what a verifier said about the token's family. False for a backend that
   * remembers and concludes by itself: what it refuses is refused, and nothing else follows.
   *
   * @default true
   */
  readonly refusalsTell?: boolean | undefined
  /** What time it is at the verifier. @default learned from its answers */
  readonly onezoneTime?: OnezoneTime | undefined
  /** Sets the timers of the watch. @default timers that do not keep the process alive */
  readonly schedule?: Schedule | undefined
  /** @default silentLogger */
  readonly logger?: Logger | undefined
}

const VERIFICATION_OPTIONS: OptionShape<VerificationOptions> = {
  ...BACKEND_CHOICE,
  verdicts: JUDGED_ELSEWHERE,
  watch: WATCH_OPTIONS,
  store: STORE_OPTIONS,
  identityProviders: listOfGroups(IDENTITY_PROVIDER_OPTIONS),
  exchangeRelay: JUDGED_ELSEWHERE,
  clock: CLOCK,
  random: CALLBACK,
  refusalsTell: FLAG,
  onezoneTime: having('a time', 'now'),
  schedule: CALLBACK,
  logger: LOGGER,
  onEviction: CALLBACK,
  onDeath: CALLBACK,
  onWithdrawal: CALLBACK,
  onBreakerChange: CALLBACK,
  onWatchRead: CALLBACK,
  onCall: CALLBACK,
  onStoreEvent: CALLBACK,
  onStoreRejection: CALLBACK,
  onSharedInvalidation: CALLBACK,
}

/** Says whether tokens are good: a backend, and what is known from its answers. */
export interface Verification extends FamilyUse {
  readonly verifier: Verifier<PresentedToken>
  /** What an authenticator must know of who is asked. */
  readonly traits: BackendTraits
  /** What exchanges tokens of identity providers; null: nothing does. @default null */
  readonly identityProviders?: IdentityProviders | null | undefined
  /** The age beyond which no fact is used: `maxStalenessMs` and `staleIfErrorMs` together. */
  readonly stalenessBoundMs: number
  /**
   * Takes back what is known about whoever is selected: the next request asks anew, and no answer to a question that
   * was sent before counts for it.
   *
   * @throws {TypeError} that says what is wrong with the selector.
   */
  invalidate(selector: InvalidationSelector, options?: InvalidationOptions): Invalidation
  /** Takes back what was granted under a key, since the verifier has refused it in another process. */
  withdraw(key: string): void
  /** Says how a request would be judged, and by what. Asks nobody and changes nothing unless told to `ask`. */
  explain(request: Question, options?: ExplainOptions): Promise<ExplainedVerdict>
  /** How many verdicts a store holds, or how many families are known. */
  entries(store: VerdictStore | 'families'): number
  readonly breakerState: BreakerState
  /** What time it is at the verifier, in milliseconds since 1970, as far as answers tell. */
  readonly onezoneNowMs: number
  /**
   * When it was last seen that Onezone's clock was set, in monotonic milliseconds: what was asked until then of tokens
   * with an end is asked anew. -Infinity: it never was.
   */
  readonly onezoneSetAtMs: number
  /** How far Onezone's clock is ahead of this machine's, in milliseconds, as far as answers tell. */
  readonly clockOffsetMs: number
  /** Whether the watch or, with `off` and `degraded`, `maxStalenessMs` alone keeps the promise. */
  readonly watchState: WatchState
  /** How it is with the store; null: there is none. */
  readonly storeState: StoreState | null
  /** Stops the watch and lets go of the sockets to the verifier. */
  close(): Promise<void>
}

/** How far Onezone's time may be off what is known of it, where a token is not proven. */
const CLOCK_SKEW_MS = 5_000

/**
 * Assembles the verification: a backend behind a breaker, behind the verdict model. One of these can serve any number
 * of doors and routes.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createVerification(options: VerificationOptions): Verification {
  checkOptions('createVerification', options, VERIFICATION_OPTIONS)
  const { clock = systemClock, random = Math.random, logger = silentLogger } = options
  const { refusalsTell } = options
  const onEviction = shielded(options.onEviction, 'the stores', logger)
  const onDeath = shielded(options.onDeath, 'families', logger)
  const onWithdrawal = shielded(options.onWithdrawal, 'withdrawals', logger)
  const onezoneTime = options.onezoneTime ?? createOnezoneTime(clock)
  const onCall = shielded(
    (call: FinishedCall) => {
      if (options.onezone !== undefined) observeDate(call, onezoneTime, clock)
      options.onCall?.(call)
    },
    'calls',
    logger,
  )

  const backend = createBackend(options, { clock, onCall })
  const verdicts = resolveVerdicts(options.verdicts ?? {}, backend)
  const onezoneNowMs = (): number => onezoneTime.now()
  const identityProviders = openProviders(options, { clock, random, onezoneNowMs, onCall, logger })
  const asked = withBreaker(backend, {
    clock,
    random,
    onChange: shielded(options.onBreakerChange, 'the breaker', logger),
  })
  const memory = createVerdictMemory<FamilyRecord>({ ...verdicts, clock, onEviction })
  const ledger = createFamilyLedger({
    ...verdicts,
    maxStrangers: verdicts.maxRefusals,
    clock,
    onEviction: () => onEviction('families'),
    onDeath: (reason, dead) => onDeath(reason, selectorOf(dead)),
    onConfirmed: (family) => watch.confirmed(family),
  })
  const budget = createVerificationBudget(options.verdicts?.budget ?? {}, clock)
  const stalenessBoundMs = verdicts.maxStalenessMs + verdicts.staleIfErrorMs
  const schedule = options.schedule ?? systemSchedule
  const knowledge = { ...verdicts, memory, ledger, onezoneTime, clock }
  const shared: OpenSharing | null =
    options.store === undefined
      ? null
      : openSharing({
          ...options,
          ...knowledge,
          store: options.store,
          asked: options,
          verdicts,
          schedule,
          random,
          logger,
          takeBack: (selector) => void takeBack(selector),
        })
  const watch: RevocationWatch = startRevocationWatch({
    watch: options.watch,
    ledger: shared?.ledger ?? ledger,
    openSource: backend.openWatch,
    maxStalenessMs: verdicts.maxStalenessMs,
    stalenessBoundMs,
    mayRead: () => asked.state === 'closed',
    clock,
    random,
    schedule,
    logger,
    onRead: shielded(options.onWatchRead, 'the watch', logger),
  })
  const verifier = createVerdictGate(asked, {
    ...knowledge,
    sharing: shared?.sharing,
    lessons: createLessons({
      ...knowledge,
      ledger: shared?.ledger ?? ledger,
      sharing: shared?.sharing,
      random,
      refusalsTell,
      onWithdrawal,
    }),
    clockSkewMs: CLOCK_SKEW_MS,
    budget: withHeapRoom(budget, clock),
  })

  const invalidate = createInvalidation({
    memory,
    ledger,
    gate: verifier,
    // One that remembers by itself does not say whether a whole family is lost; and asking it is cheap.
    keepsProofs: options.refusalsTell,
  })
  const takeBack: typeof invalidate = (selector, how) => {
    const counted = invalidate(selector, how)
    if (how?.dryRun !== true) forgetExchanges(identityProviders, selector)
    return counted
  }

  return {
    ...createFamilyUse(ledger, clock),
    verifier,
    withdraw: (key) => memory.withdraw(key),
    invalidate(selector, how) {
      const told =
        shared === null || how?.dryRun === true
          ? undefined
          : shared.sharing.invalidated(parseSelector(selector))
      return { ...takeBack(selector, how), ...(told && { told }) }
    },
    explain: createExplanation({ gate: verifier, ledger, onezoneTime, clock }),
    traits: backend.traits,
    identityProviders,
    stalenessBoundMs,
    entries: (store) => (store === 'families' ? ledger.size : memory.entries(store)),
    get breakerState() {
      return asked.state
    },
    get onezoneSetAtMs() {
      return onezoneTime.setAtMs
    },
    get onezoneNowMs() {
      return onezoneTime.now()
    },
    get clockOffsetMs() {
      return onezoneTime.offsetMs
    },
    get watchState() {
      return watch.state
    },
    get storeState() {
      return shared?.knowledge.state ?? null
    },
    async close() {
      watch.close()
      await Promise.all([verifier.close(), identityProviders?.close(), shared?.knowledge.close()])
    },
  }
}

/** Onezone's answers say what time it is there, whatever they are about. */
function observeDate(call: FinishedCall, onezoneTime: OnezoneTime, clock: Clock): void {
  const { serverTimeMs: dateMs, durationMs } = call
  if (dateMs === null) return
  const answeredAtMs = clock.monotonic()
  onezoneTime.observeDate({ dateMs, askedAtMs: answeredAtMs - durationMs, answeredAtMs })
}
