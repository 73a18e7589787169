import type {
  InviteType,
  OnedataInterface,
  PresentedToken,
  Token,
  TokenKind,
} from '../token/index.ts'
import { readsConsumer } from '../token/index.ts'
import type { Verdict } from './verdict.ts'

/**
 * Everything a verdict may depend on. Whatever is added here must be added to the cache key (`cache/verdict-keys.ts`),
 * unless no caveat can read it.
 */
export interface VerificationRequest<T extends PresentedToken = Token> {
  readonly token: T
  /** What the token is to be used as. */
  readonly kind: TokenKind
  /** IPv4 address of the client in dotted decimal, or null where it has none: then no ip, asn or geo caveat holds. */
  readonly peerIp: string | null
  /** The Onedata interface that the door stands for; null: none, then no interface caveat holds. */
  readonly interface: OnedataInterface | null
  /** Identity token of the party that consumes the token, if it sent one. See {@link consumerOf}. */
  readonly consumerToken: T | null
  /** Whether `data.*` caveats may pass because somebody further on enforces them. */
  readonly allowDataAccessCaveats: boolean
  /** The kind of invitation that is expected; null: any. Read only where `kind` is `invite`. */
  readonly inviteType: InviteType | null
  /** Address of the client, whom a question is charged to; no verdict depends on it. @default '' */
  readonly clientAddress?: string | undefined
  /**
   * A fact older than this, in milliseconds, is not good enough for the one who asks; no caveat reads it. A grant may
   * rest on an older one only where nobody can say (`stale`).
   *
   * @default what the verifier allows
   */
  readonly maxFactAgeMs?: number | undefined
  /** The token was accepted before, so the question goes before those of strangers. @default false */
  readonly proven?: boolean | undefined
}

/** A request whose token may be anybody's: what all rooms deal with that do not care which backend there is. */
export type Question = VerificationRequest<PresentedToken>

/** The consumer token that the verdict may depend on; null where none was sent, or no caveat reads it. */
export function consumerOf<T extends PresentedToken>(request: VerificationRequest<T>): T | null {
  return request.consumerToken !== null && readsConsumer(request.token)
    ? request.consumerToken
    : null
}

/**
 * Who is asked, as the source of verdicts and in the names of metrics. One of your own is called `custom-` and a name:
 * at most 32 lower-case letters, digits and hyphens.
 */
export type BackendName = 'onezone' | 'token-lookup' | `custom-${string}`

/**
 * Where an answer came from: decided here (`local`), remembered (`cache`), shared with a question that was already
 * under way (`coalesced`), remembered beyond its time because nobody answers (`stale`), taken from what another gateway
 * was answered (`shared`), or asked for: then the name of the backend, e.g. `onezone`.
 */
export type VerdictSource = 'local' | 'cache' | 'coalesced' | 'stale' | 'shared' | BackendName

/** A verdict and where it came from. */
export interface SourcedVerdict {
  readonly verdict: Verdict
  readonly source: VerdictSource
}

/**
 * Says whether a token is good, now, here. Backends and decorators (`withX(inner)`) share this one verb.
 *
 * `verify` answers at once where it can and by a promise where it must ask. It throws, or rejects with, a
 * `VerifierFaultError` where nobody could say.
 */
export interface Verifier<T extends PresentedToken = Token> {
  verify(request: VerificationRequest<T>): SourcedVerdict | Promise<SourcedVerdict>
  /** Lets go of sockets and timers. A question that is under way may fail. */
  close(): Promise<void>
}
