/**
 * What a configuration that was made by hand may hold. One that `loadConfig` made has been through the schema, with its
 * ranges and its conditions between settings; here is seen to it that nothing misspelled goes unnoticed.
 *
 * @module
 */

import { ACCESS_LOG_OPTIONS } from '../access-log/index.ts'
import { FORWARDED_FORMS, ROUTE_POLICY_OPTIONS } from '../authenticator/index.ts'
import type { OptionKind, OptionShape } from '../option-shape.ts'
import {
  checkOptions,
  FLAG,
  group,
  JUDGED_ELSEWHERE,
  listOf,
  listOfGroups,
  NUMBER,
  oneOf,
  TEXT,
  wholeNumber,
  wholeNumbers,
} from '../option-shape.ts'
import { REQUEST_LIMIT_RANGES } from '../routing/index.ts'
import type { KeyPairFiles } from '../tls/index.ts'
import type { Sliced } from '../slices.ts'
import { RESPONSE_LIMIT_RANGES } from '../upstream/index.ts'
import type {
  AdminPageConfig,
  AssertionConfig,
  ForwardAuthConfig,
  GatewayConfig,
  RouteConfig,
  TlsConfig,
} from './gateway-config.ts'
import type { ListenAddress, UnixSocketAddress } from './listen-address.ts'
import { isSameData } from '../same-data.ts'

const ADDRESS: OptionKind = group<ListenAddress>({ host: TEXT, port: wholeNumber([0, 65_535]) })

const SOCKET_FILE: OptionKind = group<UnixSocketAddress>({
  path: TEXT,
  mode: wholeNumber([0, 0o777]),
})

const SOCKET: OptionKind = {
  wanted: 'an address, or the path of a Unix socket',
  accepts(value) {
    const isFile = typeof value === 'object' && value !== null && 'path' in value
    return (isFile ? SOCKET_FILE : ADDRESS).accepts(value)
  },
}

const SOCKETS: OptionKind = {
  wanted: 'an address, the path of a Unix socket, or a list of such',
  accepts: (value) =>
    Array.isArray(value) ? value.length > 0 && value.every(SOCKET.accepts) : SOCKET.accepts(value),
}

const { realm, ...POLICY_OPTIONS } = ROUTE_POLICY_OPTIONS

const ROUTE: OptionShape<RouteConfig> = {
  ...POLICY_OPTIONS,
  path: TEXT,
  hosts: listOf('host names', TEXT),
  methods: listOf('methods', TEXT),
  stripPrefix: TEXT,
  maxBodyBytes: NUMBER,
  bufferRequestBytes: NUMBER,
  // The proxy judges them.
  upstreamHeaders: JUDGED_ELSEWHERE,
  cors: JUDGED_ELSEWHERE,
  informational: FLAG,
  upstream: JUDGED_ELSEWHERE,
  websocket: FLAG,
  timeouts: group<RouteConfig['timeouts']>({
    connectMs: NUMBER,
    headMs: NUMBER,
    idleBodyMs: NUMBER,
    idleStreamMs: NUMBER,
  }),
}

const GATEWAY_CONFIG: OptionShape<GatewayConfig> = {
  listen: SOCKETS,
  proxyProtocol: FLAG,
  clientIdleMs: wholeNumber([100, 3_600_000]),
  healthPath: TEXT,
  adminListen: ADDRESS,
  adminToken: TEXT,
  adminPage: group<AdminPageConfig>({ shown: FLAG, refusals: FLAG }),
  tls: group<TlsConfig>({
    certFile: TEXT,
    keyFile: TEXT,
    certificates: listOfGroups<KeyPairFiles>({ certFile: TEXT, keyFile: TEXT }),
    clientCaFile: TEXT,
    clientAuth: oneOf(['none', 'request', 'require']),
    http2: FLAG,
  }),
  workers: wholeNumber([1, 256]),
  fastLane: FLAG,
  forwardAuth: group<ForwardAuthConfig>({
    listen: SOCKET,
    clientAddress: oneOf(['required', 'unknown-allowed']),
    grpcListen: SOCKET,
    tls: group<NonNullable<ForwardAuthConfig['tls']>>({
      certFile: TEXT,
      keyFile: TEXT,
      clientCaFile: TEXT,
      clientAuth: oneOf(['none', 'request', 'require']),
    }),
    // What answers them judges its clients.
    introspection: JUDGED_ELSEWHERE,
  }),
  assertion: group<AssertionConfig>({
    issuer: TEXT,
    // What signs judges them.
    keys: JUDGED_ELSEWHERE,
    keysLast: FLAG,
    lifeMs: NUMBER,
    jwksPath: TEXT,
  }),
  // The client that it is for judges it, and `createVerification` the verdicts.
  verifier: JUDGED_ELSEWHERE,
  trustedProxies: listOf('addresses and CIDR ranges', TEXT),
  forwarded: oneOf(FORWARDED_FORMS),
  routes: listOfGroups(ROUTE),
  verdicts: JUDGED_ELSEWHERE,
  store: JUDGED_ELSEWHERE,
  realm,
  limits: group<GatewayConfig['limits']>({
    ...wholeNumbers({ ...REQUEST_LIMIT_RANGES, ...RESPONSE_LIMIT_RANGES }),
    connectionsPerAddress: NUMBER,
    webSocketsPerAddress: NUMBER,
    requestsPerAddressPerSecond: NUMBER,
  }),
  log: group<GatewayConfig['log']>({ level: oneOf(['debug', 'info', 'warn', 'error']) }),
  accessLog: group(ACCESS_LOG_OPTIONS),
  reload: group<GatewayConfig['reload']>({ watchFiles: FLAG, intervalMs: NUMBER }),
  shutdown: group<GatewayConfig['shutdown']>({ readinessDelayMs: NUMBER, drainMs: NUMBER }),
}

const OWNER = 'a gateway configuration'

/**
 * Checks names and types of all settings.
 *
 * @throws {TypeError} that names the first one that is wrong.
 */
export function checkGatewayConfig(config: GatewayConfig): void {
  checkOptions(OWNER, config, GATEWAY_CONFIG)
}

/**
 * The same, in slices, for a configuration that follows another that was checked.
 *
 * @returns The configuration with the routes of the one before in place of those that say the same: they need not be
 *   checked again.
 */
export function* checksOfGatewayConfig(
  config: GatewayConfig,
  before: GatewayConfig,
): Sliced<GatewayConfig> {
  const given: unknown = config?.routes
  if (!Array.isArray(given)) {
    checkGatewayConfig(config)
    return config
  }
  checkOptions(OWNER, { ...config, routes: [] }, GATEWAY_CONFIG)
  const known = new Map(before.routes.map((route) => [route.id, route]))
  const routes: RouteConfig[] = []
  for (const [index, route] of config.routes.entries()) {
    yield
    const same = known.get(route?.id)
    // The very same object may have been changed since.
    if (same !== undefined && same !== route && isSameData(same, route)) {
      routes.push(same)
    } else {
      checkOptions(OWNER, route, ROUTE, `routes[${index}].`)
      routes.push(route)
    }
  }
  return { ...config, routes }
}
