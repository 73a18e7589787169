import { availableParallelism } from 'node:os'
import { resolveServicePolicy } from '../authenticator/index.ts'
import type { TlsFiles } from '../tls/index.ts'
import type { AssertionSettings } from './assertion-schema.ts'
import type { ForwardAuthSettings } from './forward-auth-schema.ts'
import type {
  AssertionConfig,
  ForwardAuthConfig,
  GatewayConfig,
  RouteConfig,
  StoreConfig,
  TlsConfig,
  VerifierConfig,
} from './gateway-config.ts'
import type { IntrospectionClients } from './introspection-clients.ts'
import type { TlsWritten } from './listener-schema.ts'
import type { Finding } from './problems.ts'
import { routeTitle } from './route-order.ts'
import type { UpstreamHeadersWritten } from './route-schema.ts'
import { routeSchema, type RouteSettings, type Settings } from './schema.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { StoreFiles } from './store-files.ts'
import type { StoreSettings } from './store-schema.ts'
import { withContents, type UpstreamFiles } from './upstream-files.ts'

/** What the files hold that a configuration names, as far as they could be read. */
export interface Secrets {
  readonly ca?: string | undefined
  readonly apiToken?: string | undefined
  readonly serviceToken?: string | undefined
  readonly watchToken?: string | undefined
  readonly adminToken?: string | undefined
  readonly tls?: TlsFiles | undefined
  /** Of the files that `upstreamHeaders` names, by route and field. */
  readonly fieldValues?: ReadonlyMap<string, string>
  readonly findings?: readonly Finding[]
  readonly signing?: SigningKeys
  readonly introspection?: IntrospectionClients
  readonly askedTls?: TlsFiles | undefined
  readonly store?: StoreFiles
}

/** Fills in what depends on more than one setting, and puts what files hold in place of their names. */
export function complete(
  settings: Settings,
  secrets: Secrets,
  files: UpstreamFiles,
  listenWritten: boolean,
): GatewayConfig {
  const {
    onezone: _,
    verifier: __,
    upstream,
    credentials,
    routes,
    adminTokenFile: ___,
    tls,
    workers,
    assertion,
    forwardAuth,
    store,
    ...rest
  } = settings
  const { serviceToken, adminToken } = secrets
  const written = routes ?? [routeSchema.parse({ path: '/**', upstream })]
  const isCarrying = written.some((route) => route.upstream !== undefined)
  return {
    ...rest,
    listen: isCarrying || listenWritten ? settings.listen : undefined,
    adminToken,
    workers: workers === 'auto' ? availableParallelism() : workers,
    verifier: completeVerifier(settings, secrets),
    assertion: assertion && completeAssertion(assertion, secrets),
    tls: secrets.tls && { ...completeTls(secrets.tls, tls), http2: tls?.http2 ?? false },
    forwardAuth: forwardAuth && completeForwardAuth(forwardAuth, secrets),
    store: store && completeStore(store, secrets),
    routes: written.map((route, index) => ({
      ...completeRoute(route, serviceToken !== undefined),
      credentials: route.credentials ?? credentials,
      upstreamHeaders: route.upstreamHeaders && fieldsOf(route.upstreamHeaders, index, secrets),
      upstream:
        route.upstream &&
        withContents(
          upstream ?? route.upstream,
          upstream === undefined ? ['routes', index, 'upstream'] : ['upstream'],
          files,
        ),
    })),
  }
}

function completeTls(
  files: TlsFiles,
  written: Pick<TlsWritten, 'clientAuth'> | undefined,
): Omit<TlsConfig, 'http2'> {
  const byDefault = files.clientCaFile === undefined ? 'none' : 'require'
  return { ...files, clientAuth: written?.clientAuth ?? byDefault }
}

function completeForwardAuth(
  { tls, introspection, ...settings }: ForwardAuthSettings,
  secrets: Secrets,
): ForwardAuthConfig {
  const clients = secrets.introspection?.clients ?? []
  return {
    ...settings,
    tls: secrets.askedTls && completeTls(secrets.askedTls, tls),
    introspection: introspection && { clients },
  }
}

function completeStore(settings: StoreSettings, secrets: Secrets): StoreConfig {
  const { secretFile: _, usernameFile: _1, passwordFile: _2, ...rest } = settings
  const { caFile: _3, certFile: _4, keyFile: _5, ...store } = rest
  const { findings: _6, ...contents } = secrets.store ?? { secret: [], findings: [] }
  return { ...store, ...contents }
}

function completeAssertion(
  { keyFiles, ...settings }: AssertionSettings,
  { signing }: Secrets,
): AssertionConfig {
  return { ...settings, keys: signing?.keys ?? [], keysLast: keyFiles !== undefined }
}

function completeVerifier({ onezone, verifier }: Settings, secrets: Secrets): VerifierConfig {
  const { ca, apiToken, serviceToken, watchToken } = secrets
  if (verifier.type === 'token-lookup') {
    const { caFile: _, apiTokenFile: __, type, url, ...connection } = verifier
    return { type, ...connection, url: checked(url), ca, apiToken: checked(apiToken) }
  }
  const { caFile: _, serviceTokenFile: __, watchTokenFile: ___, url, ...connection } = onezone
  const guiUrl = connection.guiUrl === undefined ? checked(url) : connection.guiUrl
  return { type: 'onezone', ...connection, guiUrl, url: checked(url), ca, serviceToken, watchToken }
}

/** A setting of which the cross-checks have seen that it is there. */
function checked(value: string | undefined): string {
  if (value === undefined) throw new Error('a setting that was checked to be there is missing')
  return value
}

function fieldsOf(
  written: UpstreamHeadersWritten,
  index: number,
  { fieldValues }: Secrets,
): Record<string, string> {
  const fields = Object.entries(written).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : checked(fieldValues?.get(`${index} ${name}`)),
  ])
  return Object.fromEntries(fields) as Record<string, string>
}

function completeRoute(
  route: RouteSettings,
  hasServiceToken: boolean,
): Omit<RouteConfig, 'upstream' | 'upstreamHeaders'> {
  const { caveats, upstreamHeaders: _, ...rest } = route
  return {
    ...rest,
    data: route.data && { from: route.path, ...route.data },
    id: route.id ?? routeTitle(route),
    caveats: {
      service: resolveServicePolicy(caveats.service, hasServiceToken),
      api: caveats.api ?? 'refuse',
      data: caveats.data ?? 'refuse',
    },
  }
}
