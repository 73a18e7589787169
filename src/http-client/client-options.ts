import type { Dispatcher } from 'undici'
import { systemClock, type Clock } from '../clock.ts'
import type { OptionShape } from '../option-shape.ts'
import {
  CALLBACK,
  checkOptions,
  CLOCK,
  FLAG,
  having,
  TEXT,
  textLike,
  wholeNumber,
} from '../option-shape.ts'
import { isExposed, parseBaseUrl } from './base-url.ts'
import type { Peer } from './peer.ts'
import { parseProxyUrl } from './proxy-url.ts'

/** One finished call, as told to {@link HttpClientOptions.onCall}. */
export interface FinishedCall {
  /** Name of the client's method, e.g. `verifyAccessToken`. A bounded set, fit for a metric label. */
  readonly operation: string
  /** `ok`: done as asked; `refused`: the server answered with an error of its API; `fault`: no usable answer. */
  readonly outcome: 'ok' | 'refused' | 'fault'
  /** From the call to its outcome, in milliseconds; waiting for a free connection and a retry included. */
  readonly durationMs: number
  /**
   * What time it was by the server's clock (`Date` of its answer), in milliseconds since 1970, to the second; null: it
   * did not say, or gave no usable answer.
   */
  readonly serverTimeMs: number | null
}

/** Options of every client of an API. */
export interface HttpClientOptions {
  /**
   * Base URL of the server: scheme, host and port only, e.g. `https://api.example.org`. With `http:` every token would
   * travel in the clear, so that is accepted for loopback hosts only; see {@link allowInsecureHttp}.
   */
  url: string
  /**
   * Certificates of the authorities to trust **instead of** the system's, in PEM. TLS verification cannot be
   * switched off, not even by `NODE_TLS_REJECT_UNAUTHORIZED`.
   *
   * @default the authorities that Node trusts
   */
  ca?: string | Buffer | undefined
  /**
   * How long one attempt to connect may take, in milliseconds, TLS handshake included.
   *
   * @default 1_000
   */
  connectTimeoutMs?: number | undefined
  /**
   * How long a call may take in all, in milliseconds: queue, connection, headers, body and retry together.
   *
   * @default 2_500
   */
  totalTimeoutMs?: number | undefined
  /**
   * Calls in flight at the same time, which is also the most connections that are opened.
   *
   * @default 64
   */
  maxConnections?: number | undefined
  /**
   * Calls that may wait for a free connection; one more fails at once with the fault `OVERLOADED`.
   *
   * @default 256
   */
  maxQueued?: number | undefined
  /** Keep a quarter of `maxConnections` for calls that are urgent. @default true */
  reservesForUrgent?: boolean | undefined
  /**
   * Attempts per call, the first one included. Another is made only where no byte of an answer was seen (and, of what
   * changes something, only where no byte was sent), within {@link totalTimeoutMs}, and while retries are at most a
   * fifth of all calls (or three a second).
   *
   * @default 2
   */
  maxAttempts?: number | undefined
  /**
   * Longest answer that is read, in bytes.
   *
   * @default 65_536
   */
  maxAnswerBytes?: number | undefined
  /**
   * Path under which the server has its API, without a slash at its end.
   *
   * @default where the server has it by itself
   */
  apiPrefix?: string | undefined
  /**
   * Allows `http:` to hosts other than loopback: tokens can be read and answers forged by anybody on the way.
   *
   * @default false
   */
  allowInsecureHttp?: boolean | undefined
  /**
   * What sends the requests instead of the client's own pool. It stays the caller's: {@link ca} and
   * {@link connectTimeoutMs} are then refused, and `close()` leaves it open.
   *
   * @default an undici `Pool` of the client's own
   */
  dispatcher?: Dispatcher | undefined
  /**
   * URL of an HTTP proxy that connects to the server (`CONNECT`), with user name and password in it or without. Not
   * with a {@link dispatcher}.
   *
   * @default none
   */
  proxy?: string | undefined
  /** @default systemClock */
  clock?: Clock | undefined
  /** Told of every call when it ends. What it throws is ignored: watching a call must not change its outcome. */
  onCall?: ((call: FinishedCall) => void) | undefined
}

/** The options after validation, with every default in its place. */
export interface ClientSettings {
  readonly peer: Peer
  readonly origin: string
  readonly apiPrefix: string
  readonly ca: string | Buffer | undefined
  readonly connectTimeoutMs: number
  readonly totalTimeoutMs: number
  readonly maxConnections: number
  readonly maxQueued: number
  readonly reservesForUrgent: boolean
  readonly maxAttempts: number
  readonly maxAnswerBytes: number
  readonly dispatcher: Dispatcher | undefined
  readonly proxy: string | undefined
  readonly clock: Clock
  readonly onCall: ((call: FinishedCall) => void) | undefined
}

