import { z } from 'zod'
import {
  ACCESS_LOG_CHOICES,
  ACCESS_LOG_DEFAULTS,
  parseAccessLogTarget,
} from '../access-log/index.ts'
import {
  CREDENTIAL_KINDS,
  FORWARDED_FORMS,
  parseIdentityHeaderName,
  parsePassedHeader,
  parseScope,
  parseTrustedProxy,
  ROUTE_CHOICES,
} from '../authenticator/index.ts'
import type {
  CaveatPolicy,
  CredentialKind,
  DataMapping,
  IdentityHeaderNames,
} from '../authenticator/index.ts'
import { CONNECTION_LIMIT_DEFAULTS } from '../listener/index.ts'
import { CLIENT_LIMIT_DEFAULTS, TIMEOUT_DEFAULTS } from '../proxy/index.ts'
import { parseRoutePath, REQUEST_LIMIT_RANGES, REQUEST_LIMITS } from '../routing/index.ts'
import { INVITE_TYPES, type InviteType } from '../token/index.ts'
import { RESPONSE_LIMIT_RANGES, RESPONSE_LIMITS } from '../upstream/index.ts'
import { assertionSchema, routeAssertionSchema } from './assertion-schema.ts'
import type { AssertionSettings } from './assertion-schema.ts'
import { VERDICT_DEFAULTS, VERDICT_RANGES } from '../verification/index.ts'
import { adminPageSchema } from './admin-page-schema.ts'
import { forwardAuthSchema } from './forward-auth-schema.ts'
import type { ForwardAuthSettings } from './forward-auth-schema.ts'
import type { GatewayConfig, RouteConfig } from './gateway-config.ts'
import { LISTEN_DEFAULTS, parseListenAddress } from './listen-address.ts'
import type { TlsWritten } from './listener-schema.ts'
import { clientIdleSchema, healthPathSchema, listenSchema, tlsSchema } from './listener-schema.ts'
import type { UpstreamHeadersWritten } from './route-schema.ts'
import {
  bufferRequestBytesSchema,
  corsSchema,
  dataSchema,
  forwardTokenSchema,
  hostsSchema,
  interfaceSchema,
  maxBodyBytesSchema,
  methodsSchema,
  stripPrefixSchema,
  upstreamHeadersSchema,
} from './route-schema.ts'
import {
  choice,
  choiceOrNull,
  fraction,
  group,
  integer,
  integerOr,
  integers,
  list,
  section,
  text,
  toggle,
} from './setting.ts'
import { upstreamSchema, type UpstreamWritten } from './upstream-schema.ts'
import type { OnezoneSettings, VerifierSettings } from './verifier-schema.ts'
import { onezoneSection, verifierSection } from './verifier-schema.ts'

/** A configuration that fits the schema; secrets are still names of files. */
export interface Settings extends Omit<
  GatewayConfig,
  'verifier' | 'routes' | 'adminToken' | 'tls' | 'workers' | 'assertion' | 'forwardAuth'
> {
  readonly onezone: OnezoneSettings
  readonly verifier: VerifierSettings
  readonly adminTokenFile?: string | undefined
  readonly tls?: TlsWritten | undefined
  readonly forwardAuth?: ForwardAuthSettings | undefined
  readonly workers: number | 'auto'
  readonly assertion?: AssertionSettings | undefined
  readonly upstream?: UpstreamWritten | undefined
  /** What routes read that do not say it themselves. */
  readonly credentials?: readonly CredentialKind[] | undefined
  readonly routes?: readonly RouteSettings[] | undefined
}

/** A route before the defaults that depend on other settings are filled in. */
export interface RouteSettings extends Omit<
  RouteConfig,
  'id' | 'caveats' | 'data' | 'upstream' | 'upstreamHeaders'
> {
  readonly id?: string | undefined
  readonly caveats: CaveatPolicy
  readonly upstreamHeaders?: UpstreamHeadersWritten | undefined
  readonly data?: Omit<DataMapping, 'from'> | undefined
  readonly upstream?: UpstreamWritten | undefined
}

const inviteTypes = Object.keys(INVITE_TYPES) as InviteType[]

const fileName = text('the name of a file', (value) => matching(value, /./, 'must not be empty'))
const headerName = text('the name of a header field', parseIdentityHeaderName)

const credentials = list('kinds of credentials', choice(...CREDENTIAL_KINDS)).optional()

const timeouts = section(
  integers(
    {
      connectMs: [1, 600_000],
      headMs: [1, 3_600_000],
      idleBodyMs: [0, 3_600_000],
      idleStreamMs: [0, 3_600_000],
    },
    TIMEOUT_DEFAULTS,
  ),
)

