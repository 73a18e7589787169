import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Subject } from '../token/index.ts'
import { ipMatches, parseSubject, serializeSubject } from '../token/index.ts'
import type { PrivilegedKind } from './privileges.ts'
import type { NamedTokenRecord, ProviderRecord, SpaceRecord, UserRecord } from './records.ts'
import { namedTokenRecord, providerRecord, spaceRecord, usernameOf, userRecord } from './records.ts'
import type {
  EntityKind,
  GeoRecord,
  World,
  WorldChange,
  WorldEntity,
  WorldIdentityProvider,
  WorldOnezone,
  WorldPrivileges,
  WorldProvider,
  WorldSpace,
  WorldUser,
} from './world.ts'

/** With what the temporary tokens of a subject are signed now. */
export interface TemporarySecret {
  readonly secret: string
  readonly generation: number
}

/** Everything that changes while a development Onezone runs: the world, the tokens, the clock. */
export interface OnezoneState {
  readonly onezoneDomain: string
  readonly maxTemporaryTokenTtlSeconds: number
  nowMs(): number
  nowSeconds(): number
  /** Stops the clock at this second; `null`: back to the real time. */
  setClock(seconds: number | null): void
  /** Calls a listener, until it is removed, after each change that may end a token or make it good again. */
  onTokenFate(listener: () => void): () => void

  user(id: string): UserRecord | undefined
  /** The user who has this name for basic authentication. */
  userNamed(username: string): UserRecord | undefined
  provider(id: string): ProviderRecord | undefined
  spacesOf(userId: string): readonly SpaceRecord[]
  onezone(): Required<WorldOnezone>
  /** In their order. */
  identityProviders(): readonly WorldIdentityProvider[]
  /** Effective privileges of users in an entity, by user id; null if there is no such entity. */
  privilegesIn(kind: PrivilegedKind, id: string): WorldPrivileges | null
  locate(ip: string): GeoRecord | null

  /**
   * Made at generation 1 on first sight, whether or not the subject exists (Onezone API, §16). What is made for one
   * that does not exist is no part of the world: nothing was ever signed with it.
   */
  temporarySecret(subject: Subject): TemporarySecret
  /**
   * The same for a subject that a token claims. Anybody can claim anything: of one that does not exist nothing is kept.
   */
  temporarySecretOfClaimed(subject: Subject): TemporarySecret
  /** A new secret; the generation is one higher, or 1 if there was none. */
  renewTemporarySecret(subject: Subject): void

  namedToken(id: string): NamedTokenRecord | undefined
  namedTokens(): readonly NamedTokenRecord[]
  namedTokensOf(subject: Subject): readonly NamedTokenRecord[]
  /** Adds a token, or replaces the one with its id. */
  keepNamedToken(record: NamedTokenRecord): void
  /** @returns whether there was one */
  dropNamedToken(id: string): boolean

  /** Forgets everything and starts anew with this world, which must have been validated. */
  setWorld(world: World): void
  /** Applies a validated change. */
  patchWorld(change: WorldChange): void
  /** Blocking ends all sessions of the user, for good. */
  setUserBlocked(id: string, blocked: boolean): void
  /** Everything as it is now, but for the clock: what `setWorld` takes. */
  world(): World
  /** How often anything was changed that {@link OnezoneState.world} tells. */
  changes(): number
}

export interface OnezoneStateOptions {
  readonly world: World
  readonly clock: Clock
  readonly maxTemporaryTokenTtlSeconds: number
  /** Takes the place of the world's `onezoneDomain`. */
  readonly onezoneDomain?: string | undefined
  /** Takes the place of the world's `geo` table. */
  readonly geo?: ((ip: string) => GeoRecord | null) | undefined
}

/** The entities of a world by kind and id, as they were given. */
interface Entities {
  readonly users: Map<string, WorldUser>
  readonly providers: Map<string, WorldProvider>
  readonly groups: Map<string, WorldEntity>
  readonly spaces: Map<string, WorldSpace>
  readonly harvesters: Map<string, WorldEntity>
  readonly atmInventories: Map<string, WorldEntity>
}

