import type { AccessLogOptions } from '../access-log/index.ts'
import type { SigningKey } from '../assertion/index.ts'
import type { CaveatPolicy, ForwardedForm, RoutePolicy } from '../authenticator/index.ts'
import type { HttpClientOptions } from '../http-client/index.ts'
import type { IdentityProvider } from '../identity-provider/index.ts'
import type { IntrospectionClient } from './introspection-clients.ts'
import type { ClientLimits, ProxyRoute, UpstreamTimeouts } from '../proxy/index.ts'
import type { ClientAuth, TlsFiles } from '../tls/index.ts'
import type { RequestLimits } from '../routing/index.ts'
import type { ResponseLimits, UpstreamOptions } from '../upstream/index.ts'
import type { VerdictOptions, VerificationBudgetOptions } from '../verification/index.ts'
import type { ListenAddress, SocketAddress } from './listen-address.ts'

/** Options of which none is left out. */
type Complete<Options> = {
  readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined>
}

/**
 * Everything that a gateway needs to know, complete: every default is filled in and every secret is read from its
 * file. `loadConfig` makes one; its defaults are those of the settings in a configuration file.
 */
export interface GatewayConfig {
  /** Where requests are accepted; undefined: nowhere, for no route has an upstream. @default 127.0.0.1:8080 */
  readonly listen?: SocketAddress | readonly SocketAddress[] | undefined
  /**
   * Whether connections of `trustedProxies` begin with a head of the PROXY protocol, version 1 or 2, before TLS too.
   *
   * @default false
   */
  readonly proxyProtocol?: boolean | undefined
  /**
   * How long a client's connection may be without a request between two, in milliseconds, 100 to 3_600_000.
   *
   * @default 65_000
   */
  readonly clientIdleMs?: number | undefined
  /** Path of the traffic listener that is answered as `/readyz` is, and goes to no route. @default none */
  readonly healthPath?: string | undefined
  /** Where metrics, health and the admin API are served; not for clients. @default 127.0.0.1:9090 */
  readonly adminListen: ListenAddress
  /**
   * What the admin API asks for as `Authorization: Bearer`; content of `adminTokenFile`. Without it the API is open on
   * a loopback address and closed on any other.
   */
  readonly adminToken?: string | undefined
  /**
   * Whether the admin listener has a page for people, and what it shows. `true` and `false` in a file stand for
   * `shown`.
   *
   * @default shown where the admin listener is on a loopback address
   */
  readonly adminPage?: AdminPageConfig | undefined
  /** TLS for the traffic listener. @default none: plain HTTP */
  readonly tls?: TlsConfig | undefined
  /**
   * How many processes carry traffic, 1 to 256; `auto` in a file is one for each CPU. With 1 the process that serves
   * the admin listener carries it, too. Only `onegate serve` starts more.
   *
   * @default 1
   */
  readonly workers: number
  /**
   * Whether requests of HTTP/1.1 without TLS that come whole and in plain form take a shorter way than through the
   * server of Node, with the same answers.
   *
   * @default true
   */
  readonly fastLane?: boolean | undefined
  /** Who is asked whether tokens are good, and how. */
  readonly verifier: VerifierConfig
  /** Where and how front proxies may ask whether a request may pass. @default none may */
  readonly forwardAuth?: ForwardAuthConfig | undefined
  /** How decisions are signed, for routes that say for whom. @default they are not */
  readonly assertion?: AssertionConfig | undefined
  /** Addresses and CIDR ranges whose `X-Forwarded-*` are believed, and who may ask by forward auth. @default none */
  readonly trustedProxies: readonly string[]
  /** Which of their fields say who the client is. @default 'x-forwarded' */
  readonly forwarded?: ForwardedForm | undefined
  /** In order: the first route whose hosts, path and methods match decides. */
  readonly routes: readonly RouteConfig[]
  readonly verdicts: VerdictsConfig
  /** Protection space named in challenges (RFC 9110 §11.5). @default 'onedata' */
  readonly realm: string
  /**
   * How much may come before the body of a request or an answer, and what one client address may have at once, or send;
   * of IPv6 a /64 is one. Of the latter 0: any number.
   */
  readonly limits: RequestLimits & ResponseLimits & Partial<AddressLimits>
  readonly log: {
    /** The least important lines that are written. @default 'info' */
    readonly level: LogLevel
  }
  /** Which requests are written down, and where. @default none are */
  readonly accessLog?: AccessLogOptions | undefined
  readonly reload: {
    /**
     * Whether the configuration, the secrets that it names and the TLS files are read anew when their content changes.
     * SIGHUP does that in any case.
     *
     * @default true
     */
    readonly watchFiles: boolean
    /** How often they are looked at, in milliseconds, 100 to 3 600 000. @default 2_000 */
    readonly intervalMs: number
  }
  readonly shutdown: {
    /**
     * How long requests are still accepted when the gateway is stopped and says so on `/readyz`, in milliseconds, 0 to
     * 600 000: as long as it takes those who distribute them to notice.
     *
     * @default 0
     */
    readonly readinessDelayMs: number
    /**
     * How long requests that are under way may still take when the gateway is stopped, in milliseconds, 0 to 600 000.
     *
     * @default 25_000 (Kubernetes kills after 30 s)
     */
    readonly drainMs: number
  }
}

/** The page of the admin listener. */
export interface AdminPageConfig {
  /** @default whether the admin listener is on a loopback address */
  readonly shown?: boolean | undefined
  /** Whether it lists the latest refusals. @default true */
  readonly refusals: boolean
}

