import { z } from 'zod'
import {
  parseIdentityHeaderName,
  parseTrustedProxy,
  ROUTE_CHOICES,
} from '../authenticator/index.ts'
import type { CaveatPolicy, IdentityHeaderNames } from '../authenticator/index.ts'
import { parseOnezoneUrl } from '../onezone/index.ts'
import { parseRoutePath } from '../proxy/index.ts'
import { INVITE_TYPES, type InviteType } from '../token/index.ts'
import type { GatewayConfig, OnezoneConfig, RouteConfig } from './gateway-config.ts'
import { parseListenAddress } from './listen-address.ts'
import {
  hostsSchema,
  maxBodyBytesSchema,
  methodsSchema,
  stripPrefixSchema,
} from './route-schema.ts'
import { choice, choiceOrNull, group, integer, list, section, text, toggle } from './setting.ts'
import { upstreamSchema, type UpstreamWritten } from './upstream-schema.ts'

/** A configuration that fits the schema; secrets are still names of files. */
export interface Settings extends Omit<GatewayConfig, 'onezone' | 'routes' | 'adminToken'> {
  readonly onezone: Omit<OnezoneConfig, 'ca' | 'serviceToken' | 'watchToken'> & {
    readonly caFile?: string | undefined
    readonly serviceTokenFile?: string | undefined
    readonly watchTokenFile?: string | undefined
  }
  readonly adminTokenFile?: string | undefined
  readonly upstream?: UpstreamWritten | undefined
  readonly routes?: readonly RouteSettings[] | undefined
}

/** A route before the defaults that depend on other settings are filled in. */
export interface RouteSettings extends Omit<RouteConfig, 'id' | 'caveats' | 'upstream'> {
  readonly id?: string | undefined
  readonly caveats: CaveatPolicy
  readonly upstream: UpstreamWritten
}

const inviteTypes = Object.keys(INVITE_TYPES) as InviteType[]

const fileName = text('the name of a file', (value) => matching(value, /./, 'must not be empty'))
const headerName = text('the name of a header field', parseIdentityHeaderName)

const timeouts = section({
  connectMs: integer(1, 600_000).default(3_000),
  headMs: integer(1, 3_600_000).default(60_000),
  idleBodyMs: integer(0, 3_600_000).default(60_000),
})

const headers = group({
  subjectType: headerName.optional(),
  subjectId: headerName.optional(),
  tokenId: headerName.optional(),
  tokenType: headerName.optional(),
  tokenExpires: headerName.optional(),
  caveats: headerName.optional(),
} satisfies Record<keyof IdentityHeaderNames, z.ZodType<string | undefined>>)

const route = group({
  id: text('a name', (value) =>
    matching(
      value,
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'must be a letter or digit and at most 63 more letters, digits, ".", "_" or "-"',
    ),
  ).optional(),
  path: text('a path, e.g. /api/**', parseRoutePath),
  hosts: hostsSchema.optional(),
  methods: methodsSchema.optional(),
  stripPrefix: stripPrefixSchema.optional(),
  maxBodyBytes: maxBodyBytesSchema.optional(),
  token: choice(...ROUTE_CHOICES.token).default('access'),
  optional: toggle().default(false),
  interface: choiceOrNull(...ROUTE_CHOICES.interface).default('rest'),
  inviteType: choiceOrNull(...inviteTypes).default(null),
  subjects: group({
    types: list('user or oneprovider', choice(...ROUTE_CHOICES.subjectTypes)).optional(),
    ids: list(
      'ids',
      text('an id', (id) => matching(id, /./, 'must not be empty')),
    ).optional(),
  }).optional(),
  caveats: section({
    service: choice(...ROUTE_CHOICES.service).optional(),
    api: choice(...ROUTE_CHOICES.api).optional(),
    data: choice(...ROUTE_CHOICES.data).optional(),
  }),
  headers: headers.optional(),
  forwardToken: toggle().default(false),
  upstream: upstreamSchema,
  timeouts,
})

/** One route on its own. */
export const routeSchema: z.ZodType<RouteSettings> = route

/** The whole configuration. Conditions that span several settings are in `cross-checks.ts`. */
export const configSchema: z.ZodType<Settings> = group({
  listen: text('HOST:PORT', parseListenAddress).prefault('127.0.0.1:8080'),
  adminListen: text('HOST:PORT', parseListenAddress).prefault('127.0.0.1:9090'),
  adminTokenFile: fileName.optional(),
  onezone: section({
    url: text('a URL, e.g. https://onezone.example.org', parseOnezoneUrl),
    caFile: fileName.optional(),
    serviceTokenFile: fileName.optional(),
    watchTokenFile: fileName.optional(),
    watchIntervalMs: integer(250, 300_000).default(2_000),
    connectTimeoutMs: integer(1, 60_000).default(1_000),
    totalTimeoutMs: integer(1, 60_000).default(2_500),
    allowInsecureHttp: toggle().default(false),
  }),
  trustedProxies: list(
    'addresses or CIDR ranges',
    text('an address or CIDR range', (entry) => {
      parseTrustedProxy(entry)
      return entry
    }),
  ).default([]),
  upstream: upstreamSchema.optional(),
  routes: list('routes', route).optional(),
  verdicts: section({
    maxStalenessMs: integer(100, 300_000).default(10_000),
    negativeTtlMs: integer(0, 60_000).default(2_000),
    staleIfErrorMs: integer(0, 300_000).default(0),
    maxTokens: integer(1, 10_000_000).default(50_000),
    maxFamilies: integer(1, 10_000_000).default(50_000),
    maxRefusals: integer(1, 10_000_000).default(10_000),
    budget: section({
      perAddressPerSecond: integer(1, 1_000_000).default(50),
      perSubjectPerSecond: integer(1, 1_000_000).default(100),
    }),
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