const headers = group({
  subjectType: headerName.optional(),
  subjectId: headerName.optional(),
  tokenId: headerName.optional(),
  tokenType: headerName.optional(),
  tokenExpires: headerName.optional(),
  caveats: headerName.optional(),
  scopes: headerName.optional(),
  assertion: headerName.optional(),
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
  bufferRequestBytes: bufferRequestBytesSchema,
  cors: corsSchema.optional(),
  informational: toggle().default(false),
  upstreamHeaders: upstreamHeadersSchema.optional(),
  token: choice(...ROUTE_CHOICES.token).default('access'),
  optional: toggle().default(false),
  credentials,
  interface: interfaceSchema.default('rest'),
  inviteType: choiceOrNull(...inviteTypes).default(null),
  identityProviderTokens: toggle().default(false),
  subjects: group({
    types: list('user or oneprovider', choice(...ROUTE_CHOICES.subjectTypes)).optional(),
    ids: list(
      'ids',
      text('an id', (id) => matching(id, /./, 'must not be empty')),
    ).optional(),
  }).optional(),
  scopes: list('scopes', text('a scope', parseScope)).optional(),
  caveats: section({
    service: choice(...ROUTE_CHOICES.service).optional(),
    api: choice(...ROUTE_CHOICES.api).optional(),
    data: choice(...ROUTE_CHOICES.data).optional(),
  }),
  data: dataSchema.optional(),
  headers: headers.optional(),
  forwardToken: forwardTokenSchema.default(false),
  assertion: routeAssertionSchema.optional(),
  passHeaders: list(
    'names of header fields',
    text('the name of a header field', parsePassedHeader),
  ).optional(),
  upstream: upstreamSchema.optional(),
  websocket: toggle().default(true),
  timeouts,
})

const { budget: BUDGET, ...VERDICTS } = VERDICT_RANGES

/** One route on its own. */
export const routeSchema: z.ZodType<RouteSettings> = route

/** The whole configuration. Conditions that span several settings are in `cross-checks.ts`. */
export const configSchema: z.ZodType<Settings> = group({
  listen: listenSchema.prefault(LISTEN_DEFAULTS.listen),
  proxyProtocol: toggle().default(false),
  clientIdleMs: clientIdleSchema,
  healthPath: healthPathSchema.optional(),
  adminListen: text('HOST:PORT', parseListenAddress).prefault(LISTEN_DEFAULTS.adminListen),
  adminTokenFile: fileName.optional(),
  adminPage: adminPageSchema.optional(),
  tls: tlsSchema.optional(),
  workers: integerOr('auto', 1, 256).default(1),
  fastLane: toggle().default(true),
  onezone: onezoneSection,
  verifier: verifierSection,
  forwardAuth: forwardAuthSchema.optional(),
  assertion: assertionSchema.optional(),
  trustedProxies: list(
    'addresses or CIDR ranges',
    text('an address or CIDR range', (entry) => {
      parseTrustedProxy(entry)
      return entry
    }),
  ).default([]),
  forwarded: choice(...FORWARDED_FORMS).default('x-forwarded'),
  upstream: upstreamSchema.optional(),
  credentials,
  routes: list('routes', route).optional(),
  verdicts: section({
    ...integers(VERDICTS, VERDICT_DEFAULTS),
    budget: section(integers(BUDGET, VERDICT_DEFAULTS.budget)),
  }),
  realm: text('a text', (value) =>
    matching(value, /^[\x20-\x7e]{1,128}$/, 'must be 1 to 128 printable ASCII characters'),
  ).default('onedata'),
  limits: section(
    integers(
      {
        ...REQUEST_LIMIT_RANGES,
        ...RESPONSE_LIMIT_RANGES,
        connectionsPerAddress: [0, 1_000_000],
        webSocketsPerAddress: [0, 1_000_000],
        requestsPerAddressPerSecond: [0, 1_000_000],
      },
      {
        ...REQUEST_LIMITS,
        ...RESPONSE_LIMITS,
        ...CONNECTION_LIMIT_DEFAULTS,
        ...CLIENT_LIMIT_DEFAULTS,
      },
    ),
  ),
  log: section({ level: choice('debug', 'info', 'warn', 'error').default('info') }),
  accessLog: section({
    to: text('stdout, none, or the absolute name of a file', parseAccessLogTarget).prefault(
      ACCESS_LOG_DEFAULTS.to,
    ),
    only: choice(...ACCESS_LOG_CHOICES).default(ACCESS_LOG_DEFAULTS.only),
    sample: fraction().default(ACCESS_LOG_DEFAULTS.sample),
    query: toggle().default(ACCESS_LOG_DEFAULTS.query),
  }),
  reload: section({
    watchFiles: toggle().default(true),
    intervalMs: integer(100, 3_600_000).default(2_000),
  }),
  shutdown: section({
    readinessDelayMs: integer(0, 600_000).default(0),
    drainMs: integer(0, 600_000).default(25_000),
  }),
})

function matching(value: string, pattern: RegExp, problem: string): string {
  if (!pattern.test(value)) throw new TypeError(problem)
  return value
}
