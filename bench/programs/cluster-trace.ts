import type { Token } from '../../src/token/index.ts'
import { confineToken, mintToken, parseToken } from '../../src/token/index.ts'
import { seededRandom, zipf } from './random.ts'
import { DOMAIN, SECRET } from './scripted-onezone.ts'

/** The size of a cluster and of its traffic. */
export interface ClusterShape {
  readonly users: number
  readonly tokensPerUser: number
  readonly addresses: number
  readonly seconds: number
  readonly requestsPerSecond: number
  readonly seed: number
}

/** One request of the trace. */
export interface ClusterRequest {
  readonly atMs: number
  readonly token: Token
  readonly peerIp: string
}

export interface ClusterTrace {
  readonly requests: readonly ClusterRequest[]
  /** How many different tokens occur, how many of them with an `ip` caveat, and how many different addresses. */
  readonly tokens: number
  readonly ipTokens: number
  readonly addresses: number
}

/** Addresses are dealt out to racks in turn; a token with an `ip` caveat is good for three of the four. */
const RACKS = 4
const GOOD_RACKS = ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']

/** Every fifth token has an `ip` caveat, every fourth user's tokens are named. */
const IP_TOKEN_EVERY = 5
const NAMED_USER_EVERY = 4

/** No token ends during the trace: it is about who asks how often, and all policies judge time alike. */
const ENDS_AFTER_SECONDS = 86_400

/** Poisson arrivals; user, token of the user and address are drawn independently, by Zipf's law with exponent 1. */
export function createClusterTrace(shape: ClusterShape, startMs: number): ClusterTrace {
  const { users, tokensPerUser, addresses, seconds, requestsPerSecond, seed } = shape
  const random = seededRandom(seed)
  const tokens = Array.from({ length: users }, (_, user) =>
    attenuationsOf(user, tokensPerUser, Math.floor(startMs / 1000)),
  )
  const drawUser = zipf(users, 1, random)
  const drawToken = zipf(tokensPerUser, 1, random)
  const drawAddress = zipf(addresses, 1, random)

  const requests: ClusterRequest[] = []
  let atMs = 0
  for (;;) {
    atMs += (-Math.log(1 - random()) / requestsPerSecond) * 1000
    if (atMs >= seconds * 1000) break
    const token = tokens[drawUser()]![drawToken()]!
    requests.push({ atMs, token, peerIp: addressOf(drawAddress()) })
  }
  const used = new Set(requests.map((request) => request.token))
  return {
    requests,
    tokens: used.size,
    ipTokens: [...used].filter(({ caveats }) => caveats.some(({ type }) => type === 'ip')).length,
    addresses: new Set(requests.map((request) => request.peerIp)).size,
  }
}

/** What one user's jobs have: tokens confined offline from one that Onezone issued. */
function attenuationsOf(user: number, count: number, nowSeconds: number): Token[] {
  const named = user % NAMED_USER_EVERY === NAMED_USER_EVERY - 1
  const root = mintToken({
    onezoneDomain: DOMAIN,
    secret: SECRET,
    id: `token-of-user-${user}`,
    subject: { type: 'user', id: `user${user}` },
    ...(named ? {} : { generation: 1 }),
  })
  return Array.from({ length: count }, (_, job) => {
    const time = { type: 'time', validUntil: nowSeconds + ENDS_AFTER_SECONDS + job } as const
    const ip = { type: 'ip', whitelist: GOOD_RACKS } as const
    // Seeded by number, so that popular and rare tokens have one alike.
    const confinedToRacks = (user + job) % IP_TOKEN_EVERY === 0
    return parseToken(confineToken(root, confinedToRacks ? [time, ip] : [time]))
  })
}

function addressOf(index: number): string {
  return `10.0.${index % RACKS}.${Math.floor(index / RACKS)}`
}
