/** Takes out of a text whatever looks like a token that somebody put in the wrong place. */
export function withoutTokens(text: string): string {
  return text.replace(/(?:op[wp]-)?MDA[\w+/=-]{8,}|[A-Za-z0-9+=_-]{80,}/g, '(a token, not shown)')
}

/** What the log says of an error. */
export interface ErrorFacts {
  readonly type: string
  readonly code?: string
  readonly message: string
  readonly stack?: string
  readonly cause?: ErrorFacts
}

/** Causes of causes; what causes itself has no end. */
const MOST_CAUSES = 5

/**
 * Says of an error what is known to be fit for a log, and nothing else that hangs on it: requests and settings hang on
 * errors of libraries, and tokens in those.
 */
export function errorFacts(error: unknown, causes: number = MOST_CAUSES): ErrorFacts {
  if (!(error instanceof Error))
    return { type: typeof error, message: withoutTokens(String(error)) }
  const { code } = error as NodeJS.ErrnoException
  return {
    type: error.name,
    ...(typeof code === 'string' && { code: withoutTokens(code) }),
    message: withoutTokens(error.message),
    ...(error.stack !== undefined && { stack: withoutTokens(error.stack) }),
    ...(error.cause !== undefined && causes > 0 && { cause: errorFacts(error.cause, causes - 1) }),
  }
}
