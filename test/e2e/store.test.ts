import { describe, expect, test } from 'vitest'

import type { Gateway } from '../../src/gateway/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { HAS_REDIS, startRedisServer } from '../helpers/redis-server.ts'
import { startUpstream } from '../helpers/upstream.ts'

const SECRET = 'canary-secret-of-the-store-0123456789abcdef'

/** Gateways around one real server, before one Onezone. */
async function startReplicas(count: number, settings: readonly (readonly string[])[] = []) {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const redis = await startRedisServer(...settings)
  const yaml = `
onezone: { totalTimeoutMs: 2500 }
upstream: ${upstream.url}
verdicts: { maxStalenessMs: 300000 }
store: { url: '${redis.url}', secretFile: secret, deadlineMs: 1000 }
`
  const open = (more = ''): Promise<Gateway> =>
    startGateway({ onezoneUrl: onezone.url, yaml: yaml + more, files: { secret: SECRET } })
  const gateways = await Promise.all(Array.from({ length: count }, () => open()))
  const status = async ({ url }: Gateway, token: string): Promise<number> => {
    const response = await fetch(url, { headers: { 'X-Auth-Token': token } })
    await response.arrayBuffer()
    return response.status
  }
  const sample = async ({ adminUrl }: Gateway, name: string): Promise<number> => {
    const text = await (await fetch(`${adminUrl}/metrics`)).text()
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    return Number(line?.split(' ')[1])
  }
  const post = async ({ adminUrl }: Gateway, path: string, body: object): Promise<unknown> => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${adminUrl}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return response.json()
  }
  const areTogether = async (): Promise<boolean> => {
    const seen = await Promise.all(
      gateways.map(async (gateway) => [
        await sample(gateway, 'onegate_store_up'),
        await sample(gateway, 'onegate_store_subscription_up'),
        await sample(gateway, 'onegate_store_peers'),
      ]),
    )
    return seen.every(([up, heard, peers]) => up === 1 && heard === 1 && peers === count - 1)
  }
  await eventually(areTogether)
  const calls = () => onezone.calls().verifyAccessToken
  const [a, b] = gateways as [Gateway, Gateway]
  return {
    onezone,
    upstream,
    redis,
    gateways,
    a,
    b,
    open,
    status,
    sample,
    post,
    calls,
    areTogether,
  }
}

describe.runIf(HAS_REDIS)('two gateways around one store', () => {
  test('what one has asked costs the other nothing', async () => {
    const { onezone, a, b, redis, status, calls } = await startReplicas(2)
    const tokens = Array.from({ length: 50 }, () =>
      onezone.createTemporaryToken({ subject: ALICE }),
    )
    for (const token of tokens) expect(await status(a, token)).toBe(200)
    await eventually(async () => (await redis.client.keys('og:1:*:p:*')).length === tokens.length)
    const asked = calls()
    for (const token of tokens) expect(await status(b, token)).toBe(200)
    expect(calls()).toBe(asked)
  })

  test('a revocation that one has seen, the other knows', async () => {
    const { onezone, a, b, status, calls } = await startReplicas(2)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const other = onezone.createTemporaryToken({ subject: ALICE })
    expect([await status(a, token), await status(b, token)]).toEqual([200, 200])
    onezone.revokeTemporaryTokens(ALICE)
    expect(await status(a, other)).toBe(401)
    const asked = calls()
    await eventually(async () => (await status(b, token)) === 401)
    expect(calls()).toBe(asked)
  })

  test('an invalidation reaches the other, and the answer says so', async () => {
    const { onezone, a, b, status, calls, post } = await startReplicas(2)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await status(a, token)
    await status(b, token)
    const asked = calls()
    expect(await post(a, '/invalidate', { subject: ALICE })).toEqual({
      families: 1,
      tokens: 1,
      told: 1,
      peers: 1,
      dryRun: false,
    })
    expect(await status(b, token)).toBe(200)
    expect(calls()).toBe(asked + 1)
  })
})
