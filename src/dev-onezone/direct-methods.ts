import type { OptionShape } from '../option-shape.ts'
import { checkOptions, JUDGED_ELSEWHERE, NUMBER } from '../option-shape.ts'
import type { CaveatInput, Subject, TokenType } from '../token/index.ts'
import { Refusal, refusals, valueOrThrow } from './answers.ts'
import type { NamedToken } from './issuing.ts'
import { createNamedToken, createTemporaryToken, modifyNamedToken } from './issuing.ts'
import type { OnezoneState } from './state.ts'
import type { StateKeeper } from './state-keeper.ts'
import type { World, WorldChange, WorldProvider, WorldUser } from './world.ts'
import { validateWorld, validateWorldChange } from './world-validation.ts'

/** A temporary token to create. */
export interface NewTemporaryToken {
  /** An existing user or provider. */
  readonly subject: Subject
  /** @default an access token without session */
  readonly type?: TokenType
  /** In their order. @default [] */
  readonly caveats?: readonly CaveatInput[]
  /**
   * For how long it is good, in seconds; written behind `caveats` unless there is a time caveat among them.
   *
   * @default 3600
   */
  readonly validForSeconds?: number
}

/** A named token to create. */
export interface NewNamedToken {
  /** An existing user or provider. */
  readonly subject: Subject
  /** Unique among the subject's tokens; 2 to 128 characters (Onezone API, §7.6). */
  readonly name: string
  /** @default an access token without session */
  readonly type?: TokenType
  /** In their order. @default [] */
  readonly caveats?: readonly CaveatInput[]
  /** @default false */
  readonly revoked?: boolean
}

const NEW_TEMPORARY_TOKEN: OptionShape<NewTemporaryToken> = {
  subject: JUDGED_ELSEWHERE,
  type: JUDGED_ELSEWHERE,
  caveats: JUDGED_ELSEWHERE,
  validForSeconds: NUMBER,
}

const NEW_NAMED_TOKEN: OptionShape<NewNamedToken> = {
  subject: JUDGED_ELSEWHERE,
  name: JUDGED_ELSEWHERE,
  type: JUDGED_ELSEWHERE,
  caveats: JUDGED_ELSEWHERE,
  revoked: JUDGED_ELSEWHERE,
}

/**
 * What the owner of a development Onezone can do to it without HTTP. It does what the REST API does, on the same state,
 * and throws as `OnezoneApiError` what the REST API would refuse; but it needs no permission, and may issue invitations
 * to anything. Input of a wrong shape is a `ConfigError`.
 */
export interface DirectMethods {
  /** Adds a user, or changes the given keys of one. */
  createUser(id: string, user?: WorldUser): void
  /** Adds a provider, or changes the given keys of one. */
  createProvider(id: string, provider?: WorldProvider): void
  createTemporaryToken(token: NewTemporaryToken): string
  createNamedToken(token: NewNamedToken): NamedToken
  /** Starts a new generation: all temporary tokens of the subject are dead for ever. */
  revokeTemporaryTokens(subject: Subject): void
  /** Revocation of named tokens can be undone. */
  setNamedTokenRevoked(tokenId: string, revoked: boolean): void
  deleteNamedToken(tokenId: string): void
  /** Blocking ends all sessions of the user, for good. */
  setUserBlocked(id: string, blocked: boolean): void

  /** Forgets everything and starts anew. The clock and the faults stay. */
  setWorld(world: World): void
  patchWorld(change: WorldChange): void
  /** Everything as it is now, tokens and their secrets included, but for the clock: what `setWorld` takes. */
  world(): World
}

export function createDirectMethods(state: OnezoneState, keeper: StateKeeper): DirectMethods {
  const kept =
    <A extends unknown[], R>(change: (...args: A) => R) =>
    (...args: A): R => {
      const result = change(...args)
      keeper.save()
      return result
    }

  return {
    createUser: kept((id: string, user: WorldUser = {}) => {
      state.patchWorld(validateWorldChange({ users: { [id]: user } }))
    }),
    createProvider: kept((id: string, provider: WorldProvider = {}) => {
      state.patchWorld(validateWorldChange({ providers: { [id]: provider } }))
    }),
    createTemporaryToken: kept((token: NewTemporaryToken) => {
      checkOptions('createTemporaryToken', token, NEW_TEMPORARY_TOKEN)
      const { subject, type, caveats = [], validForSeconds = 3600 } = token
      const limited = caveats.some((caveat) => caveat.type === 'time')
      const validUntil = state.nowSeconds() + validForSeconds
      const allCaveats = limited ? caveats : [...caveats, { type: 'time', validUntil }]
      const issue = { state, subject, checksInvitations: false }
      const created = createTemporaryToken(issue, { type, caveats: allCaveats })
      return valueOrThrow(naming(state, subject, created), 'Creating a temporary token')
    }),
    createNamedToken: kept((asked: NewNamedToken) => {
      checkOptions('createNamedToken', asked, NEW_NAMED_TOKEN)
      const { subject, ...token } = asked
      const created = createNamedToken({ state, subject, checksInvitations: false }, { ...token })
      return valueOrThrow(naming(state, subject, created), 'Creating a named token')
    }),
    revokeTemporaryTokens: kept((subject: Subject) => state.renewTemporarySecret(subject)),
    setNamedTokenRevoked: kept((tokenId: string, revoked: boolean) => {
      const record = valueOrThrow(state.namedToken(tokenId) ?? refusals.notFound(), 'Revoking')
      valueOrThrow(modifyNamedToken(state, record, { revoked }), 'Revoking a named token')
    }),
    deleteNamedToken: kept((tokenId: string) => {
      if (!state.dropNamedToken(tokenId)) {
        valueOrThrow(refusals.notFound(), 'Deleting a named token')
      }
    }),
    setUserBlocked: kept((id: string, blocked: boolean) => {
      const user = state.user(id) ?? naming(state, { type: 'user', id }, refusals.notFound())
      valueOrThrow(user, 'Blocking a user')
      state.setUserBlocked(id, blocked)
    }),
    setWorld: kept((world: World) => state.setWorld(validateWorld(world))),
    patchWorld: kept((change: WorldChange) => state.patchWorld(validateWorldChange(change))),
    world: () => state.world(),
  }
}

const MOST_NAMES = 10

/** A refusal because of a subject that does not exist says which one it is, and which ones there are. */
function naming<T>(state: OnezoneState, { type, id }: Subject, result: T | Refusal): T | Refusal {
  if (!(result instanceof Refusal) || (type !== 'user' && type !== 'oneprovider')) return result
  const isUser = type === 'user'
  const { users = {}, providers = {} } = state.world()
  const known = Object.keys(isUser ? users : providers)
  if (id === null || known.includes(id)) return result
  const names = known.slice(0, MOST_NAMES).map((name) => JSON.stringify(name))
  const there = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`
  const more = known.length > MOST_NAMES ? ` and ${known.length - MOST_NAMES} more` : ''
  const kind = isUser ? 'user' : 'provider'
  const description = `the world has no ${kind} ${JSON.stringify(id)}; ${there}${more}. Add it with ${isUser ? 'createUser' : 'createProvider'}.`
  return new Refusal(result.id, description, result.details)
}
