import type { Caveat, PresentedToken } from '../../../src/token/index.ts'
import { serializeSubject } from '../../../src/token/index.ts'
import type { Run } from './run.ts'
import type { Story } from './stories.ts'
import { ask, askAll, DOWN, endOf, goodRequest, lastDoor, pickConsumer, WELL } from './stories.ts'
import type { SubjectState, World } from './world.ts'
import { onezoneNowMs } from './world.ts'

const OWNERS = ['usr-alice', 'usr-bob', 'usr-carol'] as const

const nowSeconds = ({ history, time }: Run): number =>
  Math.floor(onezoneNowMs(history.now, time.nowMs) / 1000)

/** Of somebody who can be heard of: everything that was wrong with them is over. */
function issueGood(run: Run, count: number, caveats: readonly Caveat[] = []): PresentedToken[] {
  const owner = run.chance.pick(OWNERS)
  setSubject(run, owner, { blocked: false, forbidden: false })
  return Array.from({ length: count }, () => run.cast.issueTo(owner, { caveats }))
}

/** Only Onezone knows whether a session still is, so that all of its context is in what is remembered of it. */
function issueOfSession(run: Run, caveats: readonly Caveat[]): PresentedToken {
  setSubject(run, 'usr-alice', { blocked: false, forbidden: false })
  run.change((world) => ({ ...world, sessions: { ...world.sessions, s1: 'usr-alice' } }))
  return run.cast.issueTo('usr-alice', { caveats, type: { accessToken: { sessionId: 's1' } } })
}

function setSubject(run: Run, owner: string, next: Partial<SubjectState>): void {
  run.change((world: World) => {
    const before = world.subjects[owner]
    if (before === undefined) return world
    return { ...world, subjects: { ...world.subjects, [owner]: { ...before, ...next } } }
  })
}

const ownerOf = (token: PresentedToken): string => serializeSubject(token.subject)

