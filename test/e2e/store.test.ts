import { describe, expect, test } from 'vitest'

import { names, rows } from '../docs/pages.ts'
import { eventually } from '../helpers/eventually.ts'
import { ALICE } from '../helpers/onezone.ts'
import type { RedisServer } from '../helpers/redis-server.ts'
import { HAS_REDIS, startRedisServer } from '../helpers/redis-server.ts'
import type { Gateway } from '../../src/gateway/index.ts'
import type { ReplicaOptions } from '../helpers/replicas.ts'
import { openReplicas, storeUser } from '../helpers/replicas.ts'
import { openWebSocket, startEchoUpstream } from '../helpers/websocket.ts'

/** Two gateways around one real server, before one Onezone. */
async function startReplicas(options: Omit<ReplicaOptions, 'place'> = {}) {
  const redis = await startRedisServer(storeUser())
  return { ...(await openReplicas({ ...options, place: `url: '${redis.url}'` })), redis }
}

/** On which the gateways speak to each other. */
async function channelOf({ client }: RedisServer): Promise<string> {
  const [channel = ''] = (await client.pubsub('CHANNELS')) as string[]
  return channel
}

/** A store has a second at most, and there even that is over now and then; then nothing can be said of the rest. */
const ON_A_BUSY_MACHINE = { retry: 2 }

const keysOf = ({ client }: RedisServer, pattern: string): Promise<string[]> => client.keys(pattern)

