import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { RetryBudget } from '../http-client/index.ts'
import { createRetryBudget } from '../http-client/index.ts'
import type { UpstreamDispatcher } from './dispatcher.ts'
import type { Standing } from './standing.ts'
import { createStanding } from './standing.ts'
import type { UpstreamSettings } from './upstream-options.ts'
import { ownHost } from './upstream-names.ts'
import type { UpstreamTarget } from './upstream-url.ts'

/** One upstream of a group. */
export interface UpstreamMember extends UpstreamTarget {
  /**
   * `Host` towards it. Null: the client's. Whatever it is, the name that is asked for over TLS, and that the
   * certificate is checked for, is the upstream's own.
   */
  readonly host: string | null
  /** Sends requests there. */
  readonly dispatcher: UpstreamDispatcher
  readonly standing: Standing
}

/** Whether an upstream is in use. */
export interface UpstreamState {
  readonly url: string
  readonly up: boolean
}

/** Upstreams that stand for each other. */
export interface UpstreamGroup {
  readonly members: readonly UpstreamMember[]
  /** To how many more members one request may be sent. */
  readonly retries: number
  readonly budget: RetryBudget
  /** The one whose turn it is. Say what became of the request by {@link UpstreamGroup.settle}. */
  pick(): UpstreamMember
  /** One that was not tried yet; null: all were. */
  another(tried: readonly UpstreamMember[]): UpstreamMember | null
  /**
   * Takes what became of a request into account. `unreachable`: there was no connection; `failed`: no answer in time,
   * or one that broke off or could not be read.
   */
  settle(member: UpstreamMember, outcome: 'answered' | 'unreachable' | 'failed'): void
}

/** Options of {@link createUpstreamGroup}. */
export interface UpstreamGroupOptions {
  readonly settings: UpstreamSettings
  readonly dispatcherFor: (target: UpstreamTarget) => UpstreamDispatcher
  readonly clock: Clock
  readonly logger: Logger
}

/** Enough for few requests; beyond that, a fifth of all. */
const RETRIES_PER_SECOND = 10

/**
 * Makes a group: its members take turns; one that fails again and again, or whose check fails, is left out. Where that
 * would leave none, all are used: a wrong judgement here must never cost more than no judgement would.
 */
export function createUpstreamGroup(options: UpstreamGroupOptions): UpstreamGroup {
  const { settings, dispatcherFor, clock, logger } = options
  const members = settings.targets.map((target) => ({
    ...target,
    host: hostOf(target, settings),
    dispatcher: dispatcherFor(target),
    standing: createStanding(settings.ejection, clock),
  }))
  const [first] = members
  if (first === undefined) throw new TypeError('must name at least one URL')
  let turn = 0
  // Answers may be a client's doing in ways that were not thought of: they must not leave it alone with few.
  const mostForAnswers = Math.max(1, Math.floor(members.length / 2))
  const mayEject = (outcome: 'unreachable' | 'failed'): boolean =>
    outcome === 'unreachable' ||
    members.filter(({ standing }) => !standing.up).length < mostForAnswers

  /** The next one in turn that fits; its turn is over then. */
  function take(fits: (member: UpstreamMember) => boolean): UpstreamMember | null {
    for (let step = 0; step < members.length; step++) {
      const at = (turn + step) % members.length
      const member = members[at]
      if (member === undefined || !fits(member)) continue
      turn = at + 1
      return member
    }
    return null
  }

  return {
    members,
    retries: settings.retries,
    // When an upstream dies, all that is under way there breaks off at once.
    budget: createRetryBudget({
      clock,
      perSecond: RETRIES_PER_SECOND,
      most: settings.maxConnections,
    }),
    pick() {
      if (members.length === 1) return first
      return take(({ standing }) => standing.admit()) ?? take(() => true) ?? first
    },
    another(tried) {
      const untried = (member: UpstreamMember): boolean => !tried.includes(member)
      return take((member) => untried(member) && member.standing.admit()) ?? take(untried)
    },
    settle({ url, standing }, outcome) {
      if (outcome === 'answered') {
        if (standing.succeeded()) logger.info({ upstream: url }, 'an upstream answers again')
        return
      }
      const ejectedMs = mayEject(outcome) ? standing.failed() : 0
      if (ejectedMs > 0) {
        logger.warn({ upstream: url, ejectedMs }, 'an upstream failed too often and is left out')
      }
    },
  }
}

function hostOf(target: UpstreamTarget, { host, tls }: UpstreamSettings): string | null {
  if (host === 'client') return null
  if (host !== null && host !== 'own') return host
  // Over plain connections the client's, so that an API behind the gateway builds the same links as in front of it.
  return host === 'own' || target.origin.startsWith('https:') ? ownHost(target, tls) : null
}
