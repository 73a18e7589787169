import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { KnownCaveat, Subject, TokenType } from '../token/index.ts'
import { ACCESS_TOKEN, ipMatches, serializeSubject } from '../token/index.ts'
import type { GeoRecord, World, WorldChange, WorldUser } from './world.ts'

/** A user as it is now. */
export interface UserRecord {
  readonly blocked: boolean
  readonly groups: readonly string[]
  readonly effectiveGroups: readonly string[]
  readonly sessions: readonly string[]
}

/** A Oneprovider as it is now. */
export interface ProviderRecord {
  readonly effectiveUsers: readonly string[]
  readonly clusterUsers: readonly string[]
}

/** A stored named token. */
export interface NamedTokenRecord {
  readonly id: string
  readonly version: 1 | 2
  readonly subject: Subject
  readonly type: TokenType
  readonly caveats: readonly KnownCaveat[]
  readonly secret: string
  name: string
  revoked: boolean
  customMetadata: Readonly<Record<string, unknown>>
}

/** With what the temporary tokens of a subject are signed now. */
export interface TemporarySecret {
  readonly secret: string
  readonly generation: number
}

/** Everything that changes while a development Onezone runs: the world, the tokens, the clock. */
export interface OnezoneState {
  readonly onezoneDomain: string
  readonly onezoneClusterUsers: readonly string[]
  readonly maxTemporaryTokenTtlSeconds: number
  nowMs(): number
  nowSeconds(): number
  /** Stops the clock at this second; `null`: back to the real time. */
  setClock(seconds: number | null): void

  user(id: string): UserRecord | undefined
  provider(id: string): ProviderRecord | undefined
  locate(ip: string): GeoRecord | null

  /** Made at generation 1 on first sight, whether or not the subject exists (Onezone API, §16). */
  temporarySecret(subject: Subject): TemporarySecret
  /** A new secret; the generation is one higher, or 1 if there was none. */
  renewTemporarySecret(subject: Subject): void

  namedToken(id: string): NamedTokenRecord | undefined
  namedTokensOf(subject: Subject): readonly NamedTokenRecord[]
  keepNamedToken(record: NamedTokenRecord): void
  /** @returns whether there was one */
  dropNamedToken(id: string): boolean

  /** Forgets everything and starts anew with this world, which must have been validated. */
  setWorld(world: World): void
  /** Applies a validated change. */
  patchWorld(change: WorldChange): void
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

export function createOnezoneState(options: OnezoneStateOptions): OnezoneState {
  const users = new Map<string, WorldUser>()
  const providers = new Map<string, ProviderRecord>()
  const temporarySecrets = new Map<string, TemporarySecret>()
  const namedTokens = new Map<string, NamedTokenRecord>()
  let world = options.world
  let onezoneClusterUsers: readonly string[] = []
  let stoppedAtSeconds: number | null = null

  function forgetTokensOf(subject: Subject): void {
    temporarySecrets.delete(serializeSubject(subject))
    for (const token of state.namedTokensOf(subject)) namedTokens.delete(token.id)
  }

  const state: OnezoneState = {
    get onezoneDomain() {
      return options.onezoneDomain ?? world.onezoneDomain ?? 'onezone.local'
    },
    get onezoneClusterUsers() {
      return onezoneClusterUsers
    },
    maxTemporaryTokenTtlSeconds: options.maxTemporaryTokenTtlSeconds,
    nowMs: () => (stoppedAtSeconds === null ? options.clock.now() : stoppedAtSeconds * 1000),
    nowSeconds: () => Math.floor(state.nowMs() / 1000),
    setClock(seconds) {
      stoppedAtSeconds = seconds
    },

    user(id) {
      const user = users.get(id)
      if (user === undefined) return undefined
      const { blocked = false, groups = [], effectiveGroups = groups, sessions = [] } = user
      return { blocked, groups, effectiveGroups, sessions }
    },
    provider: (id) => providers.get(id),
    locate(ip) {
      if (options.geo !== undefined) return options.geo(ip)
      return world.geo?.find((row) => ipMatches(row.cidr, ip)) ?? null
    },

    temporarySecret(subject) {
      const key = serializeSubject(subject)
      const known = temporarySecrets.get(key)
      if (known !== undefined) return known
      const made = { secret: randomSecret(), generation: 1 }
      temporarySecrets.set(key, made)
      return made
    },
    renewTemporarySecret(subject) {
      const key = serializeSubject(subject)
      const generation = (temporarySecrets.get(key)?.generation ?? 0) + 1
      temporarySecrets.set(key, { secret: randomSecret(), generation })
    },

    namedToken: (id) => namedTokens.get(id),
    namedTokensOf: (subject) =>
      [...namedTokens.values()].filter((token) => sameSubject(token.subject, subject)),
    keepNamedToken(record) {
      namedTokens.set(record.id, record)
    },
    dropNamedToken: (id) => namedTokens.delete(id),

    setWorld(next) {
      world = next
      for (const map of [users, providers, temporarySecrets, namedTokens]) map.clear()
      onezoneClusterUsers = []
      state.patchWorld({
        users: next.users ?? {},
        providers: next.providers ?? {},
        onezone: next.onezone ?? {},
      })
      for (const { subject, secret, generation } of next.temporaryTokenSecrets ?? []) {
        temporarySecrets.set(serializeSubject(subject), { secret, generation })
      }
      for (const token of next.namedTokens ?? []) {
        namedTokens.set(token.id, {
          version: 2,
          type: ACCESS_TOKEN,
          revoked: false,
          customMetadata: {},
          caveats: [],
          ...token,
        })
      }
    },
    patchWorld(change) {
      for (const [id, user] of Object.entries(change.users ?? {})) {
        if (user !== null) {
          users.set(id, { ...users.get(id), ...user })
        } else {
          users.delete(id)
          forgetTokensOf({ type: 'user', id })
        }
      }
      for (const [id, provider] of Object.entries(change.providers ?? {})) {
        if (provider !== null) {
          const before = providers.get(id) ?? { effectiveUsers: [], clusterUsers: [] }
          providers.set(id, { ...before, ...provider })
        } else {
          providers.delete(id)
          forgetTokensOf({ type: 'oneprovider', id })
        }
      }
      onezoneClusterUsers = change.onezone?.clusterUsers ?? onezoneClusterUsers
    },
  }
  state.setWorld(options.world)
  return state
}

/** The same subject, whatever service of a provider speaks. */
export function sameSubject(one: Subject, other: Subject): boolean {
  return one.type === other.type && one.id === other.id
}

/** As Onezone makes them: the text of 32 bytes in hexadecimal, used as text (Onezone API, §1.2). */
export function randomSecret(): string {
  return randomBytes(32).toString('hex')
}
