import type { Subject, TokenType } from '../token/index.ts'
import { ACCESS_TOKEN } from '../token/index.ts'
import type { ExactCaveat } from './exact-caveats.ts'
import { grantableBy } from './invitation-table.ts'
import type {
  WorldNamedToken,
  WorldPrivileges,
  WorldProvider,
  WorldSpace,
  WorldStorage,
  WorldUser,
} from './world.ts'

/**
 * The privileges that a user has somewhere. Ids are no words of ours: one may be called like a property of every
 * object.
 */
export function privilegesOf(userId: string, privileges: WorldPrivileges): readonly string[] {
  return Object.hasOwn(privileges, userId) ? (privileges[userId] ?? []) : []
}

/** A user as it is now. */
export interface UserRecord {
  readonly id: string
  readonly blocked: boolean
  readonly groups: readonly string[]
  readonly effectiveGroups: readonly string[]
  readonly sessions: readonly string[]
  readonly ozPrivileges: readonly string[]
  readonly password: string | null
  readonly basicAuthEnabled: boolean
}

export function userRecord(id: string, user: WorldUser): UserRecord {
  const { blocked = false, groups = [], effectiveGroups = groups, sessions = [] } = user
  const { ozPrivileges = [], password = null, basicAuthEnabled = password !== null } = user
  return {
    id,
    blocked,
    groups,
    effectiveGroups,
    sessions,
    ozPrivileges,
    password,
    basicAuthEnabled,
  }
}

/** The name with which a user signs in; undefined for one who cannot. */
export function usernameOf(id: string, { username, password }: WorldUser): string | undefined {
  return username ?? (password === undefined ? undefined : id)
}

/** A Oneprovider as it is now, with its cluster. */
export interface ProviderRecord {
  readonly effectiveUsers: readonly string[]
  readonly clusterUsers: readonly string[]
  readonly privileges: WorldPrivileges
  readonly name: string
  readonly domain: string
  readonly version: string
  readonly online: boolean
}

export function providerRecord(
  id: string,
  provider: WorldProvider,
  onezoneDomain: string,
): ProviderRecord {
  return {
    effectiveUsers: [],
    clusterUsers: [],
    privileges: {},
    name: id,
    domain: `${id}.${onezoneDomain}`,
    version: '21.02.7',
    online: true,
    ...provider,
  }
}

/** A space as it is now. */
export interface SpaceRecord {
  readonly id: string
  readonly name: string
  readonly effectiveUsers: readonly string[]
  readonly storages: readonly WorldStorage[]
}

export function spaceRecord(id: string, space: WorldSpace): SpaceRecord {
  const { name = id, effectiveUsers = [], storages = {} } = space
  return { id, name, effectiveUsers, storages: Object.values(storages) }
}

/** A stored named token. */
export interface NamedTokenRecord {
  readonly id: string
  readonly version: 1 | 2
  readonly subject: Subject
  readonly type: TokenType
  readonly caveats: readonly ExactCaveat[]
  readonly secret: string
  readonly name: string
  readonly revoked: boolean
  readonly customMetadata: Readonly<Record<string, unknown>>
  /** Seconds since 1970. */
  readonly creationTime: number
  readonly usageLimit: number | 'infinity'
  readonly usageCount: number
  /** What an invite token grants; null for all other tokens, and for invitations that grant nothing. */
  readonly privileges: readonly string[] | null
}

export function namedTokenRecord(token: WorldNamedToken): NamedTokenRecord {
  const type = token.type ?? ACCESS_TOKEN
  const grantable = grantableBy(type)
  return {
    version: 2,
    caveats: [],
    revoked: false,
    customMetadata: {},
    creationTime: 0,
    usageLimit: 'infinity',
    usageCount: 0,
    ...token,
    type,
    privileges: grantable === null ? null : (token.privileges ?? grantable.granted),
  }
}