/** What is known of some tokens, and what of it counts for others, or no more. */
export const KNOWLEDGE_STORIES = {
  /** A token is used where it holds, and then where it does not. */
  elsewhere: {
    weight: 1,
    async run(run) {
      const { chance, time, settings } = run
      if (settings.backend !== 'onezone') return
      const local = { type: 'ip', whitelist: ['10.0.0.0/24'] } as const
      const caveats: Caveat[][] = [
        [{ type: 'data.readonly' }],
        [local, { type: 'consumer', whitelist: ['usr-bob', 'usr-alice'] }],
        [local, { type: 'asn', whitelist: [1, 2] }],
        [{ type: 'interface', interface: 'rest' }],
      ]
      const [token] = chance.chance(0.7)
        ? issueGood(run, 1, chance.pick(caveats))
        : [issueOfSession(run, [local])]
      if (token === undefined) return
      run.setNetwork(WELL)
      const request = goodRequest(token, pickConsumer(run))
      for (const rest of [
        {},
        { peerIp: '192.168.0.1' },
        { interface: 'oneclient' as const },
        { allowDataAccessCaveats: false },
      ]) {
        askAll(run, { ...request, ...rest })
        await time.pass(20 + 4 * settings.channelMs)
      }
    },
  },
  /** A token ends while it is in use, or before it ever was, or while somebody waits for an answer about it. */
  ends: {
    weight: 1,
    async run(run) {
      const { chance, time, settings } = run
      if (settings.backend !== 'onezone') return
      const isLong = chance.chance(0.5)
      const restMs = isLong ? settings.maxStalenessMs + 1_500 : 3_000
      const validUntil = nowSeconds(run) + Math.ceil(restMs / 1000)
      const [token] = issueGood(run, 1, [{ type: 'time', validUntil }])
      if (token === undefined) return
      const request = goodRequest(token, null)
      run.setNetwork(WELL)
      askAll(run, request)
      await time.pass(restMs - 1_000)
      if (isLong) run.setNetwork({ ...DOWN, trouble: 'lost' })
      askAll(run, request)
      await time.pass(2_600)
      run.setNetwork(WELL)
      askAll(run, request)
      await time.pass(100)
    },
  },
  /** The service may no more act for somebody, whose other tokens go on telling that the family lives. */
  servesNoMore: {
    weight: 1,
    async run(run) {
      const { time, settings, cast } = run
      if (settings.backend !== 'onezone') return
      const [access] = issueGood(run, 1)
      if (access === undefined) return
      const identity = cast.issueTo(ownerOf(access), { type: { identityToken: {} } })
      run.setNetwork(WELL)
      askAll(run, goodRequest(access, null))
      askAll(run, goodRequest(identity, null))
      await time.pass(100)
      setSubject(run, ownerOf(access), { forbidden: true })
      for (let round = 0; round < 8; round++) {
        await time.pass(0.25 * settings.maxStalenessMs)
        askAll(run, goodRequest(identity, null))
        await time.pass(20 + 4 * settings.channelMs)
        askAll(run, goodRequest(access, null))
      }
    },
  },
  /** Many of a family wait at once, and what is answered to each of them says nothing of the others. */
  noneTells: {
    weight: 1,
    async run(run) {
      const { time, settings } = run
      if (settings.backend !== 'onezone') return
      const tokens = issueGood(run, 7)
      run.setNetwork(WELL)
      for (const token of tokens) askAll(run, goodRequest(token, null))
      await time.pass(settings.maxStalenessMs + 100)
      const [first] = tokens
      if (first !== undefined) setSubject(run, ownerOf(first), { forbidden: true })
      for (const token of tokens) askAll(run, goodRequest(token, null))
      await time.pass(1_000)
    },
  },
  /** A yes is on its way while another answer tells that the family has ended. */
  crossing: {
    weight: 1,
    async run(run) {
      const { chance, time, settings } = run
      if (settings.backend !== 'onezone') return
      const [first, second] = issueGood(run, 2)
      if (first === undefined || second === undefined) return
      run.setNetwork({ ...WELL, backMs: 1_100 })
      ask(run, lastDoor(run), goodRequest(first, null))
      await time.pass(50 + settings.channelMs)
      run.change(endOf(goodRequest(first, null), chance))
      run.setNetwork(WELL)
      ask(run, lastDoor(run), goodRequest(second, null))
      await time.pass(2_000)
      askAll(run, goodRequest(first, null))
      await time.pass(100)
    },
  },
  /** Somebody is blocked, and is not any more; a token that was never seen tells. */
  unblocked: {
    weight: 1,
    async run(run) {
      const { time, settings } = run
      if (settings.backend !== 'onezone') return
      const [known, newer] = issueGood(run, 2)
      if (known === undefined || newer === undefined) return
      run.setNetwork(WELL)
      askAll(run, goodRequest(known, null))
      await time.pass(100)
      setSubject(run, ownerOf(known), { blocked: true })
      ask(run, lastDoor(run), { ...goodRequest(known, null), maxFactAgeMs: 0 })
      await time.pass(50 + 4 * settings.channelMs)
      setSubject(run, ownerOf(known), { blocked: false })
      askAll(run, goodRequest(newer, null))
      await time.pass(50 + 4 * settings.channelMs)
      askAll(run, goodRequest(known, null))
      await time.pass(50)
    },
  },
  /** An answer to somebody who wants a young fact is a refusal, while an older grant is still good for others. */
  contextEnds: {
    weight: 1,
    async run(run) {
      const { time, settings } = run
      if (settings.backend !== 'onezone') return
      const [token] = issueGood(run, 1, [{ type: 'asn', whitelist: [1] }])
      if (token === undefined) return
      const place = (asn: number, country: string) => (world: World) => ({
        ...world,
        places: { ...world.places, '10.0.0.1': { asn, country } },
      })
      run.setNetwork(WELL)
      run.change(place(1, 'PL'))
      const request = goodRequest(token, null)
      askAll(run, request)
      await time.pass(50 + 4 * settings.channelMs)
      run.change(place(2, 'DE'))
      ask(run, lastDoor(run), { ...request, maxFactAgeMs: 0 })
      await time.pass(50 + 4 * settings.channelMs)
      askAll(run, request)
      await time.pass(50)
      run.change(place(1, 'PL'))
    },
  },
} satisfies Record<string, Story>
