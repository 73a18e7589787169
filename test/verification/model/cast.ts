import type { Caveat, KnownCaveat, Token, TokenType } from '../../../src/token/index.ts'
import { confineToken, opaqueToken, parseSubject, parseToken } from '../../../src/token/index.ts'
import type { PresentedToken } from '../../../src/token/index.ts'
import { mint, withOneCharacterChanged } from '../../helpers/tokens.ts'
import type { Random } from './random.ts'
import type { SimulatedTime } from './simulated-time.ts'
import type { History, SubjectName } from './world.ts'
import { onezoneNowMs } from './world.ts'

/** Everybody’s tokens, good and bad. */
export interface Cast {
  readonly tokens: PresentedToken[]
  readonly consumers: Token[]
  /** Issues one more token, as Onezone would, and lets Onezone know it. */
  issue(chance: Random): PresentedToken
  /** Issues one to somebody. */
  issueTo(
    owner: string,
    more?: {
      readonly named?: boolean
      readonly caveats?: readonly Caveat[]
      readonly type?: TokenType
    },
  ): Token
  /** Somebody adds a caveat to a token. */
  confine(token: PresentedToken, caveats: readonly KnownCaveat[]): PresentedToken
  /** Somebody makes a token up. */
  forge(chance: Random): PresentedToken | null
  /** So many forged tokens of one subject, each another. */
  forgeMany(owner: string, count: number): PresentedToken[]
  drawCaveats(chance: Random): Caveat[]
}

/** So many tokens are in use; who comes last takes the place of one. */
const MOST_TOKENS = 24

export interface CastOptions {
  readonly time: SimulatedTime
  readonly history: History
  readonly chance: Random
  readonly isLookup: boolean
}

const OWNERS: readonly SubjectName[] = [
  'usr-alice',
  'usr-alice',
  'usr-alice',
  'usr-bob',
  'usr-carol',
  'prv-p1',
]

interface Issue {
  readonly owner: string
  readonly named?: boolean
  readonly caveats?: readonly Caveat[]
  readonly type?: TokenType
  readonly version?: 1 | 2
}

/**
 * Two members of a family, a named token and a child of it, some that only Onezone can judge, and consumers’ tokens.
 */
