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

/** Why a call to another server brought no usable answer. */
export type FaultReason =
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'RESET'
  | 'REDIRECT'
  | 'STATUS'
  | 'ANSWER_INVALID'
  | 'ANSWER_TOO_LARGE'
  | 'OVERLOADED'

/** Why nobody could say: the code of {@link OnezoneFaultError}. */
export type OnezoneFaultCode = `ERR_ONEZONE_${FaultReason}`

/** The code of {@link TokenLookupFaultError}. */
export type TokenLookupFaultCode = `ERR_TOKEN_LOOKUP_${FaultReason}`

/** Every code an {@link OnegateError} can carry; `switch (error.code)` narrows. */
export type ErrorCode =
  | TokenErrorCode
  | OnezoneFaultCode
  | TokenLookupFaultCode
  | 'ERR_ONEZONE_API'
  | 'ERR_TOKEN_LOOKUP_API'
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

/**
 * Onezone answered with an error of its catalogue (Onezone API, §9). `isOnezoneError` and `knownErrorOf` of
 * `onegate/onezone` give its details their types.
 */
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

/** The token look-up API answered with an error (its `ErrorEnvelope`, where it has one). */
export class TokenLookupApiError extends OnegateError {
  override readonly name = 'TokenLookupApiError'
  /** HTTP status of the answer. */
  readonly status: number
  /** Which inputs it objects to: `path` and `location` of each violation. Never what it said about them. */
  readonly violations: readonly ConstraintViolation[]

  constructor(
    message: string,
    answer: { status: number; violations?: readonly ConstraintViolation[] | undefined },
  ) {
    super('ERR_TOKEN_LOOKUP_API', message)
    this.status = answer.status
    this.violations = answer.violations ?? []
  }
}

/** An input that the token look-up API objects to. */
export interface ConstraintViolation {
  /** Path of the member, e.g. `expiresIn.unit`; null where it was not told. */
  readonly path: string | null
  readonly parameterLocation: 'HEADER' | 'PATH' | 'PAYLOAD_BODY' | 'QUERY' | null
}

/** A server that was called gave no usable answer. */
export class PeerFaultError<
  Code extends OnezoneFaultCode | TokenLookupFaultCode = OnezoneFaultCode | TokenLookupFaultCode,
> extends OnegateError {
  override readonly name: string = 'PeerFaultError'
  declare readonly code: Code
  /** The part of the code that does not depend on who was called. */
  readonly reason: FaultReason
  /** How long it asked us to wait, in seconds (its `Retry-After`), if it said so. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: Code,
    message: string,
    options?: ErrorOptions & { retryAfterSeconds?: number | undefined },
  ) {
    super(code, message, options)
    this.reason = code.replace(/^ERR_(?:ONEZONE|TOKEN_LOOKUP)_/, '') as FaultReason
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
}

/** Onezone gave no usable answer: nothing is known about the token that was asked for. */
export class OnezoneFaultError extends PeerFaultError<OnezoneFaultCode> {
  override readonly name = 'OnezoneFaultError'
}

/** The token look-up API gave no usable answer: nothing is known about the token that was asked for. */
export class TokenLookupFaultError extends PeerFaultError<TokenLookupFaultCode> {
  override readonly name = 'TokenLookupFaultError'
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
