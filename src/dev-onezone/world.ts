import type { KnownCaveat, Subject, TokenType } from '../token/index.ts'

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
}

/** A Oneprovider of the zone. Its cluster has the same id. */
export interface WorldProvider {
  /** Ids of the users that the provider supports. @default [] */
  readonly effectiveUsers?: readonly string[]
  /** Ids of the effective members of the provider's cluster. @default [] */
  readonly clusterUsers?: readonly string[]
}

/** The zone's own cluster. */
export interface WorldOnezone {
  /** Ids of the effective members of the Onezone cluster. @default [] */
  readonly clusterUsers?: readonly string[]
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
  readonly caveats?: readonly KnownCaveat[]
  /** @default false */
  readonly revoked?: boolean
  /** What the owner wrote beside it. @default {} */
  readonly customMetadata?: Readonly<Record<string, unknown>>
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

/** Everything that a development Onezone knows; the `world` of the test vectors. Every part may be left out. */
export interface World {
  /** Domain that is written into new tokens and `Location` headers. @default 'onezone.local' */
  readonly onezoneDomain?: string
  /** By id. */
  readonly users?: Readonly<Record<string, WorldUser>>
  /** By id. */
  readonly providers?: Readonly<Record<string, WorldProvider>>
  readonly onezone?: WorldOnezone
  readonly temporaryTokenSecrets?: readonly WorldTemporaryTokenSecret[]
  readonly namedTokens?: readonly WorldNamedToken[]
  readonly geo?: readonly WorldGeoRow[]
}

/**
 * A change of the world: the given keys of the given users and providers (and of `onezone`) replace the former values,
 * everything else stays. `null` instead of a user or provider deletes it with all its named tokens and the secret of its
 * temporary tokens. Sessions that are not listed any more have ended.
 */
export interface WorldChange {
  readonly users?: Readonly<Record<string, WorldUser | null>>
  readonly providers?: Readonly<Record<string, WorldProvider | null>>
  readonly onezone?: WorldOnezone
}

/** With what a development Onezone starts unless it is given a world: two users in one group, one provider. */
export const DEMO_WORLD: World = {
  onezoneDomain: 'onezone.local',
  users: {
    alice: { groups: ['developers'], sessions: ['alice-session'] },
    bob: { groups: ['developers'] },
  },
  providers: { krakow: { effectiveUsers: ['alice', 'bob'], clusterUsers: ['alice'] } },
  onezone: { clusterUsers: ['alice'] },
}
