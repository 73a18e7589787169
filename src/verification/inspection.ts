import type { ContextGrant, Proof } from './verdict-memory.ts'
import type { FamilyRecord } from '../revocation/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type { Question, SourcedVerdict, Verifier } from '../verifier/index.ts'

/** What a gate would say of a request, and what it says it by. */
export interface Inspection {
  /** The verdict that needs no question; null: Onezone would be asked. */
  readonly known: SourcedVerdict | null
  /** Set where Onezone has accepted this very token in this use. */
  readonly proof: Proof<FamilyRecord> | null
  /** Set where it was accepted in this context, for a token that only Onezone can judge. */
  readonly context: ContextGrant<FamilyRecord> | null
  /** What is known of the token's family, or of the family that it claims. */
  readonly family: FamilyRecord | null
  /** Whether Onezone is being asked about it at the moment. */
  readonly underWay: boolean
}

/** A verifier that remembers, and that lets itself be looked into. */
export interface VerdictGate extends Verifier<PresentedToken> {
  /** Looks, without asking, refreshing or learning anything. */
  inspect(request: Question): Inspection
  /**
   * Answers to the selected questions that are under way teach nothing any more, and whoever waits for one waits until
   * it has been asked anew.
   */
  disown(selects: (key: string, request: Question) => boolean): void
}
