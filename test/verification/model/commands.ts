import fc from 'fast-check'

import type { KnownCaveat, OnedataInterface, Token } from '../../../src/token/index.ts'
import { confineToken, parseToken } from '../../../src/token/index.ts'
import type { VerificationRequest } from '../../../src/verifier/index.ts'
import { mint, withOneCharacterChanged } from '../../helpers/tokens.ts'
import type { Cast, User } from './cast.ts'
import { issueToken, nextGeneration } from './cast.ts'
import type { OracleRecord, OracleUser, OracleWorld } from './onezone-oracle.ts'
import type { RunSettings } from './run-settings.ts'
import type { Network, Simulation } from './simulation.ts'

type Command = fc.AsyncCommand<Cast, Simulation>

interface Confinement {
  readonly caveat: KnownCaveat | null
  /** For how many seconds from now it is good, if it ends. */
  readonly seconds: number | null
}

function command(text: string, run: (cast: Cast, simulation: Simulation) => unknown): Command {
  return {
    check: () => true,
    run: async (cast, simulation) => void (await run(cast, simulation)),
    toString: () => text,
  }
}

function change(text: string, next: (world: OracleWorld, cast: Cast) => OracleWorld): Command {
  return command(text, (cast, simulation) => simulation.change((world) => next(world, cast)))
}

const user = fc.constantFrom<User[]>('alice', 'alice', 'alice', 'bob')
const place = fc.nat(8)
const caveat = fc.constantFrom<(KnownCaveat | null)[]>(
  null,
  null,
  null,
  { type: 'ip', whitelist: ['10.0.0.0/24'] },
  { type: 'ip', whitelist: ['10.0.1.7/31', '192.168.0.0/16'] },
  { type: 'interface', interface: 'rest' },
  { type: 'data.readonly' },
  { type: 'asn', whitelist: [1] },
  { type: 'consumer', whitelist: ['usr-bob'] },
)
const confinement: fc.Arbitrary<Confinement> = fc.record({
  caveat,
  seconds: fc.constantFrom(null, null, null, 3, 12, 25),
})
const context = fc.record({
  peerIp: fc.constantFrom('10.0.0.1', '10.0.0.1', '10.0.1.6', '192.168.0.1', null),
  interface: fc.constantFrom<(OnedataInterface | null)[]>('rest', 'rest', 'oneclient', null),
  allowDataAccessCaveats: fc.boolean(),
})
const DURATIONS_MS = [
  0, 1, 40, 300, 900, 1_999, 2_000, 2_500, 3_100, 3_700, 6_600, 7_000, 9_300, 9_999, 10_000, 35_000,
]
const duration = fc.constantFrom(...DURATIONS_MS)
const network: fc.Arbitrary<Network> = fc.record({
  thereMs: fc.constantFrom(0, 10, 400, 1_200, 2_400),
  backMs: fc.constantFrom(0, 10, 400, 1_200, 2_400),
  down: fc.constantFrom(false, false, true),
})

function caveatsOf({ caveat: one, seconds }: Confinement, simulation: Simulation): KnownCaveat[] {
  const ends: KnownCaveat[] =
    seconds === null ? [] : [{ type: 'time', validUntil: simulation.onezoneSeconds() + seconds }]
  return one === null ? ends : [one, ...ends]
}

const issue = fc
  .record({ user, confinement, named: fc.boolean(), identity: fc.nat(4) })
  .map((given) =>
    command(`issue ${JSON.stringify(given)}`, (cast, simulation) => {
      const caveats = caveatsOf(given.confinement, simulation)
      const isIdentity = given.identity === 0
      const issued = { owner: given.user, named: given.named, caveats, id: 't', isIdentity }
      const token = issueToken(cast, simulation, issued)
      cast.tokens.push(token)
      if (isIdentity) cast.consumers.push(token)
    }),
  )

