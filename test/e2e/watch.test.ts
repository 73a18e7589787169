import { expect, test } from 'vitest'

import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

test('with a watch token, revocations are seen long before the bound', async () => {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const watcher = onezone.createNamedToken({ subject: ALICE, name: 'the watch' })
  const gateway = await startGateway({
    onezoneUrl: onezone.url,
    upstream: upstream.url,
    yaml: 'onezone: { watchTokenFile: watch-token, watchIntervalMs: 250 }',
    files: { 'watch-token': watcher.token },
  })
  const named = onezone.createNamedToken({ subject: ALICE, name: 'in use' })
  const temporary = onezone.createTemporaryToken({ subject: ALICE })
  const statusWith = async (token: string) =>
    (await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })).status
  expect([await statusWith(named.token), await statusWith(temporary)]).toEqual([200, 200])

  onezone.revokeTemporaryTokens(ALICE)
  onezone.setNamedTokenRevoked(named.tokenId, true)
  const revokedAt = performance.now()
  while ((await statusWith(named.token)) === 200 || (await statusWith(temporary)) === 200) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  // The facts themselves would have served for ten seconds.
  expect(performance.now() - revokedAt).toBeLessThan(6_000)

  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  expect(metrics).toContain('onegate_watch_state 1')
  expect(metrics).toMatch(/onegate_watch_reads_total\{outcome="ok"\} \d/)
  expect(metrics).toMatch(/onegate_invalidations_total\{cause="token_revoked"\} 2/)

  onezone.setNamedTokenRevoked(named.tokenId, false)
  const restoredAt = performance.now()
  while ((await statusWith(named.token)) !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(performance.now() - restoredAt).toBeLessThan(6_000)
  expect(await statusWith(temporary)).toBe(401)
})
