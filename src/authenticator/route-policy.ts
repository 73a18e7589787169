import type { OptionShape } from '../option-shape.ts'
import {
  FLAG,
  group,
  listOf,
  oneOf,
  oneOrSeveral,
  orNull,
  TEXT,
  textLike,
} from '../option-shape.ts'
import type { InviteType, OnedataInterface, TokenKind } from '../token/index.ts'
import { INTERFACES, INVITE_TYPES } from '../token/index.ts'
import type { ConfinedForward } from './confinement.ts'
import type { DataMapping } from './data-mapping.ts'
import { DATA_MAPPING_OPTIONS } from './data-mapping.ts'
import type { CredentialKind } from './credentials.ts'
import { CREDENTIAL_KINDS } from './credentials.ts'
import type { IdentityHeaderNames } from './identity-header-names.ts'
import { IDENTITY_HEADER_OPTIONS } from './identity-header-names.ts'

/** Which subjects a route admits. Absent lists admit everybody. */
export interface SubjectPolicy {
  readonly types?: readonly ('user' | 'oneprovider')[] | undefined
  readonly ids?: readonly string[] | undefined
}

/** What a route does with tokens that carry caveats which verification alone does not enforce (traps T4, T14). */
export interface CaveatPolicy {
  /**
   * `refuse` such tokens; let Onezone `verify` them against the configured service token; or accept what Onezone
   * accepts `as-onezone`, as though this route were Onezone itself.
   *
   * @default 'verify' with a service token, else 'refuse'
   */
  readonly service?: 'refuse' | 'verify' | 'as-onezone' | undefined
  /** `delegate`: admit the token and tell the upstream the caveats, which it must enforce. @default 'refuse' */
  readonly api?: 'refuse' | 'delegate' | undefined
  /**
   * The same for `data.readonly`, `data.path` and `data.objectid`; or `enforce` them here, request by request, from
   * method and URL, as {@link RoutePolicy.data} maps it to Onedata's files.
   *
   * @default 'refuse'
   */
  readonly data?: 'refuse' | 'delegate' | 'enforce' | undefined
}

/** What a route demands of a request. */
export interface RoutePolicy {
  /** Bounded name of the route, for metrics and logs. */
  readonly id: string
  /** The kind of token, or `none` on a public route. */
  readonly token: TokenKind | 'none'
  /**
   * Let requests without credentials pass, without identity. Bad credentials are refused all the same. @default false
   */
  readonly optional?: boolean | undefined
  /**
   * Where a token is looked for. What is not looked at is the upstream's, a Bearer too.
   *
   * @default ['x-auth-token', 'bearer', 'macaroon']
   */
  readonly credentials?: readonly CredentialKind[] | undefined
  /**
   * The Onedata interface that the route stands for, judged by `interface` caveats; null: none of them; several: the
   * one that a token demands, or else the first.
   *
   * @default 'rest'
   */
  readonly interface?: OnedataInterface | readonly OnedataInterface[] | null | undefined
  /** The kind of invitation, where `token` is `invite`. @default null (any) */
  readonly inviteType?: InviteType | null | undefined
  /**
   * Take access tokens of identity providers too, by exchange for an identity token; only where `token` is `access`.
   *
   * @default false
   */
  readonly identityProviderTokens?: boolean | undefined
  readonly subjects?: SubjectPolicy | undefined
  /**
   * Scopes that a token must carry, all of them; only with a verifier that states scopes.
   *
   * @default none
   */
  readonly scopes?: readonly string[] | undefined
  readonly caveats?: CaveatPolicy | undefined
  /** Which files a request is about, with `caveats.data: enforce`. @default none */
  readonly data?: DataMapping | undefined
  /** Names of the header fields that carry the identity. */
  readonly headers?: IdentityHeaderNames | undefined
  /**
   * Let the fields that carry the token through to the upstream, or give it a weaker token in their place.
   *
   * @default false
   */
  readonly forwardToken?: boolean | ConfinedForward | undefined
  /**
   * Tell the upstream who it is in a signed JWT, too; only where the authenticator can sign. `audience` is what the
   * upstream demands as `aud`: each needs its own, so that none can use at another what it was sent.
   *
   * @default none
   */
  readonly assertion?: { readonly audience: string } | undefined
  /**
   * Header fields of other systems that reach the upstream although a client could forge them, e.g. `X-Original-URL`.
   *
   * @default none
   */
  readonly passHeaders?: readonly string[] | undefined
  /** Protection space named in challenges. @default 'onedata' */
  readonly realm?: string | undefined
}

/** The words that a policy is written in. */
export const ROUTE_CHOICES: {
  readonly token: readonly RoutePolicy['token'][]
  readonly interface: readonly OnedataInterface[]
  readonly subjectTypes: readonly NonNullable<SubjectPolicy['types']>[number][]
  readonly service: readonly NonNullable<CaveatPolicy['service']>[]
  readonly api: readonly NonNullable<CaveatPolicy['api']>[]
  readonly data: readonly NonNullable<CaveatPolicy['data']>[]
} = {
  token: ['access', 'identity', 'invite', 'none'],
  interface: INTERFACES,
  subjectTypes: ['user', 'oneprovider'],
  service: ['refuse', 'verify', 'as-onezone'],
  api: ['refuse', 'delegate'],
  data: ['refuse', 'delegate', 'enforce'],
}

/** What the policy of a route consists of. */
export const ROUTE_POLICY_OPTIONS: OptionShape<RoutePolicy> = {
  id: textLike(/./s, 'a non-empty string'),
  token: oneOf(ROUTE_CHOICES.token),
  optional: FLAG,
  credentials: listOf(`credentials: ${CREDENTIAL_KINDS.join(', ')}`, oneOf(CREDENTIAL_KINDS)),
  interface: orNull(oneOrSeveral(ROUTE_CHOICES.interface)),
  inviteType: orNull(oneOf(Object.keys(INVITE_TYPES))),
  identityProviderTokens: FLAG,
  subjects: group<SubjectPolicy>({
    types: listOf('subject types: user, oneprovider', oneOf(ROUTE_CHOICES.subjectTypes)),
    ids: listOf('ids', TEXT),
  }),
  scopes: listOf('scopes', TEXT),
  caveats: group<CaveatPolicy>({
    service: oneOf(ROUTE_CHOICES.service),
    api: oneOf(ROUTE_CHOICES.api),
    data: oneOf(ROUTE_CHOICES.data),
  }),
  data: group(DATA_MAPPING_OPTIONS),
  headers: group(IDENTITY_HEADER_OPTIONS),
  forwardToken: {
    wanted: 'true or false, or { confine: [...] }',
    accepts: (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null),
  },
  assertion: group<NonNullable<RoutePolicy['assertion']>>({
    audience: textLike(/^[\x21-\x7e]{1,256}$/, '1 to 256 printable ASCII characters without space'),
  }),
  passHeaders: listOf('names of header fields', TEXT),
  realm: textLike(/^[\x20-\x7e]*$/, 'printable ASCII'),
}

const POLICY_NAMES = Object.keys(ROUTE_POLICY_OPTIONS) as (keyof RoutePolicy)[]

/**
 * The policy in what may say more than that, as the options of a door do.
 *
 * @param realm Used where the policy says none.
 */
export function routePolicyOf(given: RoutePolicy, realm?: string): RoutePolicy {
  const policy: Partial<Record<keyof RoutePolicy, unknown>> = {}
  for (const name of POLICY_NAMES) {
    const value = given[name]
    if (value !== undefined) policy[name] = value
  }
  if (realm !== undefined) policy.realm ??= realm
  return policy as RoutePolicy
}
