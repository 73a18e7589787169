/** How much a request may bring before its body. */
export interface RequestLimits {
  /** Longest head of a request, in bytes; what is longer is answered 431. */
  readonly requestHeadBytes: number
  /** How many header fields a request may have; more are answered 431. */
  readonly requestFields: number
  /** Longest request target, in bytes; what is longer is answered 414. */
  readonly targetBytes: number
}

/** What holds where nothing else is said. */
export const REQUEST_LIMITS: RequestLimits = {
  requestHeadBytes: 32_768,
  requestFields: 200,
  targetBytes: 16_384,
}

/** The least and the most that each may be. */
export const REQUEST_LIMIT_RANGES = {
  requestHeadBytes: [4_096, 1_048_576],
  requestFields: [20, 2_000],
  targetBytes: [256, 1_048_576],
} as const