describe.runIf(HAS_REDIS)('two gateways around one store', () => {
  test('what one has asked about costs the other nothing', ON_A_BUSY_MACHINE, async () => {
    const { a, b, redis, status, calls, issue, metrics } = await startReplicas()
    const tokens = Array.from({ length: 200 }, issue)
    const askAll = async (gateway: Gateway): Promise<void> => {
      for (let from = 0; from < tokens.length; from += 20) {
        const some = tokens.slice(from, from + 20).map((token) => status(gateway, token))
        expect(new Set(await Promise.all(some))).toEqual(new Set([200]))
      }
    }
    await askAll(a)
    await eventually(async () => (await keysOf(redis, 'og:1:*:p:*')).length === tokens.length)
    const asked = calls()
    expect(asked).toBe(tokens.length)
    await askAll(b)
    expect(calls()).toBe(asked)
    const text = await metrics(b)
    expect(text).toContain(
      'onegate_verdicts_total{route="/**",outcome="granted",source="shared"} 200',
    )
    const shown = [...text.matchAll(/^# TYPE (onegate_store_\w+)/gm)].map((match) => match[1])
    const listed = rows('docs/replicas.md', 'Metrics').map(([metric]) => names(metric ?? '')[0])
    expect(listed.sort()).toEqual(shown.sort())
  })

  test('a revocation that one has seen, the other knows, and ends what is open', async () => {
    const { url: upstream } = await startEchoUpstream()
    const { onezone, a, b, status, calls, issue } = await startReplicas({ upstream })
    const [token, other] = [issue(), issue()]
    const port = Number(new URL(b.url).port)
    const socket = await openWebSocket(port, `Host: localhost\r\nX-Auth-Token: ${token}\r\n`)
    onezone.revokeTemporaryTokens(ALICE)
    expect(socket.isOpen()).toBe(true)
    expect(await status(a, other)).toBe(401)
    const asked = calls()
    await eventually(async () => (await status(b, token)) === 401)
    await socket.closed(30_000)
    expect(calls()).toBe(asked)
  })

  test('after its subscription was killed one listens again, and hears of the next revocation', async () => {
    const { onezone, a, b, redis, status, calls, issue, sample } = await startReplicas()
    const [token, other] = [issue(), issue()]
    for (const gateway of [a, b]) expect(await status(gateway, token)).toBe(200)
    expect(await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(2)
    await eventually(async () =>
      Object.values(await redis.client.pubsub('NUMSUB', await channelOf(redis))).includes(2),
    )
    onezone.revokeTemporaryTokens(ALICE)
    expect(await status(a, other)).toBe(401)
    const asked = calls()
    await eventually(async () => (await status(b, token)) === 401)
    expect(calls()).toBe(asked)
    expect(await sample(b, 'onegate_staleness_violations_total')).toBe(0)
  })

  test('an invalidation reaches the other, and the answer says so', async () => {
    const { a, b, status, calls, invalidate, issue } = await startReplicas()
    const token = issue()
    await status(a, token)
    await status(b, token)
    const asked = calls()
    const counted = { families: 1, tokens: 1, dryRun: false }
    expect(await invalidate(a, { subject: ALICE })).toEqual({ ...counted, told: 1, peers: 1 })
    expect(await status(b, token)).toBe(200)
    expect(calls()).toBe(asked + 1)
  })

  test('one that stops answering is not asked for a while, and fails no request', async () => {
    const { a, b, redis, status, sample, together, issue } = await startReplicas()
    const token = issue()
    expect(await status(a, token)).toBe(200)
    redis.freeze()
    expect(await status(a, token)).toBe(200)
    expect(await status(a, issue())).toBe(200)
    await eventually(async () => (await sample(a, 'onegate_store_up')) === 0)
    expect((await fetch(`${a.adminUrl}/readyz`)).status).toBe(200)
    redis.thaw()
    await together()
    expect(await status(b, token)).toBe(200)
    expect(await sample(a, 'onegate_staleness_violations_total')).toBe(0)
  })

  test(
    'one that is frozen costs hits nothing, and a miss one wait of its deadline',
    ON_A_BUSY_MACHINE,
    async () => {
      const { a, redis, status, issue, metrics } = await startReplicas({ deadlineMs: 30 })
      const looks = async (...outcomes: readonly string[]): Promise<number> => {
        const text = await metrics(a)
        const all = text.matchAll(
          /^onegate_store_requests_total\{operation="look",outcome="(\w+)"\} (\d+)/gm,
        )
        const counted = [...all].filter(([, outcome = '']) => outcomes.includes(outcome))
        return counted.reduce((sum, [, , count]) => sum + Number(count), 0)
      }
      const answered = ['hit', 'miss', 'error']
      const notAnswered = ['late', 'skipped']
      const token = issue()
      expect(await status(a, token)).toBe(200)
      const before = [await looks(...answered), await looks(...notAnswered)] as const
      redis.freeze()
      for (let i = 0; i < 50; i++) expect(await status(a, token)).toBe(200)
      expect([await looks(...answered), await looks(...notAnswered)]).toEqual(before)
      expect(await status(a, issue())).toBe(200)
      expect([await looks(...answered), await looks(...notAnswered)]).toEqual([
        before[0],
        before[1] + 1,
      ])
    },
  )

  test('one that was killed, and comes back with nothing, is used again', async () => {
    const { a, b, redis, status, calls, together, issue } = await startReplicas()
    const token = issue()
    await redis.kill()
    expect([await status(a, token), await status(b, token)]).toEqual([200, 200])
    await redis.restart()
    await together()
    const after = issue()
    expect(await status(a, after)).toBe(200)
    await eventually(async () => (await keysOf(redis, 'og:1:*:p:*')).length > 0)
    const asked = calls()
    expect(await status(b, after)).toBe(200)
    expect(calls()).toBe(asked)
  })

  test('with the subscription cut for good, a revocation is known within the bound', async () => {
    const { onezone, a, b, redis, status, sample, issue } = await startReplicas({
      maxStalenessMs: 3_000,
    })
    const [token, other] = [issue(), issue()]
    expect([await status(a, other), await status(b, token)]).toEqual([200, 200])
    await redis.client.call('ACL', 'SETUSER', 'onegate', 'resetchannels')
    // Who listens where it may not is cut off by the store, and nobody can listen again.
    await eventually(async () => String(await redis.client.call('PUBSUB', 'CHANNELS')) === '')
    onezone.revokeTemporaryTokens(ALICE)
    await eventually(async () => (await status(a, other)) === 401)
    await eventually(async () => (await status(b, token)) === 401)
    expect(await sample(b, 'onegate_staleness_violations_total')).toBe(0)
  })

  test('nothing is in it but what ends, and tells nothing; and no more is done than its user may', async () => {
    const { onezone, a, b, redis, status, invalidate, issue } = await startReplicas()
    const token = issue()
    const { token: named, tokenId } = onezone.createNamedToken({ subject: ALICE, name: 'a name' })
    for (const each of [token, named]) {
      expect([await status(a, each), await status(b, each)]).toEqual([200, 200])
    }
    onezone.setNamedTokenRevoked(tokenId, true)
    await invalidate(a, { tokenId })
    expect(await status(a, named)).toBe(401)
    await invalidate(b, { subject: ALICE })
    await invalidate(b, { all: true })
    await eventually(async () => (await keysOf(redis, '*')).length >= 7)
    const texts: string[] = []
    for (const key of await keysOf(redis, '*')) {
      expect(key).toMatch(/^og:1:\{[\w-]{22}\}:/)
      expect(await redis.client.pttl(key), key).toBeGreaterThan(0)
      const value = String(await redis.client.get(key))
      texts.push(key, value, Buffer.from(value.split('.')[1] ?? '', 'base64url').toString())
    }
    for (const text of texts) {
      expect(text).not.toMatch(/alice|canary|127\.0\.0\.1/)
      for (const secret of [token, named, tokenId]) expect(text).not.toContain(secret)
    }
    expect(await redis.client.call('ACL', 'LOG')).toEqual([])
    // And no less: what its user may do is used.
    const mayDo = storeUser()
      .filter((rule) => rule.startsWith('+'))
      .map((rule) => rule.slice(1))
    await eventually(async () => {
      const stats = await redis.client.info('commandstats')
      return mayDo.every((command) => stats.includes(`cmdstat_${command}:`))
    })
  })
})
