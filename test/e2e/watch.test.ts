import { expect, test } from 'vitest'

import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

test('S-163 with a watch token, revocations are seen long before the bound', async () => {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const watcher = onezone.createNamedToken({ subject: ALICE, name: 'the watch' })
  const gateway = await startGateway({
    onezoneUrl: onezone.url,
    upstream: upstream.url,
    // The facts themselves would serve for five minutes.
    yaml: `
onezone: { watchTokenFile: watch-token, watchIntervalMs: 250 }
verdicts: { maxStalenessMs: 300000 }`,
    files: { 'watch-token': watcher.token },
  })
  const named = onezone.createNamedToken({ subject: ALICE, name: 'in use' })
  const temporary = onezone.createTemporaryToken({ subject: ALICE })
  const statusWith = async (token: string) =>
    (await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })).status
  expect([await statusWith(named.token), await statusWith(temporary)]).toEqual([200, 200])

  onezone.revokeTemporaryTokens(ALICE)
  onezone.setNamedTokenRevoked(named.tokenId, true)
  while ((await statusWith(named.token)) === 200 || (await statusWith(temporary)) === 200) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }

  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  expect(metrics).toContain('onegate_watch_state 1')
  expect(metrics).toMatch(/onegate_watch_reads_total\{outcome="ok"\} \d/)
  expect(metrics).toMatch(/onegate_invalidations_total\{cause="token_revoked"\} 2/)

  onezone.setNamedTokenRevoked(named.tokenId, false)
  while ((await statusWith(named.token)) !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(await statusWith(temporary)).toBe(401)
})
