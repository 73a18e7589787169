import { createBoundedMap } from '../bounded-map.ts'
import { networkOf } from '../client-network.ts'
import type { Clock } from '../clock.ts'
import { VerificationBudgetError } from '../errors.ts'
import type { PresentedToken } from '../token/index.ts'
import { serializeSubject } from '../token/index.ts'
import type { TokenBucket } from '../token-bucket.ts'
import { createTokenBucket } from '../token-bucket.ts'
import type { Question } from '../verifier/index.ts'

/** How many questions about new tokens one party may cost: in vain, or for further texts of what is proven. */
export interface VerificationBudgetOptions {
  /**
   * Per client address, or /64 of IPv6, each second on average; ten times as many at once. Questions whose token turns
   * out to be good cost nothing.
   *
   * @default 50
   */
  readonly perAddressPerSecond?: number | undefined
  /**
   * Per subject, each second on average; ten times as many at once. Only good tokens count, from the second of a family
   * on, with each text that was confined from another: what nobody proved is charged to who sends it.
   *
   * @default 100
   */
  readonly perSubjectPerSecond?: number | undefined
}

/** What is used where an option is left out. */
export const BUDGET_DEFAULTS = { perAddressPerSecond: 50, perSubjectPerSecond: 100 } as const

/** The flood shield. */
export interface VerificationBudget {
  /**
   * Takes what a question costs its client. Throws a {@link VerificationBudgetError} where the purse is empty, or that
   * of the subject which the token claims.
   */
  charge(request: Question): void
  /**
   * Gives it back, since the token was good. A further text of a family of which one was good before costs its subject
   * instead: with one good token anybody makes as many others as they like.
   */
  refund(request: Question, isFurtherText: boolean): void
}

/** So many seconds' worth may be spent at once. */
const BURST_SECONDS = 10
/** Parties that are remembered, of each kind; whoever is forgotten starts with a full purse. */
const MAX_PARTIES = 20_000

/**
 * Makes the flood shield: a question about a token that is not proven costs its client until it turns out to be good,
 * and its subject from the second good one of its family on. Proven tokens cost nothing, so whoever is here with one is
 * not affected by others; and a claim costs nobody who is only named in it.
 */
export function createVerificationBudget(
  options: VerificationBudgetOptions,
  clock: Clock,
): VerificationBudget {
  const { perAddressPerSecond, perSubjectPerSecond } = BUDGET_DEFAULTS
  const addresses = createPurses(options.perAddressPerSecond ?? perAddressPerSecond, clock)
  const subjects = createPurses(options.perSubjectPerSecond ?? perSubjectPerSecond, clock)

  return {
    charge({ token, clientAddress = '' }) {
      const waitMs = subjects.waitOf(claimedBy(token)) || addresses.take(networkOf(clientAddress))
      if (waitMs > 0) throw new VerificationBudgetError(Math.ceil(waitMs / 1000))
    },
    refund({ token, clientAddress = '' }, isFurtherText) {
      addresses.giveBack(networkOf(clientAddress))
      if (isFurtherText) subjects.owe(claimedBy(token))
    },
  }
}

/** Tokens that say nothing about themselves have no subject in common that one flood could use up for all. */
function claimedBy({ id, subject }: PresentedToken): string {
  return id === null ? '' : serializeSubject(subject)
}

interface Purses {
  /** Takes one coin; where there is none, says in how many milliseconds there will be. */
  take(party: string): number
  /** In how many milliseconds there will be a coin; 0: there is one. */
  waitOf(party: string): number
  /** Takes one coin, and makes a debt where there is none. */
  owe(party: string): void
  giveBack(party: string): void
}

/** Token buckets, one a party. An empty name is nobody in particular and pays nothing. */
function createPurses(perSecond: number, clock: Clock): Purses {
  const capacity = perSecond * BURST_SECONDS
  const purses = createBoundedMap<TokenBucket>({ max: MAX_PARTIES })

  function purseOf(party: string): TokenBucket {
    const purse = purses.get(party) ?? createTokenBucket({ capacity, perSecond, clock })
    purses.set(party, purse)
    return purse
  }

  return {
    take: (party) => (party === '' ? 0 : purseOf(party).take()),
    // Whoever has no purse has spent nothing.
    waitOf: (party) => purses.get(party)?.wait() ?? 0,
    owe(party) {
      if (party !== '') purseOf(party).add(-1)
    },
    giveBack: (party) => purses.get(party)?.add(1),
  }
}
