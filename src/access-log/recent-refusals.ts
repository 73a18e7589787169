import { createBoundedMap } from '../bounded-map.ts'
import { isJsonObject } from '../json.ts'
import { keptText } from '../kept-text.ts'
import type { RequestEvent } from '../proxy/index.ts'
import { whoOf } from './who.ts'

/** Refusals of one token, or of one address without a token, with one code. */
export interface Refusal {
  readonly code: string
  readonly caveat: string | null
  readonly status: number
  readonly count: number
  /** ISO 8601. */
  readonly firstAt: string
  readonly lastAt: string
  /** Of the last one. */
  readonly route: string
  readonly method: string
  readonly path: string | null
  /** Whom the token claims to speak for: `user:ID` or `oneprovider:ID`. */
  readonly subject: string | null
  readonly fingerprint: string | null
  readonly client: string | null
  /** The last ones, the latest first. */
  readonly requestIds: readonly string[]
}

/** Which refusals are wanted; what is absent does not matter. */
export interface RefusalSelector {
  /** `user:ID`, or the id alone. */
  readonly subject?: string | undefined
  readonly fingerprint?: string | undefined
  readonly requestId?: string | undefined
}

/** The refusals of late. */
export interface RecentRefusals {
  readonly onRequest: (event: RequestEvent) => void
  /** Finds the refusals that fit, the latest first. */
  find(selector: RefusalSelector): readonly Refusal[]
}

/** How many entries are kept, of tokens and of addresses each: requests without a token push out none with one. */
const MOST_ENTRIES = 1_000
const MOST_REQUEST_IDS = 8
const LONGEST_PATH = 256

/** Makes the memory of refusals: bounded, one entry a fingerprint and code. */
export function createRecentRefusals(): RecentRefusals {
  const ofTokens = createBoundedMap<Refusal>({ max: MOST_ENTRIES })
  const ofAddresses = createBoundedMap<Refusal>({ max: MOST_ENTRIES })
  const all = (): Refusal[] => [...ofTokens.values(), ...ofAddresses.values()]
  return {
    onRequest(event) {
      const { trace, routeId, method } = event
      const { answer } = trace
      if (answer === null) return
      const who = whoOf(trace)
      const entries = who.fingerprint === null ? ofAddresses : ofTokens
      const key = `${answer.code} ${who.fingerprint ?? who.client ?? ''}`
      const before = entries.get(key)
      const now = new Date().toISOString()
      entries.set(key, {
        code: answer.code,
        caveat: answer.caveat,
        status: answer.status,
        count: (before?.count ?? 0) + 1,
        firstAt: before?.firstAt ?? now,
        lastAt: now,
        route: routeId,
        method,
        path: trace.record === null ? null : keptText(trace.record.path.slice(0, LONGEST_PATH)),
        ...who,
        requestIds: [trace.requestId, ...(before?.requestIds ?? [])].slice(0, MOST_REQUEST_IDS),
      })
    },
    find: (selector) => inOrder(all().filter((refusal) => fits(refusal, selector))),
  }
}

/** Merges the refusals of several processes into one list. What is no refusal is left out. */
export function mergeRefusals(lists: readonly unknown[]): readonly Refusal[] {
  return inOrder(lists.flatMap((list) => (Array.isArray(list) ? list.filter(isRefusal) : [])))
}

function isRefusal(value: unknown): value is Refusal {
  return isJsonObject(value) && typeof value['lastAt'] === 'string'
}

function inOrder(refusals: Refusal[]): Refusal[] {
  return refusals.sort((a, b) => (a.lastAt < b.lastAt ? 1 : -1))
}

function fits(refusal: Refusal, { subject, fingerprint, requestId }: RefusalSelector): boolean {
  if (fingerprint !== undefined && refusal.fingerprint !== fingerprint) return false
  if (requestId !== undefined && !refusal.requestIds.includes(requestId)) return false
  if (subject === undefined) return true
  return refusal.subject === subject || refusal.subject?.split(':', 2)[1] === subject
}
