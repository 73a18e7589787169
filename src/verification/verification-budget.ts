import { createBoundedMap } from '../bounded-map.ts'
import type { Clock } from '../clock.ts'
import { VerificationBudgetError } from '../errors.ts'
import type { PresentedToken } from '../token/index.ts'
import { serializeSubject } from '../token/index.ts'
import type { TokenBucket } from '../token-bucket.ts'
import { createTokenBucket } from '../token-bucket.ts'
import type { Question } from '../verifier/index.ts'

/** How many questions about new tokens one party may cost: in vain, or for further texts of what is proven. */
export interface VerificationBudgetOptions {
  /** Per client address, or /64 of IPv6, each second on average; ten times as many at once. @default 50 */
  readonly perAddressPerSecond?: number | undefined
  /**
   * Per subject that the tokens claim, each second on average; ten times as many at once. Good tokens count from the
   * second of a family on, with each text that was confined from another.
   *
   * @default 100
   */
  readonly perSubjectPerSecond?: number | undefined
}

/** What is used where an option is left out. */
export const BUDGET_DEFAULTS = { perAddressPerSecond: 50, perSubjectPerSecond: 100 } as const

/** The flood shield. */
export interface VerificationBudget {
  /** Takes what a question costs. Throws a {@link VerificationBudgetError} where the purse is empty. */
  charge(request: Question): void
  /**
   * Gives it back, since the token was good. A further text of a family of which one was good before still costs its
   * subject: with one good token anybody makes as many others as they like.
   */
  refund(request: Question, isFurtherText: boolean): void
}

/** So many seconds' worth may be spent at once. */
const BURST_SECONDS = 10
/** Parties that are remembered, of each kind; whoever is forgotten starts with a full purse. */
const MAX_PARTIES = 20_000

/**
 * Makes the flood shield: a question about a token that is not proven costs its client, and the subject that it claims,
 * until it turns out to be the first good one of its family. Proven tokens cost nothing, so whoever is here with one is
 * not affected by others.
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
      const waitMs = addresses.take(networkOf(clientAddress)) || subjects.take(claimedBy(token))
      if (waitMs > 0) throw new VerificationBudgetError(Math.ceil(waitMs / 1000))
    },
    refund({ token, clientAddress = '' }, isFurtherText) {
      addresses.giveBack(networkOf(clientAddress))
      if (!isFurtherText) subjects.giveBack(claimedBy(token))
    },
  }
}

const NETWORK_GROUPS = 4

/** An IPv6 address stands for its /64, which any one customer has all of (RFC 6177); an IPv4 address for itself. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [before = '', after] = address.split('::')
  const front = before === '' ? [] : before.split(':')
  const back = after === undefined || after === '' ? [] : after.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0')
  return `${[...front, ...zeros, ...back].slice(0, NETWORK_GROUPS).join(':')}::/64`
}

/** Tokens that say nothing about themselves have no subject in common that one flood could use up for all. */
function claimedBy({ id, subject }: PresentedToken): string {
  return id === null ? '' : serializeSubject(subject)
}

interface Purses {
  /** Takes one coin; where there is none, says in how many milliseconds there will be. */
  take(party: string): number
  giveBack(party: string): void
}

/** Token buckets, one a party. An empty name is nobody in particular and pays nothing. */
function createPurses(perSecond: number, clock: Clock): Purses {
  const capacity = perSecond * BURST_SECONDS
  const purses = createBoundedMap<TokenBucket>({ max: MAX_PARTIES })

  return {
    take(party) {
      if (party === '') return 0
      const purse = purses.get(party) ?? createTokenBucket({ capacity, perSecond, clock })
      purses.set(party, purse)
      return purse.take()
    },
    giveBack: (party) => purses.get(party)?.add(1),
  }
}
