import type { Question } from '../../../src/verifier/index.ts'
import type { PresentedToken } from '../../../src/token/index.ts'
import { serializeSubject } from '../../../src/token/index.ts'
import type { InvalidationSelector } from '../../../src/verification/index.ts'
import type { Random } from './random.ts'
import { isRemote, readsConsumer } from './onezone-law.ts'
import type { Door } from './gateway.ts'
import type { Run } from './run.ts'
import { onezoneNowMs, secretOf } from './world.ts'
import type { World } from './world.ts'

/**
 * Short stories: a few things in an order that chance alone hardly finds. Each is told with all that is left to chance
 * in it, amid everything else that happens.
 */
export interface Story {
  readonly weight: number
  readonly run: (run: Run) => Promise<void> | void
}

export const WELL = { thereMs: 5, backMs: 10, jitterMs: 0, trouble: 'none', share: 0 } as const
export const DOWN = { ...WELL, trouble: 'refused', share: 1 } as const

/** A request that holds wherever the token does. */
export function goodRequest(
  token: PresentedToken,
  consumerToken: Question['consumerToken'],
): Question {
  return {
    token,
    kind: token.kind,
    peerIp: '10.0.0.1',
    interface: 'rest',
    consumerToken: readsConsumer(token) ? consumerToken : null,
    allowDataAccessCaveats: true,
    inviteType: null,
    clientAddress: '10.0.0.1',
  }
}

export function ask(run: Run, door: Door, request: Question): void {
  try {
    const verified = run.verify(door, request)
    if (verified instanceof Promise) verified.catch(() => {})
  } catch {
    // The referee has seen it.
  }
}

/** Each door is asked the same, by two at once. */
export function askAll(run: Run, request: Question): void {
  for (const door of run.gateway.doors) {
    ask(run, door, request)
    ask(run, door, request)
  }
}

export function lastDoor({ gateway }: Run): Door {
  const door = gateway.doors.at(-1)
  if (door === undefined) throw new Error('There is no door')
  return door
}

export function pickConsumer({ cast, chance }: Run): Question['consumerToken'] {
  return cast.consumers.length === 0 ? null : chance.pick(cast.consumers)
}

function pick({ cast, chance }: Run, isMeant: (token: PresentedToken) => boolean): PresentedToken {
  const meant = cast.tokens.filter((token) => token.kind === 'access' && isMeant(token))
  return chance.pick(meant.length > 0 ? meant : cast.tokens)
}

/** What ends a token, or what it rests on; the other half of the time something that it does not notice. */
export function endOf({ token, consumerToken }: Question, chance: Random): (world: World) => World {
  const meant = consumerToken !== null && chance.chance(0.7) ? consumerToken : token
  const owner = serializeSubject(meant.subject)
  const { type, generation, id } = meant
  const subject = (next: object) => (world: World) => {
    const before = world.subjects[owner]
    if (before === undefined) return world
    return { ...world, subjects: { ...world.subjects, [owner]: { ...before, ...next } } }
  }
  if ('accessToken' in type && type.accessToken.sessionId !== undefined && chance.chance(0.8)) {
    return (world) => ({ ...world, sessions: {} })
  }
  if (chance.chance(0.3) && owner.startsWith('usr-')) return subject({ blocked: true })
  if (generation !== null) {
    return (world) => {
      const next = (world.subjects[owner]?.generation ?? 0) + 1
      return subject({ generation: next, secret: secretOf(owner, next, world.lives) })(world)
    }
  }
  return (world) => {
    const record = id === null ? undefined : world.named[id]
    if (record === undefined || id === null) return world
    return { ...world, named: { ...world.named, [id]: { ...record, revoked: true } } }
  }
}

/** A selector of exactly that. */
function selectorOf(token: PresentedToken, chance: Random): InvalidationSelector {
  const { subject, generation, id, fingerprint } = token
  const { type } = subject
  if (subject.id === null || (type !== 'user' && type !== 'oneprovider')) return { all: true }
  const owner = { type, id: subject.id }
  switch (chance.whole(3)) {
    case 0:
      return { fingerprint }
    case 1:
      return { subject: owner }
    default:
      if (generation !== null) return { family: { subject: owner, generation } }
      return id === null ? { fingerprint } : { tokenId: id }
  }
}

