import type { InviteType, OnedataInterface, TokenKind } from '../token/index.ts'
import type { ListenAddress } from './listen-address.ts'

/**
 * Everything that a gateway needs to know, complete: every default is filled in and every secret is read from its
 * file. `loadConfig` makes one; its defaults are those of the settings in a configuration file.
 */
export interface GatewayConfig {
  /** Where requests are accepted. @default 127.0.0.1:8080 */
  readonly listen: ListenAddress
  /** Where `/metrics`, `/livez` and `/readyz` are served; not for clients. @default 127.0.0.1:9090 */
  readonly adminListen: ListenAddress
  readonly onezone: OnezoneConfig
  /** Addresses and CIDR ranges whose `X-Forwarded-*` are believed. @default none */
  readonly trustedProxies: readonly string[]
  /** In order: the first route whose path matches decides. */
  readonly routes: readonly RouteConfig[]
  readonly verdicts: VerdictsConfig
  /** Protection space named in challenges (RFC 9110 §11.5). @default 'onedata' */
  readonly realm: string
  readonly log: {
    /** The least important lines that are written. @default 'info' */
    readonly level: LogLevel
  }
  readonly shutdown: {
    /**
     * How long requests that are under way may still take when the gateway is stopped, in milliseconds, 0 to 600 000.
     *
     * @default 25_000 (Kubernetes kills after 30 s)
     */
    readonly drainMs: number
  }
}

/** How Onezone is asked. */
export interface OnezoneConfig {
  /** Scheme, host and port, without a path. */
  readonly url: string
  /** Certificates of the authorities to trust instead of the system's, PEM; content of `caFile`. */
  readonly ca?: string | undefined
  /** Identity token of the service that this gateway stands for; content of `serviceTokenFile`. */
  readonly serviceToken?: string | undefined
  /** How long one attempt to connect may take, in milliseconds, 1 to 60 000. @default 1_000 */
  readonly connectTimeoutMs: number
  /** How long a question to Onezone may take in all, in milliseconds, 1 to 60 000. @default 2_500 */
  readonly totalTimeoutMs: number
  /** Allow `http:` to hosts other than loopback: everybody on the way can read tokens and forge answers. @default false */
  readonly allowInsecureHttp: boolean
}

/** How long and how much is remembered. */
export interface VerdictsConfig {
  /** No request is granted on a fact older than this, in milliseconds, 100 to 300 000. @default 10_000 */
  readonly maxStalenessMs: number
  /** How long a refusal is remembered, in milliseconds, 0 (not at all) to 60 000. @default 2_000 */
  readonly negativeTtlMs: number
  /** Grants that are remembered at most, 1 to 10 000 000. @default 50_000 */
  readonly maxTokens: number
  /** Refusals that are remembered at most, 1 to 10 000 000. @default 10_000 */
  readonly maxRefusals: number
}

/** What one route demands and where its requests go. Fits `RoutePolicy` of the authenticator. */
export interface RouteConfig {
  /** Bounded name of the route in metrics and logs: a letter or digit, then letters, digits, `.`, `_`, `-`. @default the path */
  readonly id: string
  /** `/exact`, `/prefix/**` (the prefix itself and everything below it) or `/**`. */
  readonly path: string
  /** The kind of token; `none`: a public route. @default 'access' */
  readonly token: TokenKind | 'none'
  /** Let requests without credentials pass, without identity. @default false */
  readonly optional: boolean
  /** The Onedata interface that the route stands for; null: none of them. @default 'rest' */
  readonly interface: OnedataInterface | null
  /** The kind of invitation, where `token` is `invite`; null: any. @default null */
  readonly inviteType: InviteType | null
  /** Whom the route admits; absent lists admit everybody. */
  readonly subjects?:
    | {
        readonly types?: readonly ('user' | 'oneprovider')[] | undefined
        readonly ids?: readonly string[] | undefined
      }
    | undefined
  /** What happens to tokens with caveats that verification alone does not enforce. */
  readonly caveats: {
    /** @default 'verify' with a service token, else 'refuse' */
    readonly service: 'refuse' | 'verify' | 'as-onezone'
    /** @default 'refuse' */
    readonly api: 'refuse' | 'delegate'
    /** @default 'refuse' */
    readonly data: 'refuse' | 'delegate'
  }
  /** Names of the header fields that tell the upstream who it is. @default X-Onedata-… */
  readonly headers?: RouteHeaders | undefined
  /** Let the fields that carry the token through to the upstream. @default false */
  readonly forwardToken: boolean
  /** Scheme, host, port and optional base path of the service behind this route. */
  readonly upstream: string
  readonly timeouts: {
    /** To connect to the upstream, in milliseconds, 1 to 600 000. @default 3_000 */
    readonly connectMs: number
    /** Until the head of its answer, in milliseconds, 1 to 3 600 000. @default 60_000 */
    readonly headMs: number
    /** Longest pause within a body, in milliseconds, 1 to 3 600 000. @default 60_000 */
    readonly idleBodyMs: number
  }
}

/** The identity facts whose header names a route may choose. */
export interface RouteHeaders {
  readonly subjectType?: string | undefined
  readonly subjectId?: string | undefined
  readonly tokenId?: string | undefined
  readonly tokenType?: string | undefined
  readonly tokenExpires?: string | undefined
  readonly caveats?: string | undefined
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
