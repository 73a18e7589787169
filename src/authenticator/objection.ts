import type { AnswerCode } from './answers.ts'

/** Why a route refuses a token, or what a token is used for, whatever Onezone says of it. */
export interface Objection {
  readonly code: AnswerCode
  /** Type of the caveat at issue. */
  readonly caveat?: string
}
