import { describe, expect, test } from 'vitest'

import { textOf } from '../docs/pages.ts'
import { BOB } from '../helpers/onezone.ts'
import type { RedisServer } from '../helpers/redis-server.ts'
import {
  HAS_REDIS,
  startCluster,
  startRedisServer,
  startReplicaOf,
  startSentinel,
} from '../helpers/redis-server.ts'
import { openReplicas, storeUser } from '../helpers/replicas.ts'

const MAX_STALENESS_MS = 2_500

interface Group {
  /** Where it is, as it stands in a configuration file. */
  readonly place: string
  /** Who is to be lost. */
  readonly master: RedisServer
  readonly servers: readonly RedisServer[]
}

async function startSentinelGroup(): Promise<Group> {
  const user = storeUser()
  const master = await startRedisServer(user)
  const replica = await startReplicaOf(master, user)
  const sentinel = await startSentinel(master)
  return { place: `sentinels: ['${sentinel.url}']`, master, servers: [master, replica] }
}

async function startClusterGroup(): Promise<Group> {
  const [, inCluster = ''] = /`([^`]+)` in a Cluster/.exec(textOf('docs/replicas.md')) ?? []
  const { nodes, holder } = await startCluster('og:1:i', storeUser(...inCluster.split(' ')))
  const place = `cluster: [${nodes.map(({ url }) => `'${url}'`).join(', ')}]`
  return { place, master: holder, servers: nodes }
}

describe.runIf(HAS_REDIS)('a store of which the first server is lost under load', () => {
  test.each([
    ['behind a Sentinel', startSentinelGroup],
    ['that held the clock of a Cluster', startClusterGroup],
  ])('%s', async (_, startGroup) => {
    const { place, master, servers } = await startGroup()
    const replicas = await openReplicas({ place, maxStalenessMs: MAX_STALENESS_MS })
    const { onezone, a, b, status, sample, areTogether, calls, issue } = replicas
    const tokens = Array.from({ length: 6 }, issue)
    const ofBob = onezone.createTemporaryToken({ subject: BOB })
    const others: number[] = []
    let asked = 0

    /** Asks both for all, and for one that nobody has seen, until something holds. */
    async function loadUntil(holds: () => Promise<boolean>): Promise<void> {
      const untilMs = performance.now() + 45_000
      for (let isOver = false; !isOver; isOver = await holds()) {
        if (performance.now() > untilMs) throw new Error(`did not come true: ${String(holds)}`)
        const wanted = [...tokens, issue()].flatMap((token) => [status(a, token), status(b, token)])
        const statuses = await Promise.all(wanted)
        asked += statuses.length
        others.push(...statuses.filter((each) => each !== 200))
      }
    }
    /** What one has asked costs the other nothing. */
    async function areSharing(): Promise<boolean> {
      const token = issue()
      const first = await status(a, token)
      const before = calls()
      const second = await status(b, token)
      others.push(...[first, second].filter((each) => each !== 200))
      return calls() === before
    }

    await loadUntil(areSharing)
    expect([await status(a, ofBob), await status(b, ofBob)]).toEqual([200, 200])
    await master.kill()
    onezone.revokeTemporaryTokens(BOB)
    // Both have seen that something is wrong, and both find their way to who took over.
    await loadUntil(async () => !(await areTogether()))
    await loadUntil(areTogether)
    await loadUntil(areSharing)
    await loadUntil(
      async () => (await status(a, ofBob)) === 401 && (await status(b, ofBob)) === 401,
    )
    expect(others).toEqual([])
    expect(asked).toBeGreaterThan(50)
    for (const gateway of [a, b]) {
      expect(await sample(gateway, 'onegate_staleness_violations_total')).toBe(0)
    }
    // One that was asked again from within its own answer was asked until the stack was full.
    for (const gateway of [a, b]) {
      const failed = 'onegate_store_requests_total{operation="time",outcome="error"}'
      expect((await sample(gateway, failed)) || 0).toBeLessThan(200)
    }
    const left = servers.filter((server) => server !== master)
    for (const { client } of left) {
      const denied = (await client.call('ACL', 'LOG')) as unknown[][]
      // In a Cluster the client says what it is, to servers that know of that, whether it may or not.
      expect(denied.filter((entry) => !entry.includes('client|setinfo'))).toEqual([])
    }
  })
})
