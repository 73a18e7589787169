import type { BoundedMap } from '../bounded-map.ts'
import { createBoundedMap } from '../bounded-map.ts'
import type { Clock } from '../clock.ts'
import type { Caveat, FamilyRef, Subject } from '../token/index.ts'
import { familyOf, serializeSubject } from '../token/index.ts'
import type { Question, Refused, TokenRecord, SourcedVerdict } from '../verifier/index.ts'
import { consumerOf } from '../verifier/index.ts'

/**
 * A token that Onezone has accepted in one use. That its signature is right for this very text changes only with its
 * subject's life, so this is seldom taken back; what changes is its family. Times are monotonic milliseconds.
 */
export interface Proof<Family> {
  family: Family
  readonly subject: Subject
  /** Whether it was accepted as an access token. */
  readonly asAccess: boolean
  /**
   * When the questions were sent to which Onezone first and last said yes to this very token, without a no in between.
   */
  readonly provenAtMs: number
  readonly confirmedAtMs: number
  /** From when on it should itself be asked about, whatever is known of its family; Infinity: never. */
  ownRefreshAtMs: number
  /** From when on it must not be used without that. */
  ownLimitAtMs: number
  /** When its first time caveat ends, in Onezone's time as it was known then; Infinity: never. */
  readonly validUntilMs: number
  /** The same in monotonic milliseconds, by what the verifier said of this very token; Infinity: never. */
  readonly endsAtMs: number
  /** When the verifier was asked who said so; Infinity: it never ends. */
  readonly toldAtMs: number
  /** The caveats that a request can fail. */
  readonly caveats: readonly Caveat[]
  /** The grant that rests on the family's last fact. */
  grant: SourcedVerdict
  /** What the verifier had on record of this token when it said yes. @default null */
  readonly record?: TokenRecord | null
  /**
   * False once it was taken back, by an operator or by a refusal of this very token, which must then be proven anew.
   */
  kept: boolean
}

/** The consumer token that something rests on; no text of it. */
export interface ConsumerPart<Family> {
  readonly digest: string
  readonly family: Family
}

/** A grant that holds in one context, for a token that reads what only Onezone can judge. */
export interface ContextGrant<Family> {
  readonly family: Family
  readonly subject: Subject
  /** Null: no caveat reads one, or there was none. */
  readonly consumer: ConsumerPart<Family> | null
  readonly grant: SourcedVerdict
  /** When the token or its consumer token ends, whichever is first, in Onezone's time; Infinity: never. */
  readonly validUntilMs: number
  /** The same in monotonic milliseconds, by what the verifier said of this very token; Infinity: never. */
  readonly endsAtMs: number
  /** When the verifier was asked who said so; Infinity: it never ends. */
  readonly toldAtMs: number
  /** Monotonic milliseconds from which it must not be used without asking. */
  readonly goodUntilMs: number
}

/** A refusal of a token, and what that token says about itself. */
export interface RememberedRefusal {
  readonly refusal: SourcedVerdict
  readonly goodUntilMs: number
  readonly family: FamilyRef | null
  readonly claimed: Subject
  /** Null: no caveat reads one, or there was none. */
  readonly consumer: (ConsumerPart<FamilyRef | null> & { readonly claimed: Subject }) | null
}

/** What is remembered of single tokens: `grants` of both kinds, and `refusals`. */
export type VerdictStore = 'grants' | 'refusals'

/** Options of {@link createVerdictMemory}. */
export interface VerdictMemoryOptions {
  /**
   * How many tokens are remembered, of each kind of grant. Where that is not enough, those of the subject with most of
   * them go first, unless none has more than a hundredth.
   */
  readonly maxTokens: number
  /** How many refusals are remembered, apart from the grants, which they can never push out. */
  readonly maxRefusals: number
  readonly negativeTtlMs: number
  readonly clock: Clock
  readonly onEviction: (store: VerdictStore) => void
}

/** What Onezone has said about single tokens. Faults are never in it. */
export interface VerdictMemory<Family> {
  readonly proofs: BoundedMap<Proof<Family>>
  readonly contexts: BoundedMap<ContextGrant<Family>>
  /** Forgets what was granted under a key; the token must be proven anew, or asked about in its context. */
  withdraw(key: string): void
  /** A refusal that is young enough, or null. */
  refusalOf(key: string): SourcedVerdict | null
  /** The same, which does not count as a use. */
  peekRefusal(key: string): SourcedVerdict | null
  /** @param family Family of the token. @default what the token says */
  refused(key: string, verdict: Refused, request: Question, family?: FamilyRef | null): void
  /** The refusals that are young enough. */
  refusals(): Iterable<[key: string, remembered: RememberedRefusal]>
  /** Forgets the refusal of a key, or every refusal. */
  forgive(key?: string): void
  entries(store: VerdictStore): number
}

/** Makes an empty memory. */
export function createVerdictMemory<Family>(options: VerdictMemoryOptions): VerdictMemory<Family> {
  const { maxTokens, maxRefusals, negativeTtlMs, clock, onEviction } = options
  const isYoung = ({ goodUntilMs }: { goodUntilMs: number }): boolean =>
    clock.monotonic() < goodUntilMs

  const proofs = createBoundedMap<Proof<Family>>({
    max: maxTokens,
    ownerOf: ({ subject }) => serializeSubject(subject),
    onEviction: () => onEviction('grants'),
  })
  const contexts = createBoundedMap<ContextGrant<Family>>({
    max: maxTokens,
    ownerOf: ({ subject }) => serializeSubject(subject),
    onEviction: (context) => isYoung(context) && onEviction('grants'),
  })
  const refusals = createBoundedMap<RememberedRefusal>({
    max: maxRefusals,
    onEviction: (remembered) => isYoung(remembered) && onEviction('refusals'),
  })

  const youngRefusal = (remembered: RememberedRefusal | undefined): SourcedVerdict | null =>
    remembered !== undefined && isYoung(remembered) ? remembered.refusal : null

  return {
    proofs,
    contexts,
    withdraw(key) {
      const proof = proofs.get(key)
      if (proof !== undefined) proof.kept = false
      proofs.delete(key)
      contexts.delete(key)
    },
    refusalOf: (key) => youngRefusal(refusals.get(key)),
    peekRefusal: (key) => youngRefusal(refusals.peek(key)),
    refused(key, verdict, request, family = familyOf(request.token)) {
      const goodUntilMs = verdict.askedAtMs + negativeTtlMs
      if (!isYoung({ goodUntilMs })) return
      const consumer = consumerOf(request)
      refusals.set(key, {
        refusal: Object.freeze({ verdict, source: 'cache' as const }),
        goodUntilMs,
        family,
        claimed: request.token.subject,
        consumer: consumer && {
          digest: consumer.digest,
          family: familyOf(consumer),
          claimed: consumer.subject,
        },
      })
    },
    refusals: () => [...refusals.entries()].filter(([, remembered]) => isYoung(remembered)),
    forgive(key) {
      if (key === undefined) refusals.clear()
      else refusals.delete(key)
    },
    entries: (store) => (store === 'grants' ? proofs.size + contexts.size : refusals.size),
  }
}
