/**
 * What `GET /state` says, for the page and for programs alike. Only types: the page is compiled for browsers.
 *
 * @module
 */

/** How something is: `bad` needs somebody now, `attention` soon; `off` is not in use. */
export type Health = 'good' | 'attention' | 'bad' | 'off'

/** One thing that is looked at first. */
export interface Sign {
  readonly name: SignName
  readonly health: Health
  /** How it is, in a few words. */
  readonly says: string
  /** More of it; empty: there is no more to say. */
  readonly detail: string
}

export type SignName =
  'gateway' | 'verifier' | 'watch' | 'store' | 'upstreams' | 'settings' | 'certificate' | 'reload'

/** A gateway at one moment. Times are ISO 8601, counts are since the start and equal those of `/metrics`. */
export interface State {
  readonly at: string
  readonly startedAt: string
  readonly version: string
  readonly node: { readonly version: string; readonly supported: boolean }
  readonly listeners: {
    /** Null: there is none. */
    readonly gateway: string | null
    readonly admin: string
    readonly forwardAuth: string | null
  }
  /** Null where one process does all. */
  readonly workers: {
    readonly ready: number
    readonly wanted: number
    readonly restarts: number
  } | null
  readonly ready: boolean
  /** Why it should get no requests; null where it may. */
  readonly unreadiness: string | null
  /** The worst of the signs. */
  readonly health: Health
  readonly signs: readonly Sign[]
  readonly verifier: VerifierState
  readonly verdicts: VerdictsState
  readonly routes: readonly RouteState[]
  readonly upstreams: readonly UpstreamStanding[]
  /** The latest first; null where the configuration says that the page shows none. */
  readonly refusals: readonly RefusalLine[] | null
  readonly reload: ReloadState
  readonly samples: Samples
  /** The configuration in force. In place of each secret stands `•••`. */
  readonly configuration: unknown
  /**
   * Where each of its settings was given, and what is within it: `FILE:LINE`, the name of a variable or of a flag, by
   * the name that it has there, e.g. `routes[0].path`. What is not here has its default. Null: a program gave them.
   */
  readonly origins: Readonly<Record<string, string>> | null
}

/** Who is asked about tokens. */
export interface VerifierState {
  readonly backend: string
  readonly url: string
  readonly breaker: 'closed' | 'half-open' | 'open'
  readonly calls: { readonly ok: number; readonly refused: number; readonly fault: number }
  /** When it said something last, yes or no. */
  readonly lastAnswerAt: string | null
  readonly lastFaultAt: string | null
  /** Of the last minute; null: it was not asked. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly clockOffsetMs: number
}

/** What was made of requests with tokens. */
export interface VerdictsState {
  readonly granted: number
  readonly refused: number
  readonly fault: number
  /** How many of all rest on which source: `cache`, `local`, `coalesced`, `stale`, or who was asked. */
  readonly bySource: Readonly<Record<string, number>>
  readonly staleness: {
    /** Greatest age of a fact behind a grant, in the last 15 minutes. */
    readonly greatestMs: number
    readonly boundMs: number
  }
  /** Grants withheld because their fact was too old. Must be 0. */
  readonly violations: number
  readonly known: { readonly families: number; readonly grants: number; readonly refusals: number }
  readonly openStreams: number
}

/** One route. */
export interface RouteState {
  readonly id: string
  readonly path: string
  readonly hosts: readonly string[] | null
  readonly methods: readonly string[] | null
  readonly token: string
  readonly requests: number
  readonly status4xx: number
  readonly status5xx: number
  readonly refusals: Readonly<Record<string, number>>
  /** Of the last minute. */
  readonly perSecond: number
  /** Of the last minute, with answers that take long; null: there was no request. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** To within a sample; null: not since the start. */
  readonly lastUsedAt: string | null
}

/** One upstream of one route. */
export interface UpstreamStanding {
  readonly route: string
  readonly url: string
  readonly up: boolean
  /** Since when, to within a sample. */
  readonly since: string
  /** How many connections one process may have to it. */
  readonly maxConnections: number
  /** Requests of the route to any of its upstreams, by what became of them. */
  readonly requests: Readonly<Record<string, number>>
}

/** Refusals of one token or address with one code. Nothing that the client sent as text is in it. */
export interface RefusalLine {
  readonly lastAt: string
  readonly count: number
  readonly route: string
  readonly status: number
  readonly code: string
  readonly caveat: string | null
  readonly fingerprint: string | null
  readonly client: string | null
  readonly requestId: string | null
}

/** What became of the last wish that the configuration be read anew. */
export interface ReloadState {
  /** When the configuration in force was applied. */
  readonly appliedAt: string
  /** Null: nothing was read anew since the start. */
  readonly last: {
    readonly at: string
    readonly outcome: 'applied' | 'unchanged' | 'refused'
    readonly problems: readonly string[]
  } | null
}

/** The last minutes, the oldest first; all lists are of one length. */
export interface Samples {
  readonly intervalMs: number
  readonly at: readonly string[]
  readonly requestsPerSecond: readonly number[]
  readonly grantedPerSecond: readonly number[]
  readonly refusedPerSecond: readonly number[]
  readonly faultsPerSecond: readonly number[]
  readonly questionsPerSecond: readonly number[]
  /** Part of the verdicts for which nobody had to be asked, 0 to 1; null: there were none. */
  readonly unasked: readonly (number | null)[]
  readonly stalenessMs: readonly number[]
  readonly p50Ms: readonly (number | null)[]
  readonly p99Ms: readonly (number | null)[]
  readonly questionP99Ms: readonly (number | null)[]
  readonly openStreams: readonly number[]
  /** 0 closed, 1 half-open, 2 open. */
  readonly breaker: readonly number[]
}
