/**
 * What each front proxy says about the request that it asks about, and under which names.
 *
 * @module
 */

/** How a front proxy asks. */
export type Dialect =
  'nginx' | 'traefik' | 'caddy' | 'haproxy' | 'apache' | 'apisix' | 'nginx-gateway' | 'envoy'

/** The only header fields that a dialect reads, in lower case. */
export interface DialectFields {
  /** Null: the method is that of the question. */
  readonly method: string | null
  /** A field with `scheme://host/target`; else each has its own. */
  readonly url: string | null
  readonly host: string | null
  /** Null: the target is what follows the path of the question, byte by byte. */
  readonly target: string | null
  /** Null: the dialect does not say. */
  readonly scheme: string | null
  /** Whether the question is worth an answer without the scheme. */
  readonly schemeOptional: boolean
  /** Null: the dialect cannot say. */
  readonly address: string | null
  /** Whether every status but 401 and 403 would be made a 500 on its way. */
  readonly narrow: boolean
}

const FORWARDED: DialectFields = {
  method: 'x-forwarded-method',
  url: null,
  host: 'x-forwarded-host',
  target: 'x-forwarded-uri',
  scheme: 'x-forwarded-proto',
  schemeOptional: false,
  address: 'x-forwarded-for',
  narrow: false,
}

/** Every dialect there is. */
export const DIALECTS: Readonly<Record<Dialect, DialectFields>> = {
  nginx: {
    method: 'x-original-method',
    url: 'x-original-url',
    host: null,
    target: null,
    scheme: null,
    schemeOptional: false,
    address: 'x-forwarded-for',
    narrow: true,
  },
  traefik: FORWARDED,
  caddy: FORWARDED,
  haproxy: FORWARDED,
  apache: FORWARDED,
  apisix: FORWARDED,
  'nginx-gateway': {
    method: 'method',
    url: null,
    host: 'host',
    target: 'path',
    scheme: null,
    schemeOptional: true,
    address: null,
    narrow: true,
  },
  envoy: {
    method: null,
    url: null,
    host: 'host',
    target: null,
    scheme: 'x-forwarded-proto',
    schemeOptional: true,
    address: 'x-forwarded-for',
    narrow: false,
  },
}

/** How it was asked: in one of them, or by gRPC. */
export type AskedIn = Dialect | 'grpc'

/** Their names. */
export const DIALECT_NAMES: readonly Dialect[] = Object.keys(DIALECTS) as Dialect[]

const PREFIX = '/auth/'

const BY_PATH: ReadonlyMap<string, Dialect> = new Map(
  DIALECT_NAMES.map((name) => [`${PREFIX}${name}`, name]),
)

/** The dialect of a question, and what follows its name. */
export interface Asked {
  readonly dialect: Dialect
  /** Empty but for a dialect whose target is there. */
  readonly rest: string
}

/**
 * Reads which dialect a question is in: its path says so, and nothing else, for a client can add the header fields of
 * another dialect to its own. The query is the client's and means nothing. Null: there is no such dialect.
 */
export function readDialect(url: string): Asked | null {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const dialect = BY_PATH.get(path)
  if (dialect !== undefined && dialect !== 'envoy') return { dialect, rest: '' }
  const envoy = `${PREFIX}envoy`
  if (path === envoy || path.startsWith(`${envoy}/`)) {
    return { dialect: 'envoy', rest: url.slice(envoy.length) }
  }
  return null
}
