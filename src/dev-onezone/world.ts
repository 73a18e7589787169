import type { Subject, TokenType } from '../token/index.ts'
import type { ExactCaveat } from './exact-caveats.ts'

/** A user of the zone. */
export interface WorldUser {
  /** @default false */
  readonly blocked?: boolean
  /** Ids of the groups to which the user belongs directly. @default [] */
  readonly groups?: readonly string[]
  /** Ids of all groups to which the user belongs, directly or not. @default the direct ones */
  readonly effectiveGroups?: readonly string[]
  /** Ids of the live sessions. @default [] */
  readonly sessions?: readonly string[]
  /** Effective administrative privileges, e.g. `oz_tokens_manage`. @default [] */
  readonly ozPrivileges?: readonly string[]
  /** Name for basic authentication. @default the id, for users that have a password */
  readonly username?: string
  /** Password for basic authentication, in plain text: give it a made-up one. @default none */
  readonly password?: string
  /** Whether the user may authenticate by name and password. @default whether there is a password */
  readonly basicAuthEnabled?: boolean
}

/** Effective privileges of users in something, by user id, e.g. `{"alice": ["space_view"]}`. */
export type WorldPrivileges = Readonly<Record<string, readonly string[]>>

/** A Oneprovider of the zone. Its cluster has the same id. */
export interface WorldProvider {
  /** Ids of the users that the provider supports. @default [] */
  readonly effectiveUsers?: readonly string[]
  /** Ids of the effective members of the provider's cluster, whatever their privileges. @default [] */
  readonly clusterUsers?: readonly string[]
  /** Privileges in the provider's cluster, e.g. `cluster_update`. @default {} */
  readonly privileges?: WorldPrivileges
  /** @default the id */
  readonly name?: string
  /** @default the id, below the zone's domain */
  readonly domain?: string
  /** Release of the provider's software. @default '21.02.7' */
  readonly version?: string
  /** @default true */
  readonly online?: boolean
}

/** The zone's own cluster and settings. */
export interface WorldOnezone {
  /** Ids of the effective members of the Onezone cluster, whatever their privileges. @default [] */
  readonly clusterUsers?: readonly string[]
  /** Privileges in the Onezone cluster. @default {} */
  readonly privileges?: WorldPrivileges
  /** Whether there is basic authentication at all. @default true */
  readonly basicAuthEnabled?: boolean
}

/** A group, a harvester or an automation inventory: what tokens can invite to. */
export interface WorldEntity {
  /** @default {} */
  readonly privileges?: WorldPrivileges
}

/** A space. */
export interface WorldSpace extends WorldEntity {
  /** @default the id */
  readonly name?: string
  /** Ids of the users that have the space. @default [] */
  readonly effectiveUsers?: readonly string[]
  /** Where the data lie, by storage id. @default {} */
  readonly storages?: Readonly<Record<string, WorldStorage>>
}

/** A storage that supports a space. */
export interface WorldStorage {
  /** Id of the provider that offers it. */
  readonly provider: string
  /** @default false */
  readonly readonly?: boolean
}

/** With what the temporary tokens of a subject are signed. The subject need not exist (any more). */
export interface WorldTemporaryTokenSecret {
  readonly subject: Subject
  readonly secret: string
  /** Integer, 1 or more. */
  readonly generation: number
}

/** A stored named token. The subject need not exist (any more). */
export interface WorldNamedToken {
  readonly id: string
  readonly name: string
  readonly subject: Subject
  readonly secret: string
  /** Version of the token's identifier (Onezone API, §1.6). @default 2 */
  readonly version?: 1 | 2
  /** @default an access token without session */
  readonly type?: TokenType
  /** As at creation. @default [] */
  readonly caveats?: readonly ExactCaveat[]
  /** @default false */
  readonly revoked?: boolean
  /** What the owner wrote beside it. @default {} */
  readonly customMetadata?: Readonly<Record<string, unknown>>
  /** Seconds since 1970. @default 0 */
  readonly creationTime?: number
  /** How often an invite token may be consumed, 1 or more. @default 'infinity' */
  readonly usageLimit?: number | 'infinity'
  /** How often an invite token was consumed. @default 0 */
  readonly usageCount?: number
  /** What an invite token grants to who consumes it. @default what its type grants */
  readonly privileges?: readonly string[]
}

