import type { Clock, Schedule } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { shielded } from '../logger.ts'
import { parseOnezoneUrl } from '../onezone/index.ts'
import type { FamilyLedger, FamilyRecord, OnezoneTime } from '../revocation/index.ts'
import type { Rejection, SharedKnowledge, StoreEvent, StoreOptions } from '../store/index.ts'
import { checkStore, openRedisStore, openSharedKnowledge, STORE_DEFAULTS } from '../store/index.ts'
import { parseToken, serializeSubject } from '../token/index.ts'
import type { BackendChoice } from '../verifier/index.ts'
import type { InvalidationSelector } from './invalidation-selector.ts'
import type { Sharing } from './sharing.ts'
import { createSharing } from './sharing.ts'
import { withTelling } from './telling-ledger.ts'
import type { VerdictMemory } from './verdict-memory.ts'
import type { VerdictSettings } from './verdict-options.ts'

/** Told of what happens with a store; what an observer throws is logged and changes nothing. */
export interface StoreObservers {
  /** The store was asked something. */
  readonly onStoreEvent?: ((event: StoreEvent) => void) | undefined
  /** Something from the store was not used. */
  readonly onStoreRejection?: ((reason: Rejection) => void) | undefined
  /** Another gateway has had this taken back, and here it is, too. */
  readonly onSharedInvalidation?: ((selector: InvalidationSelector) => void) | undefined
}

/** Options of {@link openSharing}. */
export interface SharedOpeningOptions extends StoreObservers {
  readonly store: StoreOptions
  readonly asked: BackendChoice
  readonly verdicts: VerdictSettings
  readonly memory: VerdictMemory<FamilyRecord>
  readonly ledger: FamilyLedger
  readonly onezoneTime: OnezoneTime
  readonly clock: Clock
  readonly schedule: Schedule
  readonly random: () => number
  readonly logger: Logger
  /** Takes back what is known here, and tells nobody else. */
  readonly takeBack: (selector: InvalidationSelector) => void
}

/** What several gateways know, as one of them takes part in it. */
export interface OpenSharing {
  readonly knowledge: SharedKnowledge
  readonly sharing: Sharing
  /** The ledger that tells others, for whoever asks the verifier. */
  readonly ledger: FamilyLedger
}

/**
 * Opens the store. It connects by itself, and nothing waits for that.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function openSharing(options: SharedOpeningOptions): OpenSharing {
  const { store, asked, verdicts, ledger, logger } = options
  checkStore(store)
  if (asked.onezone === undefined) {
    throw new TypeError(
      '"store" is only for "onezone": what a look-up API says of tokens is not shared',
    )
  }
  const { secret = [], prefix = STORE_DEFAULTS.prefix, open, ...connection } = store
  const { serviceToken } = asked
  const service =
    serviceToken === undefined ? '-' : serializeSubject(parseToken(serviceToken).subject)
  const onSharedInvalidation = shielded(
    options.onSharedInvalidation,
    'shared invalidations',
    logger,
  )
  const knowledge = openSharedKnowledge({
    ...options,
    ...verdicts,
    open: open ?? (() => openRedisStore({ connection, prefix, logger })),
    secrets: typeof secret === 'string' ? [secret] : secret,
    context: [parseOnezoneUrl(asked.onezone.url), service],
    prefix,
    deadlineMs: store.deadlineMs ?? STORE_DEFAULTS.deadlineMs,
    onNews: (news) => sharing.hear(news),
    onEvent: shielded(options.onStoreEvent, 'the store', logger),
    onRejected: shielded(options.onStoreRejection, 'the store', logger),
  })
  const sharing: Sharing = createSharing({
    ...options,
    ...verdicts,
    knowledge,
    takeBack(selector) {
      options.takeBack(selector)
      onSharedInvalidation(selector)
    },
  })
  return { knowledge, sharing, ledger: withTelling(ledger, knowledge) }
}