const KIND_OF = {
  group: 'groups',
  space: 'spaces',
  harvester: 'harvesters',
  atm_inventory: 'atmInventories',
} as const

export function createOnezoneState(options: OnezoneStateOptions): OnezoneState {
  const entities: Entities = {
    users: new Map(),
    providers: new Map(),
    groups: new Map(),
    spaces: new Map(),
    harvesters: new Map(),
    atmInventories: new Map(),
  }
  const kinds = Object.keys(entities) as EntityKind[]
  const temporarySecrets = new Map<string, TemporarySecret>()
  /** Of subjects that do not exist, and that somebody asked for. */
  const secretsOfNobody = new Map<string, TemporarySecret>()
  const namedTokens = new Map<string, NamedTokenRecord>()
  let world: World = {}
  let onezone: WorldOnezone = {}
  let identityProviders: readonly WorldIdentityProvider[] = []
  let stoppedAtSeconds: number | null = null
  let changes = 0
  const listeners = new Set<() => void>()

  function tellTokenFate(): void {
    for (const listener of listeners) listener()
  }

  function exists({ type, id }: Subject): boolean {
    if (id === null) return false
    if (type === 'user') return entities.users.has(id)
    return type === 'oneprovider' && entities.providers.has(id)
  }

  function forgetTokensOf(subject: Subject): void {
    temporarySecrets.delete(serializeSubject(subject))
    secretsOfNobody.delete(serializeSubject(subject))
    for (const token of state.namedTokensOf(subject)) namedTokens.delete(token.id)
  }

  function patchEntities(kind: EntityKind, change: NonNullable<WorldChange[EntityKind]>): void {
    const map: Map<string, object> = entities[kind]
    for (const [id, entity] of Object.entries(change)) {
      if (entity !== null) {
        map.set(id, { ...map.get(id), ...entity })
        continue
      }
      map.delete(id)
      if (kind === 'users') forgetTokensOf({ type: 'user', id })
      if (kind === 'providers') forgetTokensOf({ type: 'oneprovider', id })
    }
  }

  const state: OnezoneState = {
    get onezoneDomain() {
      return options.onezoneDomain ?? world.onezoneDomain ?? 'onezone.local'
    },
    maxTemporaryTokenTtlSeconds: options.maxTemporaryTokenTtlSeconds,
    nowMs: () => (stoppedAtSeconds === null ? options.clock.now() : stoppedAtSeconds * 1000),
    nowSeconds: () => Math.floor(state.nowMs() / 1000),
    setClock(seconds) {
      stoppedAtSeconds = seconds
      tellTokenFate()
    },
    onTokenFate(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    user(id) {
      const user = entities.users.get(id)
      return user === undefined ? undefined : userRecord(id, user)
    },
    userNamed(username) {
      const found = [...entities.users].find(([id, user]) => usernameOf(id, user) === username)
      return found === undefined ? undefined : userRecord(...found)
    },
    provider(id) {
      const provider = entities.providers.get(id)
      return provider === undefined ? undefined : providerRecord(id, provider, state.onezoneDomain)
    },
    spacesOf: (userId) =>
      [...entities.spaces]
        .map(([id, space]) => spaceRecord(id, space))
        .filter(({ effectiveUsers }) => effectiveUsers.includes(userId)),
    identityProviders: () => identityProviders,
    onezone: () => ({ clusterUsers: [], privileges: {}, basicAuthEnabled: true, ...onezone }),
    privilegesIn(kind, id) {
      if (kind === 'cluster') {
        return id === 'onezone'
          ? state.onezone().privileges
          : (state.provider(id)?.privileges ?? null)
      }
      const entity: WorldEntity | undefined = entities[KIND_OF[kind]].get(id)
      return entity === undefined ? null : (entity.privileges ?? {})
    },
    locate(ip) {
      if (options.geo !== undefined) return options.geo(ip)
      return world.geo?.find((row) => ipMatches(row.cidr, ip)) ?? null
    },

    temporarySecret(subject) {
      const key = serializeSubject(subject)
      const known = temporarySecrets.get(key)
      if (known !== undefined) return known
      const secret = secretsOfNobody.get(key) ?? firstSecret()
      if (exists(subject)) {
        secretsOfNobody.delete(key)
        temporarySecrets.set(key, secret)
        changes += 1
      } else {
        secretsOfNobody.set(key, secret)
      }
      return secret
    },
    temporarySecretOfClaimed(subject) {
      const isKnown = exists(subject) || temporarySecrets.has(serializeSubject(subject))
      return isKnown ? state.temporarySecret(subject) : firstSecret()
    },
    renewTemporarySecret(subject) {
      const key = serializeSubject(subject)
      const last = temporarySecrets.get(key) ?? secretsOfNobody.get(key)
      const generation = (last?.generation ?? 0) + 1
      secretsOfNobody.delete(key)
      temporarySecrets.set(key, { secret: randomSecret(), generation })
      changes += 1
      tellTokenFate()
    },

    namedToken: (id) => namedTokens.get(id),
    namedTokens: () => [...namedTokens.values()],
    namedTokensOf: (subject) =>
      [...namedTokens.values()].filter((token) => sameSubject(token.subject, subject)),
    keepNamedToken(record) {
      const former = namedTokens.get(record.id)
      namedTokens.set(record.id, record)
      changes += 1
      if (former !== undefined && former.revoked !== record.revoked) tellTokenFate()
    },
    dropNamedToken(id) {
      changes += 1
      const wasThere = namedTokens.delete(id)
      tellTokenFate()
      return wasThere
    },

    setWorld(next) {
      const { geo, onezoneDomain } = next
      world = { ...(onezoneDomain && { onezoneDomain }), ...(geo && { geo }) }
      onezone = {}
      identityProviders = []
      const tokens = [temporarySecrets, secretsOfNobody, namedTokens]
      for (const map of [...Object.values(entities), ...tokens]) map.clear()
      state.patchWorld(next)
      for (const { subject, secret, generation } of next.temporaryTokenSecrets ?? []) {
        temporarySecrets.set(serializeSubject(subject), { secret, generation })
      }
      for (const token of next.namedTokens ?? []) namedTokens.set(token.id, namedTokenRecord(token))
    },
    patchWorld(change) {
      changes += 1
      onezone = { ...onezone, ...change.onezone }
      identityProviders = change.identityProviders ?? identityProviders
      for (const kind of kinds) patchEntities(kind, change[kind] ?? {})
      tellTokenFate()
    },
    setUserBlocked(id, blocked) {
      state.patchWorld({ users: { [id]: blocked ? { blocked, sessions: [] } : { blocked } } })
    },
    world: () => ({
      ...world,
      onezone,
      ...(identityProviders.length > 0 && { identityProviders }),
      ...Object.fromEntries(kinds.map((kind) => [kind, Object.fromEntries(entities[kind])])),
      temporaryTokenSecrets: [...temporarySecrets].flatMap(([key, value]) => {
        const subject = parseSubject(key)
        const hasTokens = subject?.type === 'user' || subject?.type === 'oneprovider'
        return hasTokens ? [{ subject, ...value }] : []
      }),
      namedTokens: [...namedTokens.values()].map(({ privileges, ...token }) => ({
        ...token,
        ...(privileges && { privileges }),
      })),
    }),
    changes: () => changes,
  }
  state.setWorld(options.world)
  return state
}

function firstSecret(): TemporarySecret {
  return { secret: randomSecret(), generation: 1 }
}

/** The same subject, whatever service of a provider speaks. */
export function sameSubject(one: Subject, other: Subject): boolean {
  return one.type === other.type && one.id === other.id
}

/** As Onezone makes them: the text of 32 bytes in hexadecimal, used as text (Onezone API, §1.2). */
export function randomSecret(): string {
  return randomBytes(32).toString('hex')
}
