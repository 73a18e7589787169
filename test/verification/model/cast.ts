import type { Caveat, Token } from '../../../src/token/index.ts'
import { confineToken, parseToken } from '../../../src/token/index.ts'
import { mint } from '../../helpers/tokens.ts'
import type { OracleUser, OracleWorld } from './onezone-oracle.ts'
import type { Simulation } from './simulation.ts'

/** Everybody’s tokens, good and bad; a command names one by its place, modulo how many there are. */
export interface Cast {
  readonly tokens: Token[]
  readonly consumers: Token[]
  named: number
}

/** Users of the model: one whose tokens are used most, and one who consumes. */
const USERS = ['alice', 'bob'] as const
export type User = (typeof USERS)[number]

export const FIRST_WORLD: OracleWorld = {
  users: Object.fromEntries(USERS.map((id) => [id, newUser(id)])),
  named: {},
}

function newUser(id: string): OracleUser {
  return { blocked: false, deleted: false, forbidden: false, ...nextGeneration(id, 1) }
}

/** What a user’s temporary tokens are signed with in that generation. */
export function nextGeneration(
  id: string,
  generation: number,
): { generation: number; secret: string } {
  return { generation, secret: `${id}-${generation}` }
}

/** Two members of a family, a named token and a child of it, two that only Onezone can judge, and a consumer’s. */
export function createCast(simulation: Simulation): Cast {
  const cast: Cast = { tokens: [], consumers: [], named: 0 }
  const add = (owner: User, named: boolean, caveats: readonly Caveat[] = [], id = 't'): Token => {
    const token = issueToken(cast, simulation, { owner, named, caveats, id })
    cast.tokens.push(token)
    return token
  }
  add('alice', false, [], 'one')
  add('alice', false, [], 'two')
  const parent = add('alice', true)
  const child = confineToken(parent.serialized, [{ type: 'interface', interface: 'rest' }])
  cast.tokens.push(parseToken(child))
  add('alice', false, [{ type: 'asn', whitelist: [1] }])
  add('alice', true, [{ type: 'consumer', whitelist: ['usr-bob'] }])
  const until = { type: 'time', validUntil: simulation.onezoneSeconds() + 12 } as const
  const inside = { type: 'ip', whitelist: ['10.0.0.0/24'] } as const
  for (const caveats of [[until], [inside]]) {
    const identity = { owner: 'bob', named: true, caveats, id: 'c', isIdentity: true } as const
    cast.consumers.push(issueToken(cast, simulation, identity))
  }
  return cast
}

/** A token to issue. */
export interface Issue {
  readonly owner: User
  readonly named: boolean
  readonly caveats: readonly Caveat[]
  readonly id: string
  readonly isIdentity?: boolean
}

/** Issues a token as Onezone would, and lets Onezone know it. */
export function issueToken(cast: Cast, simulation: Simulation, given: Issue): Token {
  const { owner, named, caveats, isIdentity = false } = given
  const subject = { type: 'user', id: owner } as const
  const type = isIdentity ? { identityToken: {} } : { accessToken: {} }
  const { generation, secret } = simulation.world().users[owner]!
  if (!named) {
    const { id } = given
    return parseToken(
      mint({ id, persistence: 'temporary', generation, subject, type, caveats, secret }),
    )
  }
  const id = `n${cast.named}`
  cast.named += 1
  const record = { owner, secret: id, revoked: false }
  simulation.change((world) => ({ ...world, named: { ...world.named, [id]: record } }))
  return parseToken(mint({ id, subject, type, caveats, secret: id }))
}
