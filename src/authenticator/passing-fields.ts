import type { PresentedToken } from '../token/index.ts'
import type { Identity } from './decision.ts'
import type { Objection } from './objection.ts'

/** Header fields that are true for a while only. */
export interface PassingFields {
  /** Name, value, name, value … */
  readonly fields: readonly string[]
  /** For how long another request may be told the same, in milliseconds. */
  readonly freshForMs: number
}

/** Makes such fields for one token, or says why its requests cannot be let through. */
export type MakePassingFields = (
  identity: Identity,
  token: PresentedToken,
  factAgeMs: number,
) => PassingFields | Objection