const confine = fc.tuple(place, confinement).map(([index, given]) =>
  command(`confine ${index} ${JSON.stringify(given)}`, (cast, simulation) => {
    const token = cast.tokens.at(index % Math.max(1, cast.tokens.length))
    if (token === undefined) return
    const caveats = caveatsOf(given, simulation)
    cast.tokens.push(parseToken(confineToken(token.serialized, caveats)))
  }),
)

const forge = fc.tuple(user, place, fc.integer({ min: -1, max: 2 })).map(([owner, index, ahead]) =>
  command(`forge ${owner} ${index} ${ahead}`, (cast, simulation) => {
    const model = cast.tokens.at(index % Math.max(1, cast.tokens.length))
    if (model !== undefined && ahead === 2) {
      cast.tokens.push(parseToken(withOneCharacterChanged(model.serialized)))
      return
    }
    const generation = Math.max(0, simulation.world().users[owner]!.generation + ahead)
    const subject = { type: 'user', id: owner } as const
    const forged = mint({ id: 'f', persistence: 'temporary', generation, subject, secret: 'guess' })
    cast.tokens.push(parseToken(forged))
  }),
)

const request = fc.record({ index: place, context, consumer: place, kind: fc.nat(5) })
const use = fc.array(request, { minLength: 1, maxLength: 4 }).map((given) =>
  command(`use ${JSON.stringify(given)}`, async (cast, simulation) => {
    if (cast.tokens.length === 0) return
    const requests = given.map((each): VerificationRequest => {
      const token = cast.tokens[each.index % cast.tokens.length]!
      const consumers: (Token | null)[] = [...cast.consumers, null]
      const consumerToken = consumers[each.consumer % consumers.length] ?? null
      const kind = each.kind === 0 ? 'access' : token.kind
      return { token, kind, consumerToken, inviteType: null, ...each.context }
    })
    await simulation.use(requests)
  }),
)

/** The context that suits most tokens. */
const GOOD_CONTEXT = {
  peerIp: '10.0.0.1',
  interface: 'rest',
  allowDataAccessCaveats: true,
  inviteType: null,
} as const

/** Everybody at once. */
const useAll = fc.nat(2).map((consumer) =>
  command(`use all, consumer ${consumer}`, (cast, simulation) =>
    simulation.use(
      cast.tokens.slice(0, 12).map((token) => ({
        token,
        kind: token.kind,
        ...GOOD_CONTEXT,
        consumerToken: cast.consumers[consumer] ?? null,
      })),
    ),
  ),
)

const advance = duration.map((ms) =>
  command(`advance ${ms}`, (_, simulation) => simulation.advance(ms)),
)
const jump = fc
  .constantFrom(-3_600_000, -1_500, 1_500, 3_600_000)
  .map((ms) => command(`jump ${ms}`, (_, simulation) => simulation.clock.jump(ms)))
const networkIs = network.map((next) =>
  command(`network ${JSON.stringify(next)}`, (_, simulation) => simulation.setNetwork(next)),
)

const withUser = (world: OracleWorld, id: string, next: Partial<OracleUser>): OracleWorld => ({
  ...world,
  users: { ...world.users, [id]: { ...world.users[id]!, ...next } },
})
const revokeAll = user.map((id) =>
  change(`revoke all of ${id}`, (world) =>
    withUser(world, id, nextGeneration(id, world.users[id]!.generation + 1)),
  ),
)
const block = fc
  .tuple(user, fc.boolean())
  .map(([id, blocked]) =>
    change(`${blocked ? 'block' : 'unblock'} ${id}`, (world) => withUser(world, id, { blocked })),
  )
const forbid = fc
  .tuple(user, fc.boolean())
  .map(([id, forbidden]) =>
    change(`${forbidden ? 'forbid' : 'allow'} ${id}`, (world) =>
      withUser(world, id, { forbidden }),
    ),
  )
