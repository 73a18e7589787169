import { expect, test } from 'vitest'

import { startGatewayRig } from '../helpers/gateway-rig.ts'

// An outage that shows in no verdict counter raises no alert.

test('a fault is a verdict of its own in the metrics', async () => {
  const { ask, token, onezone, upstream, metrics } = await startGatewayRig()
  const credentials = { 'X-Auth-Token': token }
  onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'status', status: 500 }])
  expect(await ask(credentials)).toEqual([503, 'verifier_unavailable'])
  expect(await ask(credentials)).toEqual([503, 'verifier_unavailable'])
  const text = await metrics()
  expect(text).toContain('onegate_verdicts_total{route="/**",outcome="fault",source="onezone"} 2')
  expect(text).toContain('onegate_refusals_total{route="/**",code="verifier_unavailable"} 2')
  expect(text).not.toMatch(
    /onegate_verdicts_total\{[^}]*outcome="(?:granted|refused)"[^}]*\} [1-9]/,
  )
  expect(upstream.seen).toEqual([])
})
