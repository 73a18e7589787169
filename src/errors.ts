/**
 * Every error that onegate throws on purpose: one base class, one subclass per cause, a stable `code` on each.
 * Messages say what happened, where, and what to do, and never contain a token.
 *
 * @module
 */

/** Codes of {@link TokenError}. */
export type TokenErrorCode =
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_TOO_LARGE'
  | 'ERR_TOKEN_NOT_TEXT'
  | 'ERR_TOKEN_TYPE_INVALID'
  | 'ERR_CAVEAT_INVALID'
  | 'ERR_CAVEAT_UNKNOWN'
  | 'ERR_PACKET_TOO_LARGE'

/** Why nobody could say: the code of {@link OnezoneFaultError}. */
export type OnezoneFaultCode =
  | 'ERR_ONEZONE_UNREACHABLE'
  | 'ERR_ONEZONE_TIMEOUT'
  | 'ERR_ONEZONE_RESET'
  | 'ERR_ONEZONE_REDIRECT'
  | 'ERR_ONEZONE_STATUS'
  | 'ERR_ONEZONE_ANSWER_INVALID'
  | 'ERR_ONEZONE_ANSWER_TOO_LARGE'
  | 'ERR_ONEZONE_OVERLOADED'

/** Every code an {@link OnegateError} can carry; `switch (error.code)` narrows. */
export type ErrorCode =
  | TokenErrorCode
  | OnezoneFaultCode
  | 'ERR_ONEZONE_API'
  | 'ERR_VERIFIER_UNAVAILABLE'
  | 'ERR_GATEWAY_MISCONFIGURED'
  | 'ERR_VERIFICATION_BUDGET'
  | 'ERR_CONFIG_INVALID'

/** Base class of every error that onegate throws on purpose. Test with `instanceof` or by `code`. */
export class OnegateError extends Error {
  override readonly name: string = 'OnegateError'
  /** Stable, machine-readable name of the cause. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A string is no token, or a caveat or token type is no valid input (Onezone API, §1, §3, §4.1). */
export class TokenError extends OnegateError {
  override readonly name = 'TokenError'
  declare readonly code: TokenErrorCode
  /** The offending caveat or token type as it was given; absent where a token itself was refused. */
  readonly value: unknown

  constructor(code: TokenErrorCode, message: string, options?: ErrorOptions & { value?: unknown }) {
    super(code, message, options)
    this.value = options?.value
  }
}

/** Onezone answered with an error of its catalogue (Onezone API, §9). */
export class OnezoneApiError extends OnegateError {
  override readonly name = 'OnezoneApiError'
  /** HTTP status of the answer. */
  readonly status: number
  /** `error.id` of the answer; unknown ids must be tolerated. */
  readonly id: string
  /** `error.details` of the answer, or `{}`. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    message: string,
    answer: { status: number; id: string; details?: Readonly<Record<string, unknown>> | undefined },
  ) {
    super('ERR_ONEZONE_API', message)
    this.status = answer.status
    this.id = answer.id
    this.details = answer.details ?? {}
  }
}

/** Onezone gave no usable answer: nothing is known about the token that was asked for. */
export class OnezoneFaultError extends OnegateError {
  override readonly name = 'OnezoneFaultError'
  declare readonly code: OnezoneFaultCode
  /** How long Onezone asked us to wait, in seconds (its `Retry-After`), if it said so. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: OnezoneFaultCode,
    message: string,
    options?: ErrorOptions & { retryAfterSeconds?: number | undefined },
  ) {
    super(code, message, options)
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
}

/** Nobody could say whether a token is good: the request gets 503, never 401 and never a grant. */
export class VerifierFaultError extends OnegateError {
  override readonly name = 'VerifierFaultError'
  declare readonly code: 'ERR_VERIFIER_UNAVAILABLE' | 'ERR_GATEWAY_MISCONFIGURED'
  /** Seconds after which asking again may help. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: 'ERR_VERIFIER_UNAVAILABLE' | 'ERR_GATEWAY_MISCONFIGURED',
    message: string,
    options?: ErrorOptions & { retryAfterSeconds?: number | undefined },
  ) {
    super(code, message, options)
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
}

/** A client, or the subject that its tokens claim, costs too many verifications: the request gets 429. */
export class VerificationBudgetError extends OnegateError {
  override readonly name = 'VerificationBudgetError'
  /** Seconds after which there is something to spend again. */
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super(
      'ERR_VERIFICATION_BUDGET',
      'Too many tokens that turned out to be no good came from this client, or claimed this subject',
    )
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** One thing that is wrong in a configuration. */
export interface ConfigProblem {
  /** Path of the setting, e.g. `routes[1].upstream`; empty for the document as a whole. */
  readonly path: string
  /** What is wrong and what to do. */
  readonly message: string
  /** File name, environment variable or flag in which it stands. */
  readonly source: string
  /** 1-based line, where the source is a file. */
  readonly line?: number | undefined
  /** 1-based column, where the source is a file. */
  readonly column?: number | undefined
}

/** A configuration was refused; it lists every problem, not only the first. */
export class ConfigError extends OnegateError {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super('ERR_CONFIG_INVALID', problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

function formatProblem(problem: ConfigProblem): string {
  const place =
    problem.line === undefined
      ? problem.source
      : `${problem.source}:${problem.line}:${problem.column ?? 1}`
  return `${place}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`
}