export const STORIES = {
  /** All know that a token is good; it ends; one is told; then Onezone is gone. */
  oneIsTold: {
    weight: 2,
    async run(run) {
      const { chance, time, settings } = run
      const token = pick(run, (each) => isRemote(each) || chance.chance(0.2))
      const request = goodRequest(token, pickConsumer(run))
      run.setNetwork(WELL)
      askAll(run, request)
      await time.pass(chance.pick([300, 0.5 * settings.maxStalenessMs]))
      run.change(endOf(request, chance))
      await time.pass(settings.maxStalenessMs)
      // As itself, or as the consumer that it is for others.
      const { consumerToken } = request
      const isOther = consumerToken !== null && chance.chance(0.5)
      const told = isOther ? goodRequest(consumerToken, null) : request
      ask(run, chance.pick(run.gateway.doors), told)
      await time.pass(50 + 4 * settings.channelMs)
      if (chance.chance(0.8)) run.setNetwork(DOWN)
      askAll(run, request)
      await time.pass(chance.pick([300, 3_000]))
      askAll(run, request)
      await time.pass(chance.pick([0, 3_000]))
      run.setNetwork(WELL)
    },
  },
  /** What a token rests on is known to have ended while it is remembered. */
  consumerEnds: {
    weight: 2,
    async run(run) {
      const { chance, time, settings } = run
      const consumerToken = pickConsumer(run)
      if (consumerToken === null) return
      const request = goodRequest(pick(run, readsConsumer), consumerToken)
      run.setNetwork(WELL)
      askAll(run, request)
      ask(run, chance.pick(run.gateway.doors), goodRequest(consumerToken, null))
      await time.pass(chance.pick([100, 2_100]))
      run.change(endOf({ ...request, token: consumerToken, consumerToken: null }, chance))
      // Another of the consumer’s tells.
      await time.pass(0.8 * settings.maxStalenessMs)
      askAll(run, request)
      await time.pass(50 + 4 * settings.channelMs)
      askAll(run, goodRequest(consumerToken, null))
      await time.pass(50 + 4 * settings.channelMs)
      askAll(run, request)
      await time.pass(chance.pick([0, 300]))
      askAll(run, request)
    },
  },
  takeBackAndUse: {
    weight: 2,
    async run(run) {
      const { chance, time, settings } = run
      const request = goodRequest(
        pick(run, (each) => readsConsumer(each) || chance.chance(0.3)),
        pickConsumer(run),
      )
      run.setNetwork({ ...WELL, thereMs: chance.pick([0, 400]) })
      askAll(run, request)
      await time.pass(chance.pick([20, 20, 600, 2_000]))
      const { token, consumerToken } = request
      if (chance.chance(0.5)) run.change(endOf(request, chance))
      run.takeBack(selectorOf(chance.chance(0.7) ? (consumerToken ?? token) : token, chance))
      await time.pass(1 + 2 * settings.channelMs)
      askAll(run, request)
      await time.pass(chance.pick([0, 20, 500]))
      askAll(run, request)
    },
  },
  /** A subject is deleted and made anew, and both lives’ tokens are used. */
  anotherLife: {
    weight: 2,
    async run(run) {
      const { chance, time, cast, settings } = run
      if (settings.backend !== 'onezone') return
      const former = pick(run, ({ generation }) => generation !== null)
      const owner = serializeSubject(former.subject)
      run.setNetwork(WELL)
      askAll(run, goodRequest(former, null))
      await time.pass(100)
      const change = (exists: boolean) => (world: World) => {
        const lives = world.lives + 1
        const before = world.subjects[owner]
        if (before === undefined) return world
        const anew = { ...before, exists, generation: 1, secret: secretOf(owner, 1, lives) }
        return { ...world, lives, subjects: { ...world.subjects, [owner]: anew } }
      }
      if (chance.chance(0.6)) {
        run.change(change(false))
        await time.pass(chance.pick([100, settings.maxStalenessMs]))
        askAll(run, goodRequest(former, null))
        await time.pass(100)
      }
      run.change(change(true))
      const newer = [0, 1].map(() => cast.issueTo(owner))
      // It is believed for a minute that a generation is over.
      const passMs = chance.pick([300, 3_000, 70_000])
      for (const forMs of [passMs, 500, settings.maxStalenessMs]) {
        await time.pass(forMs)
        for (const each of newer) askAll(run, goodRequest(each, null))
        await time.pass(100)
        askAll(run, goodRequest(former, null))
      }
    },
  },
  /** Only some of a family are used, for longer than a token may go unasked. */
  longUse: {
    weight: 1,
    async run(run) {
      const { chance, time, cast, settings } = run
      if (settings.backend !== 'onezone') return
      const former = pick(run, ({ generation, validUntil }) => {
        return generation !== null && validUntil === null
      })
      const owner = serializeSubject(former.subject)
      run.setNetwork(WELL)
      askAll(run, goodRequest(former, null))
      await time.pass(500)
      run.change((world) => {
        const lives = world.lives + 1
        const before = world.subjects[owner]
        if (before === undefined) return world
        const anew = { ...before, exists: true, blocked: false, forbidden: false }
        const signed = { generation: 1, secret: secretOf(owner, 1, lives) }
        return { ...world, lives, subjects: { ...world.subjects, [owner]: { ...anew, ...signed } } }
      })
      const newer = cast.issueTo(owner)
      const everyMs = 0.4 * settings.maxStalenessMs
      const rounds = chance.chance(0.3) ? 64 : 12
      for (let round = 0; round < rounds; round++) {
        askAll(run, goodRequest(newer, null))
        await time.pass(50)
        askAll(run, goodRequest(former, null))
        await time.pass(everyMs)
      }
    },
  },
  /** Somebody wants a younger fact than the one that is on its way. */
  youngDemand: {
    weight: 2,
    async run(run) {
      const { chance, time } = run
      const request = goodRequest(
        pick(run, () => true),
        pickConsumer(run),
      )
      run.setNetwork({ ...WELL, thereMs: 5, backMs: chance.pick([400, 1_100]) })
      if (chance.chance(0.5)) askAll(run, request)
      else ask(run, lastDoor(run), { ...request, maxFactAgeMs: 0 })
      await time.pass(50 + run.settings.channelMs)
      run.change(endOf(request, chance))
      await time.pass(10)
      for (const door of run.gateway.doors) ask(run, door, { ...request, maxFactAgeMs: 0 })
      await time.pass(2_000)
      run.setNetwork(WELL)
    },
  },
  /** Onezone’s clock is set while tokens that end are in use. */
  clockSetInUse: {
    weight: 1,
    async run(run) {
      const { chance, time, cast, settings } = run
      if (settings.backend !== 'onezone') return
      const named = chance.chance(0.5)
      const ends = Math.floor(onezoneNowMs(run.history.now, time.nowMs) / 1000) + 600
      const tokens = ['usr-alice', 'usr-bob', 'usr-carol'].map((owner) =>
        cast.issueTo(owner, { named, caveats: [{ type: 'time', validUntil: ends }] }),
      )
      const isLate = chance.chance(0.5)
      run.setNetwork(isLate ? { ...WELL, backMs: 1_100 } : WELL)
      for (const token of tokens) askAll(run, goodRequest(token, null))
      await time.pass(isLate ? 50 : 1_300)
      const byMs = chance.pick([3_600_000, 3_600_000, -3_600_000, 700_000])
      run.change((world) => ({
        ...world,
        clock: { ...world.clock, aheadMs: world.clock.aheadMs + byMs },
      }))
      run.setNetwork(WELL)
      const later = ['usr-alice', 'usr-bob', 'usr-carol'].map((owner) =>
        cast.issueTo(owner, { named }),
      )
      for (const token of chance.chance(0.5) ? later : tokens)
        ask(run, chance.pick(run.gateway.doors), goodRequest(token, null))
      await time.pass(2_500)
      for (const token of tokens) askAll(run, goodRequest(token, null))
      await time.pass(0.5 * settings.maxStalenessMs)
      for (const token of tokens) askAll(run, goodRequest(token, null))
    },
  },
  /** Somebody sends forged tokens, as many as they can, while others are here with good ones. */
  flood: {
    weight: 1,
    async run(run) {
      const { chance, time, cast, settings } = run
      const { budgetPerSecond } = settings
      if (budgetPerSecond === null) return
      run.setNetwork(WELL)
      const good = pick(run, () => true)
      askAll(run, goodRequest(good, null))
      await time.pass(100)
      const tokens = cast.forgeMany(serializeSubject(good.subject), 16 * budgetPerSecond)
      run.wire.flooded(tokens)
      const clientAddress = `203.0.113.${chance.whole(256)}`
      const everyMs = chance.pick([1, 20, 100])
      for (const token of tokens) {
        ask(run, chance.pick(run.gateway.doors), { ...goodRequest(token, null), clientAddress })
        await time.pass(everyMs)
      }
      askAll(run, goodRequest(good, null))
      await time.pass(100)
    },
  },
} satisfies Record<string, Story>