/** What is known about an address; `null` where the look-up finds nothing. */
export interface GeoRecord {
  /** Autonomous system number. */
  readonly asn: number | null
  /** ISO 3166 code of two upper-case letters. */
  readonly country: string | null
  /** Continent, and `EU` beside it for the members of the European Union (Onezone API, §4.2). */
  readonly regions: readonly string[] | null
}

/** One row of the address table. Look-ups of addresses in no row fail. */
export interface WorldGeoRow extends GeoRecord {
  /** IPv4 network, e.g. `203.0.113.0/24`. */
  readonly cidr: string
}

/**
 * An identity provider whose access tokens are taken in place of tokens, after its prefix, as with
 * `authorityDelegation` in `auth.config` of a Onezone.
 */
export interface WorldIdentityProvider {
  readonly id: string
  /** What stands before its tokens. @default the id and a colon, e.g. `egi:` */
  readonly tokenPrefix?: string
  /** Whose each token is, by its text without the prefix. A user that does not exist is made. @default {} */
  readonly users?: Readonly<Record<string, string>>
  /**
   * What asking it for user information leads to: what `users` say; that it takes no token; or a fault, as while it is
   * down.
   *
   * @default 'ok'
   */
  readonly answers?: 'ok' | 'refusal' | 'fault'
}

/** Everything that a development Onezone knows; the `world` of the test vectors. Every part may be left out. */
export interface World {
  /** Domain that is written into new tokens and `Location` headers. @default 'onezone.local' */
  readonly onezoneDomain?: string
  /** By id. */
  readonly users?: Readonly<Record<string, WorldUser>>
  /** By id. */
  readonly providers?: Readonly<Record<string, WorldProvider>>
  readonly onezone?: WorldOnezone
  /** By id. */
  readonly groups?: Readonly<Record<string, WorldEntity>>
  /** By id. */
  readonly spaces?: Readonly<Record<string, WorldSpace>>
  /** By id. */
  readonly harvesters?: Readonly<Record<string, WorldEntity>>
  /** By id. */
  readonly atmInventories?: Readonly<Record<string, WorldEntity>>
  readonly temporaryTokenSecrets?: readonly WorldTemporaryTokenSecret[]
  readonly namedTokens?: readonly WorldNamedToken[]
  readonly geo?: readonly WorldGeoRow[]
  /** In the order in which their prefixes are compared. */
  readonly identityProviders?: readonly WorldIdentityProvider[]
}

/**
 * A change of the world: the given keys of the given users, providers, groups, … (and of `onezone`) replace the former
 * values, everything else stays. `null` instead of an entity deletes it; a user or provider goes with all its named
 * tokens and the secret of its temporary tokens. Sessions that are not listed any more have ended.
 */
export interface WorldChange {
  readonly users?: Readonly<Record<string, WorldUser | null>>
  readonly providers?: Readonly<Record<string, WorldProvider | null>>
  readonly onezone?: WorldOnezone
  readonly groups?: Readonly<Record<string, WorldEntity | null>>
  readonly spaces?: Readonly<Record<string, WorldSpace | null>>
  readonly harvesters?: Readonly<Record<string, WorldEntity | null>>
  readonly atmInventories?: Readonly<Record<string, WorldEntity | null>>
  /** All of them, in place of those before. */
  readonly identityProviders?: readonly WorldIdentityProvider[]
}

/** The keys of a world under which entities stand by id. */
export type EntityKind = keyof Omit<WorldChange, 'onezone' | 'identityProviders'>

/** With what a development Onezone starts unless it is given a world: two users, an administrator, one provider. */
export const DEMO_WORLD: World = {
  onezoneDomain: 'onezone.local',
  users: {
    alice: { groups: ['developers'], sessions: ['alice-session'] },
    bob: { groups: ['developers'] },
    admin: { ozPrivileges: ['oz_tokens_manage', 'oz_users_update'] },
  },
  providers: { krakow: { effectiveUsers: ['alice', 'bob'], clusterUsers: ['alice'] } },
  onezone: { clusterUsers: ['alice'] },
}
