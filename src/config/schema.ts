import { z } from 'zod'
import { INVITE_TYPES, type InviteType } from '../token/index.ts'
import type { GatewayConfig, OnezoneConfig, RouteConfig, RouteHeaders } from './gateway-config.ts'
import { parseIdentityHeaderName } from './header-name.ts'
import { parseListenAddress } from './listen-address.ts'
import { parseRoutePath } from './route-path.ts'
import { parseOnezoneUrl, parseUpstreamUrl } from './service-url.ts'
import { choice, choiceOrNull, group, integer, list, section, text, toggle } from './setting.ts'
import { parseTrustedProxy } from './trusted-proxy.ts'

/** A configuration that fits the schema; secrets are still names of files. */
export interface Settings extends Omit<GatewayConfig, 'onezone' | 'routes'> {
  readonly onezone: Omit<OnezoneConfig, 'ca' | 'serviceToken'> & {
    readonly caFile?: string | undefined
    readonly serviceTokenFile?: string | undefined
  }
  readonly upstream?: string | undefined
  readonly routes?: readonly RouteSettings[] | undefined
}

/** A route before the defaults that depend on other settings are filled in. */
export interface RouteSettings extends Omit<RouteConfig, 'id' | 'caveats'> {
  readonly id?: string | undefined
  readonly caveats: {
    readonly [Caveat in keyof RouteConfig['caveats']]?: RouteConfig['caveats'][Caveat] | undefined
  }
}

const inviteTypes = Object.keys(INVITE_TYPES) as InviteType[]

const fileName = text('the name of a file', (value) => matching(value, /./, 'must not be empty'))
const headerName = text('the name of a header field', parseIdentityHeaderName)

const timeouts = section({
  connectMs: integer(1, 600_000).default(3_000),
  headMs: integer(1, 3_600_000).default(60_000),
  idleBodyMs: integer(0, 3_600_000).default(60_000),
})

const headers: z.ZodType<RouteHeaders> = group({
  subjectType: headerName.optional(),
  subjectId: headerName.optional(),
  tokenId: headerName.optional(),
  tokenType: headerName.optional(),
  tokenExpires: headerName.optional(),
  caveats: headerName.optional(),
})

const route = group({
  id: text('a name', (value) =>
    matching(
      value,
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'must be a letter or digit and at most 63 more letters, digits, ".", "_" or "-"',
    ),
  ).optional(),
  path: text('a path, e.g. /api/**', parseRoutePath),
  token: choice('access', 'identity', 'invite', 'none').default('access'),
  optional: toggle().default(false),
  interface: choiceOrNull('rest', 'oneclient', 'graphsync').default('rest'),
  inviteType: choiceOrNull(...inviteTypes).default(null),
  subjects: group({
    types: list('user or oneprovider', choice('user', 'oneprovider')).optional(),
    ids: list(
      'ids',
      text('an id', (id) => matching(id, /./, 'must not be empty')),
    ).optional(),
  }).optional(),
  caveats: section({
    service: choice('refuse', 'verify', 'as-onezone').optional(),
    api: choice('refuse', 'delegate').optional(),
    data: choice('refuse', 'delegate').optional(),
  }),
  headers: headers.optional(),
  forwardToken: toggle().default(false),
  upstream: text('a URL, e.g. http://127.0.0.1:3000', parseUpstreamUrl),
  timeouts,
})

/** One route on its own. */
export const routeSchema: z.ZodType<RouteSettings> = route

/** The whole configuration. Conditions that span several settings are in `cross-checks.ts`. */
export const configSchema: z.ZodType<Settings> = group({
  listen: text('HOST:PORT', parseListenAddress).prefault('127.0.0.1:8080'),
  adminListen: text('HOST:PORT', parseListenAddress).prefault('127.0.0.1:9090'),
  onezone: section({
    url: text('a URL, e.g. https://onezone.example.org', parseOnezoneUrl),
    caFile: fileName.optional(),
    serviceTokenFile: fileName.optional(),
    connectTimeoutMs: integer(1, 60_000).default(1_000),
    totalTimeoutMs: integer(1, 60_000).default(2_500),
    allowInsecureHttp: toggle().default(false),
  }),
  trustedProxies: list(
    'addresses or CIDR ranges',
    text('an address or CIDR range', parseTrustedProxy),
  ).default([]),
  upstream: text('a URL, e.g. http://127.0.0.1:3000', parseUpstreamUrl).optional(),
  routes: list('routes', route).optional(),
  verdicts: section({
    maxStalenessMs: integer(100, 300_000).default(10_000),
    negativeTtlMs: integer(0, 60_000).default(2_000),
    maxTokens: integer(1, 10_000_000).default(50_000),
    maxRefusals: integer(1, 10_000_000).default(10_000),
  }),
  realm: text('a text', (value) =>
    matching(value, /^[\x20-\x7e]{1,128}$/, 'must be 1 to 128 printable ASCII characters'),
  ).default('onedata'),
  log: section({ level: choice('debug', 'info', 'warn', 'error').default('info') }),
  shutdown: section({ drainMs: integer(0, 600_000).default(25_000) }),
})

function matching(value: string, pattern: RegExp, problem: string): string {
  if (!pattern.test(value)) throw new TypeError(problem)
  return value
}