/** What is used where an option is left out. */
export const HTTP_CLIENT_DEFAULTS = {
  connectTimeoutMs: 1_000,
  totalTimeoutMs: 2_500,
  maxConnections: 64,
  maxQueued: 256,
  maxAttempts: 2,
  maxAnswerBytes: 65_536,
} as const

// A longer setTimeout would fire at once; as a number of anything else it is out of reach.
const ANY_COUNT = wholeNumber([1, 2 ** 31 - 1])

/** What the options of any client may be. */
export const HTTP_CLIENT_OPTIONS: OptionShape<HttpClientOptions> = {
  url: TEXT,
  ca: {
    wanted: 'a non-empty string or Buffer of PEM certificates',
    accepts: (value) => (typeof value === 'string' || Buffer.isBuffer(value)) && value.length > 0,
  },
  connectTimeoutMs: ANY_COUNT,
  totalTimeoutMs: ANY_COUNT,
  maxConnections: ANY_COUNT,
  maxQueued: ANY_COUNT,
  reservesForUrgent: FLAG,
  maxAttempts: ANY_COUNT,
  maxAnswerBytes: ANY_COUNT,
  apiPrefix: textLike(/^(?:\/[\w.~-]*[\w~-])+$/, 'an absolute path without a slash at its end'),
  allowInsecureHttp: FLAG,
  dispatcher: having('an undici Dispatcher', 'dispatch'),
  proxy: TEXT,
  clock: CLOCK,
  onCall: CALLBACK,
}

/** What the options of one client depend on. */
export interface ClientKind<Options extends HttpClientOptions> {
  /** Name of the function that makes the client. */
  readonly factory: string
  readonly apiPrefix: string
  readonly peer: Peer
  /** {@link HTTP_CLIENT_OPTIONS}, and what else this client takes. */
  readonly shape: OptionShape<Options>
}

/** Checks every option; throws a `TypeError` that names the first one that is wrong. */
export function readClientOptions<Options extends HttpClientOptions>(
  options: Options,
  kind: ClientKind<Options>,
): ClientSettings {
  checkOptions(kind.factory, options, kind.shape)
  const { peer } = kind
  const { ca, dispatcher, clock = systemClock, onCall, apiPrefix = kind.apiPrefix } = options
  if (dispatcher !== undefined) {
    for (const name of ['ca', 'connectTimeoutMs', 'proxy'] as const) {
      if (options[name] !== undefined) {
        throw new TypeError(`"${name}" has no effect on a "dispatcher" of your own; set it there.`)
      }
    }
  }
  const countOf = (name: keyof typeof HTTP_CLIENT_DEFAULTS): number =>
    options[name] ?? HTTP_CLIENT_DEFAULTS[name]
  return {
    peer,
    origin: readOrigin(options.url, options.allowInsecureHttp ?? false, peer),
    apiPrefix,
    ca,
    connectTimeoutMs: countOf('connectTimeoutMs'),
    totalTimeoutMs: countOf('totalTimeoutMs'),
    maxConnections: countOf('maxConnections'),
    maxQueued: countOf('maxQueued'),
    reservesForUrgent: options.reservesForUrgent ?? true,
    maxAttempts: countOf('maxAttempts'),
    maxAnswerBytes: countOf('maxAnswerBytes'),
    dispatcher,
    proxy: options.proxy === undefined ? undefined : readProxy(options.proxy),
    clock,
    onCall,
  }
}

function readProxy(text: string): string {
  try {
    return parseProxyUrl(text)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TypeError(`"proxy" ${error.message}`, { cause: error })
  }
}

function readOrigin(text: unknown, allowInsecureHttp: boolean, peer: Peer): string {
  const origin = readUrl(text, peer)
  if (!allowInsecureHttp && isExposed(origin)) {
    throw new TypeError(
      '"url" must be https: over http: tokens travel in the clear. ' +
        'Set "allowInsecureHttp" only where nobody else can read or write the wire.',
    )
  }
  return origin
}

function readUrl(text: unknown, peer: Peer): string {
  if (typeof text !== 'string') throw new TypeError('"url" must be a string.')
  try {
    return parseBaseUrl(text, peer)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TypeError(`"url" ${error.message}`, { cause: error })
  }
}
