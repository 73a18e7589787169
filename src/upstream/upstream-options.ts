import type { OptionShape } from '../option-shape.ts'
import { checkOptions, group, listOf, NUMBER, TEXT } from '../option-shape.ts'
import type { UpstreamTarget } from './upstream-url.ts'
import { targetOf } from './upstream-url.ts'

/** Where requests of a route go, and what is done where one of the places fails. */
export interface UpstreamOptions {
  /** One or more, see `parseUpstreamUrl`; they take turns. */
  readonly urls: readonly string[]
  /**
   * To how many more upstreams a request is sent that failed and may safely be sent again, 0 to 5. Retries are at most
   * a fifth of all requests in the long run.
   *
   * @default 2
   */
  readonly retries?: number | undefined
  /**
   * How many connections one upstream may have, in each process, 1 to 65_535; a request that finds none free waits as
   * long as for a connection, then fails. Each event stream and each long poll holds one for as long as it goes on.
   * WebSockets do not count, only their handshakes do, by themselves: so many at a time.
   *
   * @default 256
   */
  readonly maxConnections?: number | undefined
  /**
   * What `Host` says: the upstream's `own` name, the one that the `client` asked for, or another name, with its port
   * where it has one. The name that is asked for and checked over TLS is `tls.serverName`, or the URL's, in any case.
   *
   * @default 'client' for `http:` and Unix sockets, 'own' for `https:`
   */
  readonly host?: string | undefined
  /**
   * How long a connection may be idle, in milliseconds, 0 to 600_000; 0: each serves one request, for upstreams that
   * serve one connection at a time.
   *
   * @default 4_000
   */
  readonly keepAliveMs?: number | undefined
  /**
   * How old a connection may be that serves another request, in milliseconds, 0 to 86_400_000, so that requests follow
   * the name of the upstream; 0: as old as it gets.
   *
   * @default 60_000
   */
  readonly maxConnectionAgeMs?: number | undefined
  readonly ejection?: EjectionOptions | undefined
  /** @default none */
  readonly healthCheck?: HealthCheckOptions | undefined
  readonly tls?: UpstreamTls | undefined
}

/** When an upstream is left out because requests to it fail. */
export interface EjectionOptions {
  /** So many failures in a row: no connection, no answer in time, or one that broke off. 1 to 1_000. @default 3 */
  readonly failures?: number | undefined
  /** For how long the first time, in milliseconds; each further time twice as long. 1 to 3_600_000. @default 5_000 */
  readonly baseMs?: number | undefined
  /** For how long at most. @default 60_000 */
  readonly maxMs?: number | undefined
}

/** How upstreams are asked whether they are well. */
export interface HealthCheckOptions {
  /** Path and query as in a request line, e.g. `/healthz`; the base path of the upstream is put before it. */
  readonly path: string
  /** Mean time from the end of one check to the next, in milliseconds, 100 to 3_600_000. @default 10_000 */
  readonly intervalMs?: number | undefined
  /** From the start of a check to the head of its answer, in milliseconds, 1 to 60_000. @default 2_000 */
  readonly timeoutMs?: number | undefined
  /** What `Host` says. @default the `host` of the upstream where that is a name, else its own */
  readonly host?: string | undefined
  /** Statuses of one that is well. @default [], which stands for 200 to 299 */
  readonly expect?: readonly number[] | undefined
}

/** How `https:` upstreams are known, and we to them. There is no way not to check a certificate. */
export interface UpstreamTls {
  /** Certificates of the authorities to trust instead of the system's, PEM. */
  readonly ca?: string | undefined
  /** Name that is asked for (SNI), that the certificate is checked for, and that `Host` says. @default the URL's */
  readonly serverName?: string | undefined
  /** Our own certificate, PEM; goes with `key`. */
  readonly cert?: string | undefined
  /** Private key of `cert`, PEM. */
  readonly key?: string | undefined
}

type Complete<Options> = {
  readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined>
}

/** Options with everything filled in. */
export interface UpstreamSettings {
  readonly targets: readonly UpstreamTarget[]
  readonly retries: number
  readonly maxConnections: number
  readonly keepAliveMs: number
  readonly maxConnectionAgeMs: number
  readonly ejection: Complete<EjectionOptions>
  /** Null: that of the client for `http:`, its own for `https:`. */
  readonly host: string | null
  readonly healthCheck:
    (Complete<Omit<HealthCheckOptions, 'host'>> & { readonly host: string | null }) | null
  readonly tls: UpstreamTls
}

/** What is used where an option is left out. */
export const UPSTREAM_DEFAULTS = {
  retries: 2,
  maxConnections: 256,
  // Shorter than the idle time of the usual servers (5 s), so that a connection is not closed while we write to it.
  keepAliveMs: 4_000,
  maxConnectionAgeMs: 60_000,
  ejection: { failures: 3, baseMs: 5_000, maxMs: 60_000 },
  healthCheck: { intervalMs: 10_000, timeoutMs: 2_000 },
} as const

/** The least and the most that a number may be. */
export const UPSTREAM_RANGES = {
  retries: [0, 5],
  maxConnections: [1, 65_535],
  keepAliveMs: [0, 600_000],
  maxConnectionAgeMs: [0, 86_400_000],
  ejection: { failures: [1, 1_000], baseMs: [1, 3_600_000], maxMs: [1, 3_600_000] },
  healthCheck: { intervalMs: [100, 3_600_000], timeoutMs: [1, 60_000], expect: [200, 599] },
} as const

