import { isLoopbackHostname } from '../loopback-host.ts'
import type { OptionKind, OptionShape } from '../option-shape.ts'
import { CALLBACK, FLAG, group, listOf, TEXT, textLike, wholeNumber } from '../option-shape.ts'
import type { OpenStore } from './store.ts'

/** Where the store is: exactly one of `url`, `sentinels` and `cluster`. */
export interface StorePlace {
  /** One server, `rediss://HOST:PORT/DB`. */
  readonly url?: string | undefined
  /** Sentinels that know where it is, `rediss://HOST:PORT` each; with TLS to them there is TLS to the server, too. */
  readonly sentinels?: readonly string[] | undefined
  /** What the Sentinels call it. @default 'mymaster' */
  readonly sentinelName?: string | undefined
  /** Some nodes of a Cluster, `rediss://HOST:PORT` each. */
  readonly cluster?: readonly string[] | undefined
}

/** How a store is reached. */
export interface StoreConnection extends StorePlace {
  /** @default the store's default user */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Certificates of the authorities to trust instead of the system's, PEM. */
  readonly ca?: string | undefined
  /** A certificate of our own, and its key, PEM, for a store that asks for one. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /**
   * Whether a store off this machine may be spoken to without TLS, or without a password or certificate: everybody on
   * the way could then make this gateway ask more.
   *
   * @default false
   */
  readonly allowInsecureStore?: boolean | undefined
}

/** A store in which several gateways share what they know. */
export interface StoreOptions extends StoreConnection {
  /**
   * What all who share must know, 32 characters or more; a list: what is written is sealed with the first, and what was
   * sealed with any of them is read.
   */
  readonly secret?: string | readonly string[] | undefined
  /** How names in the store begin. @default 'og:1:' */
  readonly prefix?: string | undefined
  /** How long a request waits for the store, in milliseconds, 1 to 1 000. @default 30 */
  readonly deadlineMs?: number | undefined
  /** Opens a store of your own. @default Valkey or Redis by `ioredis`, which must be installed */
  readonly open?: OpenStore | undefined
}

/** What is used where an option is left out. */
export const STORE_DEFAULTS = { prefix: 'og:1:', deadlineMs: 30, sentinelName: 'mymaster' } as const

/** The least and the most that a number may be. */
export const STORE_RANGES = { deadlineMs: [1, 1_000] } as const

/** A secret is no shorter. */
export const SHORTEST_SECRET = 32

/** What names may begin with: no braces, which mark what belongs together in a Cluster. */
const PREFIX = /^[\w:.-]{1,32}$/

const STORE_SHAPE: OptionShape<StoreOptions> = {
  url: TEXT,
  sentinels: listOf('URLs', TEXT),
  sentinelName: textLike(/^[\w.-]{1,64}$/, 'a name'),
  cluster: listOf('URLs', TEXT),
  username: textLike(/^[\x21-\x7e]+$/, 'printable characters without spaces'),
  password: textLike(/^[\x21-\x7e]+$/, 'printable characters without spaces'),
  ca: TEXT,
  cert: TEXT,
  key: TEXT,
  allowInsecureStore: FLAG,
  // Never repeated in a message.
  secret: {
    wanted: `a secret of ${SHORTEST_SECRET} characters or more, or a list of one or two of them`,
    accepts: (value) => {
      const all: readonly unknown[] = Array.isArray(value) ? value : [value]
      return all.length > 0 && all.length <= 2 && all.every(isSecret)
    },
  },
  prefix: textLike(PREFIX, 'letters, digits, ":", ".", "_" or "-", at most 32'),
  deadlineMs: wholeNumber(STORE_RANGES.deadlineMs),
  open: CALLBACK,
}

/** What the options of a store may be. */
export const STORE_OPTIONS: OptionKind = group<StoreOptions>(STORE_SHAPE)

/** One server, as a URL names it. */
export interface StoreAddress {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly tls: boolean
}

/** Reads how names begin. @throws {TypeError} for what they may not. */
export function parseStorePrefix(text: string): string {
  if (!PREFIX.test(text)) {
    throw new TypeError('must be 1 to 32 letters, digits, ":", ".", "_" or "-"')
  }
  return text
}

/**
 * Reads a URL of a store. Nothing of it is repeated: it may hold a password in the wrong place.
 *
 * @throws {TypeError} that says what is wrong.
 */
export function parseStoreUrl(text: string, defaultPort = 6379): StoreAddress {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new TypeError('must be a URL, rediss://HOST:PORT/DB or redis://HOST:PORT/DB')
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('must not hold a user or a password; give them by files of their own')
  }
  const [, db = '0'] = /^\/?(\d{1,5})?$/.exec(url.pathname) ?? [null, null]
  if (db === null || url.search !== '' || url.hash !== '') {
    throw new TypeError('must end with the number of a database, or with the port')
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? defaultPort : Number(url.port),
    db: Number(db),
    tls: url.protocol === 'rediss:',
  }
}

/** The port of a Sentinel where its URL names none. */
export const SENTINEL_PORT = 26_379

/** Why a store must not be spoken to as it is; null: it may. */
export function exposureOf(connection: StoreConnection): string | null {
  const { url, sentinels = [], cluster = [], allowInsecureStore } = connection
  if (allowInsecureStore === true) return null
  const addresses = [url, ...sentinels, ...cluster]
    .filter((text) => text !== undefined)
    .map((text) => parseStoreUrl(text))
    .filter(({ host }) => !isLoopbackHostname(host.includes(':') ? `[${host}]` : host))
  if (addresses.length === 0) return null
  if (addresses.some(({ tls }) => !tls)) {
    return 'is reached without TLS, so that everybody on the way can change what is shared; use rediss://'
  }
  const isKnown = connection.password !== undefined || connection.cert !== undefined
  return isKnown ? null : 'asks for no password, so that everybody can change what is shared'
}

/**
 * Checks what concerns several options at once.
 *
 * @throws {TypeError} that says what is wrong.
 */
export function checkStore(options: StoreOptions): void {
  const { url, sentinels, cluster, open } = options
  const places = [url, sentinels, cluster, open].filter((place) => place !== undefined)
  if (places.length !== 1) {
    throw new TypeError('Give exactly one of "store.url", "store.sentinels" and "store.cluster"')
  }
  if (options.secret === undefined) throw new TypeError('"store.secret" must be given')
  for (const text of [url, ...(sentinels ?? []), ...(cluster ?? [])]) {
    if (text === undefined) continue
    try {
      parseStoreUrl(text)
    } catch (error) {
      throw new TypeError(`"store": each URL ${(error as Error).message}`)
    }
  }
  if (sentinels?.length === 0 || cluster?.length === 0) {
    throw new TypeError('"store.sentinels" or "store.cluster" is empty; name at least one')
  }
  const exposure = exposureOf(options)
  if (exposure !== null) {
    throw new TypeError(
      `"store" ${exposure}. Set "allowInsecureStore" only where nobody else can reach it.`,
    )
  }
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' && value.length >= SHORTEST_SECRET
}
