import type { PresentedToken } from '../../../src/token/index.ts'
import type { InvalidationSelector } from '../../../src/verification/index.ts'
import type { Question } from '../../../src/verifier/index.ts'
import { readsConsumer } from './onezone-law.ts'
import type { Network } from './onezone-server.ts'
import type { Random } from './random.ts'
import type { Run } from './run.ts'

/** For how long nothing is done. */
export const DURATIONS_MS = [
  0, 0, 1, 40, 300, 300, 900, 1_999, 2_000, 2_500, 3_100, 3_700, 6_600, 7_000, 9_300, 9_999, 10_000,
  10_000, 35_000,
]
const ADDRESSES = ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.1.6', '192.168.0.1', null]
const DOORS = ['rest', 'rest', 'rest', 'oneclient', null] as const

/** Draws what is sent, more often than not a request that nothing stands against. */
export function drawRequest(
  run: Run,
  token: PresentedToken = run.chance.pick(run.cast.tokens),
): Question {
  const { chance, cast } = run
  const wantsConsumer = cast.consumers.length > 0 && chance.chance(readsConsumer(token) ? 0.8 : 0.2)
  const isGood = chance.chance(0.7)
  return {
    token,
    kind: chance.chance(0.05) ? chance.pick(['access', 'identity', 'invite']) : token.kind,
    peerIp: isGood ? '10.0.0.1' : chance.pick(ADDRESSES),
    interface: isGood ? 'rest' : chance.pick(DOORS),
    consumerToken: wantsConsumer ? chance.pick(cast.consumers) : null,
    allowDataAccessCaveats: isGood || chance.chance(0.5),
    inviteType: chance.pick([null, 'userJoinSpace', 'groupJoinSpace']),
    clientAddress: '10.0.0.1',
    maxFactAgeMs: chance.chance(0.06) ? chance.pick([0, 500, 1_000, 3_000, 5_000]) : undefined,
  }
}

/** Draws how the way to Onezone is. */
export function drawNetwork(chance: Random): Network {
  const isWell = chance.chance(0.6)
  return {
    thereMs: chance.pick([0, 5, 10, 50, 400, 1_100]),
    backMs: chance.pick([0, 5, 10, 50, 400, 1_100]),
    jitterMs: chance.pick([0, 0, 5, 100]),
    trouble: isWell ? 'none' : chance.pick(['lost', 'reset', 'refused', 'status', 'page']),
    share: isWell ? 0 : chance.pick([0.2, 0.6, 1, 1]),
  }
}

/** Draws what an operator takes back. */
export function drawSelector(run: Run): InvalidationSelector {
  const { chance, cast } = run
  const token = chance.pick([...cast.tokens, ...cast.consumers])
  const { subject, generation, id } = token
  const isIssued = subject.type === 'user' || subject.type === 'oneprovider'
  const owner = { type: 'user', id: 'alice', ...(isIssued ? subject : {}) } as {
    type: 'user'
    id: string
  }
  switch (chance.whole(6)) {
    case 0:
      return { all: true }
    case 1:
      return { fingerprint: token.fingerprint }
    case 2:
    case 3:
      return { subject: owner }
    default:
      if (generation !== null && isIssued) return { family: { subject: owner, generation } }
      return { tokenId: id ?? Object.values(run.history.now.lookups)[0]?.id ?? 'none' }
  }
}