const UPSTREAM_OPTIONS: OptionShape<UpstreamOptions> = {
  urls: listOf('URLs', TEXT),
  retries: NUMBER,
  maxConnections: NUMBER,
  host: TEXT,
  keepAliveMs: NUMBER,
  maxConnectionAgeMs: NUMBER,
  ejection: group<EjectionOptions>({ failures: NUMBER, baseMs: NUMBER, maxMs: NUMBER }),
  healthCheck: group<HealthCheckOptions>({
    path: TEXT,
    host: TEXT,
    intervalMs: NUMBER,
    timeoutMs: NUMBER,
    expect: listOf('statuses', NUMBER),
  }),
  tls: group<UpstreamTls>({ ca: TEXT, serverName: TEXT, cert: TEXT, key: TEXT }),
}

/**
 * Checks where requests go, and fills in what is left out.
 *
 * @throws {TypeError} that says what makes no sense.
 */
export function readUpstreamOptions(
  given: string | readonly string[] | UpstreamOptions,
): UpstreamSettings {
  if (typeof given === 'string') return settingsOf({ urls: [given] })
  return settingsOf(isList(given) ? { urls: given } : given)
}

function settingsOf(given: UpstreamOptions): UpstreamSettings {
  checkOptions('an upstream', given, UPSTREAM_OPTIONS)
  const { urls, healthCheck, tls = {} } = given
  if (urls === undefined || urls.length === 0) {
    throw new TypeError('must name at least one URL')
  }
  const targets = urls.map(targetOf)
  if (new Set(targets.map(({ url }) => url)).size < targets.length) {
    throw new TypeError('must not name one URL twice')
  }
  checkTls(tls, targets)
  return {
    targets,
    retries: readCount('retries', given),
    maxConnections: readCount('maxConnections', given),
    host: given.host === undefined ? null : parseUpstreamHost(given.host),
    keepAliveMs: readCount('keepAliveMs', given),
    maxConnectionAgeMs: readCount('maxConnectionAgeMs', given),
    ejection: readEjection(given.ejection ?? {}),
    healthCheck: healthCheck === undefined ? null : readHealthCheck(healthCheck),
    tls,
  }
}

type Count = 'retries' | 'maxConnections' | 'keepAliveMs' | 'maxConnectionAgeMs'

function readCount(name: Count, given: UpstreamOptions): number {
  return readNumber(name, given[name], UPSTREAM_DEFAULTS[name], UPSTREAM_RANGES[name])
}

function readEjection(given: EjectionOptions): Complete<EjectionOptions> {
  const read = (name: keyof EjectionOptions): number =>
    readNumber(
      `ejection.${name}`,
      given[name],
      UPSTREAM_DEFAULTS.ejection[name],
      UPSTREAM_RANGES.ejection[name],
    )
  const ejection = { failures: read('failures'), baseMs: read('baseMs'), maxMs: read('maxMs') }
  if (ejection.maxMs < ejection.baseMs) {
    throw new TypeError('has an "ejection.maxMs" that is less than its "baseMs"')
  }
  return ejection
}

function readHealthCheck(given: HealthCheckOptions): NonNullable<UpstreamSettings['healthCheck']> {
  const read = (name: 'intervalMs' | 'timeoutMs'): number =>
    readNumber(
      `healthCheck.${name}`,
      given[name],
      UPSTREAM_DEFAULTS.healthCheck[name],
      UPSTREAM_RANGES.healthCheck[name],
    )
  return {
    path: parseCheckPath(given.path),
    host: given.host === undefined ? null : parseHostField(given.host),
    intervalMs: read('intervalMs'),
    timeoutMs: read('timeoutMs'),
    expect: (given.expect ?? []).map((status) =>
      readNumber('healthCheck.expect', status, 0, UPSTREAM_RANGES.healthCheck.expect),
    ),
  }
}

/**
 * Checks the path of a health check.
 *
 * @throws {TypeError} for what is no request target.
 */
export function parseCheckPath(text: string): string {
  if (!/^\/(?!\/)[!"$-~]*$/.test(text)) {
    throw new TypeError('must be a path with its query, if any, e.g. /healthz')
  }
  return text
}

/**
 * Checks what `Host` is to say to an upstream.
 *
 * @throws {TypeError} for what is neither `own` nor `client` nor a host with or without a port.
 */
export function parseUpstreamHost(text: string): string {
  return text === 'own' || text === 'client' ? text : parseHostField(text)
}

/**
 * Checks a value of `Host`.
 *
 * @throws {TypeError} for what is no name or address in lower case, with or without a port.
 */
export function parseHostField(text: string): string {
  if (/^(?=.{1,260}$)(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(text))
    return text
  throw new TypeError(
    'must be a host in lower case, with its port if it has one, e.g. app.example.org:8443',
  )
}

/**
 * Checks a name that a certificate is checked for.
 *
 * @throws {TypeError} for what is no host name in lower case, or is an IP address, which SNI has no place for.
 */
export function parseServerName(text: string): string {
  const plain = /^(?=.{1,253}$)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(text)
  if (!plain || /^[\d.]+$/.test(text)) {
    throw new TypeError('must be a host name in lower case, e.g. api.example.org')
  }
  return text
}

function checkTls(tls: UpstreamTls, targets: readonly UpstreamTarget[]): void {
  if (Object.values(tls).every((value) => value === undefined)) return
  if (!targets.every(({ origin }) => origin.startsWith('https:'))) {
    throw new TypeError('has "tls", but not all of its URLs begin with https://')
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new TypeError('has only one of "tls.cert" and "tls.key"; give both')
  }
  if (tls.serverName !== undefined) parseServerName(tls.serverName)
}

function readNumber(
  name: string,
  given: number | undefined,
  fallback: number,
  [least, most]: readonly [least: number, most: number],
): number {
  const value = given ?? fallback
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new TypeError(`must have a whole number from ${least} to ${most} as "${name}"`)
  }
  return value
}

function isList(given: readonly string[] | UpstreamOptions): given is readonly string[] {
  return Array.isArray(given)
}