const withNamed = (world: OracleWorld, index: number, next: Partial<OracleRecord>): OracleWorld => {
  const id = Object.keys(world.named)[index]
  if (id === undefined) return world
  return { ...world, named: { ...world.named, [id]: { ...world.named[id]!, ...next } } }
}
const revokeNamed = fc
  .tuple(place, fc.boolean())
  .map(([index, revoked]) =>
    change(`${revoked ? 'revoke' : 'restore'} named ${index}`, (world) =>
      withNamed(world, index, { revoked }),
    ),
  )
const deleteNamed = place.map((index) =>
  change(`delete named ${index}`, (world) => {
    const id = Object.keys(world.named)[index]
    const named = Object.entries(world.named).filter(([key]) => key !== id)
    return { ...world, named: Object.fromEntries(named) }
  }),
)
/** For good: a subject that were made again would start again with generation 1. */
const deleteUser = user.map((id) =>
  change(`delete ${id}`, (world) => ({
    users: { ...world.users, [id]: { ...world.users[id]!, deleted: true, secret: 'lost' } },
    named: Object.fromEntries(Object.entries(world.named).filter(([, { owner }]) => owner !== id)),
  })),
)

/** An answer is on its way back while the world changes, and later ones overtake it. */
const overtake = fc
  .record({
    first: place,
    second: place,
    event: fc.option(fc.oneof(revokeAll, block, revokeNamed, deleteNamed, deleteUser, forbid)),
    betweenMs: fc.constantFrom(1, 300, 900),
  })
  .map(({ first, second, event, betweenMs }) =>
    command(
      `overtake ${first} ${second} ${String(event)} ${betweenMs}`,
      async (cast, simulation) => {
        const useOne = (index: number): Promise<void> => {
          const token = cast.tokens[index % cast.tokens.length]!
          return simulation.use([{ token, kind: token.kind, ...GOOD_CONTEXT, consumerToken: null }])
        }
        simulation.setNetwork({ thereMs: 0, backMs: 2_400, down: false })
        await useOne(first)
        await simulation.advance(betweenMs)
        await event?.run(cast, simulation)
        simulation.setNetwork({ thereMs: 0, backMs: 10, down: false })
        await useOne(second)
        await simulation.advance(2_400)
      },
    ),
  )

/** A death that is taken back as soon as it is known. */
const toggle = fc
  .tuple(fc.nat(1), fc.boolean(), fc.constantFrom(300, 2_100, 3_100))
  .map(([index, blocks, waitMs]) =>
    command(`toggle ${blocks ? 'alice' : index}, wait ${waitMs}`, async (cast, simulation) => {
      const kill = (dead: boolean): void =>
        simulation.change((world) =>
          blocks
            ? withUser(world, 'alice', { blocked: dead })
            : withNamed(world, index, { revoked: dead }),
        )
      const all = cast.tokens.slice(0, 8).map((token) => ({ token, kind: token.kind }))
      const requests = all.map((each) => ({ ...each, ...GOOD_CONTEXT, consumerToken: null }))
      kill(true)
      await simulation.use(requests)
      await simulation.advance(10)
      kill(false)
      await simulation.advance(waitMs)
      await simulation.use(requests)
    }),
  )

/** Anything that can happen, in any order. */
export const commands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    issue,
    confine,
    forge,
    use,
    use,
    use,
    useAll,
    useAll,
    useAll,
    advance,
    advance,
    advance,
    advance,
    overtake,
    toggle,
    jump,
    networkIs,
    networkIs,
    revokeAll,
    block,
    revokeNamed,
    revokeNamed,
    deleteNamed,
    deleteUser,
    forbid,
  ],
  { size: 'max', maxCommands: 50 },
)

export const runSettings: fc.Arbitrary<RunSettings> = fc.record({
  staleIfErrorMs: fc.constantFrom(0, 0, 20_000),
  negativeTtlMs: fc.constantFrom(2_000, 2_000, 0),
  aheadMs: fc.constantFrom(0, 0, 2_000, -3_000),
  random: fc.constantFrom(0, 0.5, 0.999),
  tiny: fc.constantFrom(false, false, false, true),
})