/** Limits for each client address; `trustedProxies` have none themselves. */
export interface AddressLimits extends Complete<ClientLimits> {
  /** How many connections it may have; with workers, at each. @default 2_000 */
  readonly connectionsPerAddress: number
}

/** How front proxies ask. */
export interface ForwardAuthConfig {
  /** A TCP address, or the file of a Unix socket, which everybody may ask who may write to it. */
  readonly listen: SocketAddress
  /**
   * What becomes of a question that does not say where the client is: refused, or answered as though no caveat on the
   * address held.
   *
   * @default 'required'
   */
  readonly clientAddress: 'required' | 'unknown-allowed'
  /** Where Envoy and its like ask by gRPC, over cleartext HTTP/2. @default nowhere */
  readonly grpcListen?: SocketAddress | undefined
  /** TLS for `listen`. @default none: plain HTTP */
  readonly tls?: Omit<TlsConfig, 'http2' | 'certificates'> | undefined
  /** Who may ask about tokens as RFC 7662 says, at `/introspect`. @default nobody */
  readonly introspection?: { readonly clients: readonly IntrospectionClient[] } | undefined
}

/** How decisions are signed. */
export interface AssertionConfig {
  /** What assertions say as `iss`: a URL. */
  readonly issuer: string
  /** Content of `keyFiles`. The first one signs, all are published. @default one that the process makes for itself */
  readonly keys: readonly SigningKey[]
  /** Whether the keys were named, and thus outlive the process. */
  readonly keysLast: boolean
  /** How long an assertion is good, in milliseconds, 1 000 to 10 000. @default 10_000 */
  readonly lifeMs: number
  /** Where the traffic listener shows the public keys. @default nowhere */
  readonly jwksPath?: string | undefined
}

/** How clients speak to the traffic listener. Names of files are absolute, and their content was found usable. */
export interface TlsConfig extends TlsFiles {
  /** @default 'require' with `clientCaFile`, else 'none' */
  readonly clientAuth: ClientAuth
  /** Whether clients may speak HTTP/2, besides HTTP/1.1; WebSockets stay with that. @default false */
  readonly http2: boolean
}

/** Who is asked, and how. */
export type VerifierConfig = OnezoneConfig | TokenLookupConfig

/** How any verifier is reached; both timeouts are 1 to 60 000 ms. */
export interface VerifierConnection extends Complete<
  Pick<HttpClientOptions, 'url' | 'connectTimeoutMs' | 'totalTimeoutMs' | 'allowInsecureHttp'>
> {
  /** Certificates of the authorities to trust instead of the system's, PEM; content of `caFile`. */
  readonly ca?: string | undefined
  /** URL of the proxy that leads there, from `HTTPS_PROXY`; it may have credentials. @default none */
  readonly proxy?: string | undefined
}

/** How a token look-up API is asked: settings under `verifier`. */
export interface TokenLookupConfig extends VerifierConnection {
  readonly type: 'token-lookup'
  /** What the gateway calls the API with; content of `apiTokenFile`. */
  readonly apiToken: string
}

/** How Onezone is asked: settings under `onezone`. */
export interface OnezoneConfig extends VerifierConnection {
  readonly type: 'onezone'
  /** Base URL of Onezone's GUI, for links to its token form; null: no links. @default null, `url` in a file */
  readonly guiUrl?: string | null | undefined
  /** Identity providers whose tokens are exchanged, for routes that take them. @default none */
  readonly identityProviders?: readonly IdentityProvider[] | undefined
  /** Identity token of the service that this gateway stands for; content of `serviceTokenFile`. */
  readonly serviceToken?: string | undefined
  /**
   * Access token by which generations and statuses are read; content of `watchTokenFile`. Without it there is no watch.
   */
  readonly watchToken?: string | undefined
  /** How often a family in use is read by the watch, in milliseconds, 250 to 300 000. @default 2_000 */
  readonly watchIntervalMs: number
}

/** How long and how much is remembered. */
export interface VerdictsConfig extends Complete<Omit<VerdictOptions, 'budget'>> {
  readonly budget: Complete<VerificationBudgetOptions>
}

/** What one route demands and where its requests go: a `RoutePolicy` and a `ProxyRoute` in one. */
export interface RouteConfig
  extends
    Pick<ProxyRoute, 'path' | 'hosts' | 'methods' | 'stripPrefix' | 'maxBodyBytes'>,
    Pick<ProxyRoute, 'upstreamHeaders' | 'cors'>,
    Pick<
      RoutePolicy,
      'credentials' | 'subjects' | 'scopes' | 'data' | 'headers' | 'passHeaders' | 'assertion'
    >,
    Pick<RoutePolicy, 'identityProviderTokens'>,
    Complete<
      Pick<RoutePolicy, 'token' | 'optional' | 'interface' | 'inviteType' | 'forwardToken'>
    > {
  /**
   * Bounded name of the route in metrics and logs: a letter or digit, then letters, digits, `.`, `_`, `-`. @default
   * methods, hosts and path
   */
  readonly id: string
  /** None: the route is for forward auth alone. `tls` holds the content of `caFile`, `certFile` and `keyFile`. */
  readonly upstream?: UpstreamOptions | undefined
  readonly caveats: Complete<CaveatPolicy>
  /** Whether requests for a WebSocket are carried, or refused. @default true */
  readonly websocket: boolean
  /** See {@link ProxyRoute}. @default 0 */
  readonly bufferRequestBytes: number
  /** See {@link ProxyRoute}. @default false */
  readonly informational: boolean
  /** `connectMs` up to 600 000, the others up to 3 600 000. */
  readonly timeouts: Complete<UpstreamTimeouts>
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
