import type { Caveat, PresentedToken, Subject, SubjectType, TokenKind } from '../token/index.ts'
import type { VerdictSource } from '../verifier/index.ts'
import type { Answer } from './answer.ts'
import type { AnswerCode } from './answers.ts'
import type { Client } from './client-address.ts'
import type { StatedData } from './data-mapping.ts'

/** What every door turns its request into. */
export interface AuthenticationRequest {
  /** Header fields as received: name, value, name, value … (`rawHeaders` of node:http). Repeats are kept apart. */
  readonly rawHeaders: readonly string[]
  /** Address of the socket's peer; undefined where the runtime does not tell. */
  readonly remoteAddress: string | undefined
  /** Whether the request came to us over TLS. */
  readonly secure: boolean
  /** Id of the request, for its answer, the log and observers. @default none */
  readonly requestId?: string | undefined
  /** Path of the request, for observers and for data caveats. @default unknown to them, and no such caveat holds */
  readonly path?: string | undefined
  /** Method of the request, for data caveats that the route enforces. @default unknown: none holds */
  readonly method?: string | undefined
  /** Query of the request with its question mark, likewise; empty: there is none. @default none */
  readonly query?: string | undefined
  /** Which file the request is about, where the route's `data.stated` leaves that to the door. @default none */
  readonly about?: StatedData | undefined
  /** Whether the request is to be upgraded, to a WebSocket for instance. @default false */
  readonly upgrade?: boolean | undefined
  /**
   * The grant must rest on a fact that is no older than this, in milliseconds, where somebody can say: for who asks
   * again about a request that was granted before and is still under way.
   *
   * @default what the verifier allows
   */
  readonly maxFactAgeMs?: number | undefined
}

/** A subject that a route has admitted: somebody in particular. */
export interface AdmittedSubject extends Subject {
  readonly type: Exclude<SubjectType, 'nobody'>
  readonly id: string
}

/** Who a request speaks for: what handlers see as `c.var.onedata` and upstreams see as headers. */
export interface Identity {
  readonly subject: AdmittedSubject
  readonly token: {
    readonly id: string
    /** `identity-provider`: a token of one, which was exchanged for an identity token. */
    readonly type: TokenKind | 'identity-provider'
    readonly persistence: 'named' | 'temporary'
    /** Short digest that names the token in logs. */
    readonly fingerprint: string
    /** When it ends, in unix seconds; null: never. */
    readonly expiresAt: number | null
  }
  /** What the verifier says that the token may be used for; null where it states no scopes, as Onezone. */
  readonly scopes: readonly string[] | null
  /** Caveats that verification did not enforce and this route delegates: the handler or upstream must. */
  readonly delegatedCaveats: readonly Caveat[]
}

/** The request may pass. */
export interface Granted {
  readonly outcome: 'granted'
  /** Null on a public route, and on an optional one without credentials. */
  readonly identity: Identity | null
  /** Header fields that tell the upstream who it is: name, value, name, value …; every identity name occurs. */
  readonly identityHeaders: readonly string[]
  readonly client: Client
  /** Where the verdict came from; null where none was needed. */
  readonly source: VerdictSource | null
  /** Monotonic time in milliseconds at which the question behind the verdict was sent; null where none was needed. */
  readonly askedAtMs: number | null
}

/** The request gets this answer instead. */
export interface Denied {
  readonly outcome: 'denied'
  readonly answer: Answer
  readonly source: VerdictSource | null
  /** The token that was presented; null where none could be read. @default null */
  readonly presented?: PresentedToken | null | undefined
  /** @default null: unknown */
  readonly client?: Client | null | undefined
}

/** What a door translates. It never decides anything itself. */
export type Decision = Granted | Denied

/** What happened to one request, for metrics and logs. */
export interface DecisionEvent {
  readonly routeId: string
  readonly outcome: 'granted' | 'refused' | 'fault'
  /** Null where no verdict was needed. */
  readonly source: VerdictSource | null
  /** Null where granted. */
  readonly code: AnswerCode | null
  /** Type of the caveat that a refusal is about, e.g. `ip`; null: it is about none. */
  readonly caveat: string | null
  /** Age of the fact that a grant rests on, in milliseconds; null where there is none. */
  readonly ageMs: number | null
  /** A grant that was withheld because its fact was older than the bound, which must never happen. */
  readonly violation: boolean
  /** As the door said; null where it did not. */
  readonly requestId: string | null
  readonly path: string | null
  /** Whom the token speaks for. Where it was not granted, only the token says so. Null without a token. */
  readonly subject: Subject | null
  /** Short digest that names the token in logs. */
  readonly fingerprint: string | null
  /** Address of the client, as far as socket and trusted proxies say; null: they do not. */
  readonly clientAddress: string | null
}