export function createCast(options: CastOptions): Cast {
  const { time, history, chance: first, isLookup } = options
  let issued = 0

  const nowSeconds = (): number => Math.floor(onezoneNowMs(history.now, time.nowMs) / 1000)

  function issueOne({ owner, named = false, caveats = [], type, version = 2 }: Issue): Token {
    issued += 1
    const subject = parseSubject(owner) ?? undefined
    const shared = {
      ...(subject === undefined ? {} : { subject }),
      type: type ?? { accessToken: {} },
      caveats,
      version,
    }
    if (!named && version === 2) {
      const { generation, secret } = history.now.subjects[owner] ?? { generation: 1, secret: '' }
      const persistence = 'temporary' as const
      return parseToken(mint({ ...shared, id: `t${issued}`, persistence, generation, secret }))
    }
    const id = `n${issued}`
    const record = { owner, secret: `secret of ${id}`, revoked: false }
    history.change(time.nowMs, (world) => ({ ...world, named: { ...world.named, [id]: record } }))
    return parseToken(mint({ ...shared, id, secret: record.secret }))
  }

  function issueSecret(chance: Random): PresentedToken {
    issued += 1
    const secret = `dt0c01.SECRET${issued}`
    // Some are new secrets for a record that there was.
    const others = Object.values(history.now.lookups)
    const base = others.length > 0 && chance.chance(0.3) ? chance.pick(others) : null
    const expires = chance.chance(0.3) ? (nowSeconds() + chance.pick([3, 12, 40])) * 1000 : null
    const record = {
      isGone: false,
      id: base?.id ?? `dt0c01.ID${issued}`,
      userId: base?.userId ?? chance.pick(['alice', 'bob']),
      revoked: base?.revoked ?? false,
      expires,
      scopes: ['settings.read'],
    }
    history.change(time.nowMs, (world) => ({
      ...world,
      lookups: { ...world.lookups, [secret]: record },
    }))
    return opaqueToken(secret)
  }

  function drawCaveat(chance: Random): Caveat[] {
    switch (chance.whole(16)) {
      case 0:
        return [{ type: 'ip', whitelist: ['10.0.0.0/24'] }]
      case 1:
        return [{ type: 'ip', whitelist: ['10.0.1.7/31', '192.168.0.0/16'] }]
      case 2:
        return [{ type: 'interface', interface: 'rest' }]
      case 3:
        return [{ type: 'data.readonly' }]
      case 4:
        return [{ type: 'asn', whitelist: [1] }]
      case 5:
        return [{ type: 'geo.country', filter: 'blacklist', list: ['DE'] }]
      case 6:
        return [{ type: 'consumer', whitelist: ['usr-bob'] }]
      case 7:
        return [{ type: 'consumer', whitelist: ['grp-devs', 'prv-p1'] }]
      case 8:
        return [{ type: 'service', whitelist: [chance.pick(['ozw-onezone', 'ozw-*', 'opw-p1'])] }]
      default:
        return []
    }
  }

  function drawCaveats(chance: Random): Caveat[] {
    const caveats = drawCaveat(chance)
    if (chance.chance(0.04)) caveats.push({ type: 'unknown', text: 'moon = full' })
    if (chance.chance(0.4)) {
      const seconds = chance.pick([3, 12, 25, 60, 600, 86_400])
      caveats.push({ type: 'time', validUntil: nowSeconds() + seconds })
    }
    return caveats
  }

  function drawType(chance: Random): TokenType {
    const at = chance.whole(20)
    if (at < 2) return { identityToken: {} }
    if (at < 4) return { accessToken: { sessionId: chance.pick(['s1', 's1', 's2']) } }
    if (at === 4) {
      const inviteType = chance.pick(['userJoinSpace', 'groupJoinSpace'] as const)
      return { inviteToken: { inviteType, spaceId: 'space', parameters: {} } }
    }
    return { accessToken: {} }
  }

  function keep(token: PresentedToken, chance: Random): PresentedToken {
    if (cast.tokens.length < MOST_TOKENS) cast.tokens.push(token)
    else cast.tokens[4 + chance.whole(MOST_TOKENS - 4)] = token
    return token
  }

  const cast: Cast = {
    tokens: [],
    consumers: [],
    drawCaveats,
    issue(chance) {
      if (isLookup) return keep(issueSecret(chance), chance)
      const owner = chance.pick(OWNERS)
      const isOld = chance.chance(0.06)
      const caveats = drawCaveats(chance)
      const type = drawType(chance)
      const named = chance.chance(0.4)
      const token = issueOne(
        isOld ? { owner, version: 1, caveats } : { owner, named, caveats, type },
      )
      if (token.kind === 'identity' && cast.consumers.length < 8) cast.consumers.push(token)
      return keep(token, chance)
    },
    issueTo(owner, more = {}) {
      const token = issueOne({ owner, ...more })
      keep(token, first)
      return token
    },
    confine(token, caveats) {
      const child = parseToken(confineToken(token.serialized, caveats))
      return keep(child, first)
    },
    forgeMany(owner, count) {
      return Array.from({ length: count }, () => {
        issued += 1
        if (isLookup) return opaqueToken(`dt0c01.FLOOD${issued}`)
        const subject = parseSubject(owner) ?? undefined
        const made = {
          id: `x${issued}`,
          secret: 'guess',
          ...(subject === undefined ? {} : { subject }),
        }
        return parseToken(mint(made))
      })
    },
    forge(chance) {
      const model = chance.pick(cast.tokens)
      if (isLookup) return keep(opaqueToken(`dt0c01.FORGED${chance.whole(5)}`), chance)
      if (chance.chance(0.4)) {
        return keep(parseToken(withOneCharacterChanged(model.serialized)), chance)
      }
      const owner = chance.pick(OWNERS)
      const generation = Math.max(
        0,
        (history.now.subjects[owner]?.generation ?? 1) + chance.pick([-1, 0, 1, 5]),
      )
      const subject = parseSubject(owner) ?? undefined
      const more = subject === undefined ? {} : { subject }
      const made = { id: 'f', persistence: 'temporary', generation, secret: 'guess' } as const
      return keep(parseToken(mint({ ...made, ...more, caveats: drawCaveat(chance) })), chance)
    },
  }

  if (isLookup) {
    for (let at = 0; at < 6; at++) cast.issue(first)
    return cast
  }
  const alice = { owner: 'usr-alice' } as const
  cast.tokens.push(issueOne(alice), issueOne(alice))
  const parent = issueOne({ ...alice, named: true })
  cast.tokens.push(parent)
  cast.confine(parent, [{ type: 'interface', interface: 'rest' }])
  cast.tokens.push(
    issueOne({ ...alice, caveats: [{ type: 'asn', whitelist: [1] }] }),
    issueOne({
      ...alice,
      named: true,
      caveats: [{ type: 'consumer', whitelist: ['usr-bob', 'grp-devs'] }],
    }),
    issueOne({ ...alice, caveats: [{ type: 'time', validUntil: nowSeconds() + 3_600 }] }),
    issueOne({ ...alice, type: { accessToken: { sessionId: 's1' } } }),
    issueOne({ owner: 'usr-bob' }),
    issueOne({ owner: 'prv-p1' }),
  )
  const identity = { owner: 'usr-bob', type: { identityToken: {} } } as const
  cast.consumers.push(
    issueOne({ ...identity, caveats: [{ type: 'time', validUntil: nowSeconds() + 40 }] }),
    issueOne({ ...identity, named: true, caveats: [{ type: 'ip', whitelist: ['10.0.0.0/24'] }] }),
    issueOne(identity),
  )
  return cast
}
