import type { PresentedToken } from '../token/index.ts'
import type { VerdictSource } from '../verifier/index.ts'
import type { Client } from './client-address.ts'
import type { AuthenticationRequest } from './decision.ts'

/** Where a grant came from, and how old the fact is that it rests on. */
export interface GrantedAs {
  readonly source: VerdictSource | null
  readonly ageMs: number | null
  readonly askedAtMs: number | null
}

/** What is known of a request that is not let through. */
export interface Standing {
  readonly request: AuthenticationRequest
  readonly client?: Client
  readonly token?: PresentedToken
}

/** Of a grant that needed no verdict. */
export const NO_VERDICT: GrantedAs = { source: null, ageMs: null, askedAtMs: null }
