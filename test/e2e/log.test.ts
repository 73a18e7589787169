import { inspect } from 'node:util'

import { expect, test } from 'vitest'

import type { FaultRule } from '../../src/dev-onezone/index.ts'
import type { Logger } from '../../src/logger.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

/** Every line as deep as it goes: `JSON.stringify` shows nothing of an `Error`, of its cause or of its stack. */
function createLog(): { lines: string[]; logger: Logger } {
  const lines: string[] = []
  const write = (...line: unknown[]) =>
    void lines.push(inspect(line, { depth: 9, maxStringLength: null, showHidden: true }))
  return { lines, logger: { debug: write, info: write, warn: write, error: write } }
}

/** The beginning of a token is the same for all of them, and its end is what makes it good. */
const secretPartsOf = (token: string) => [token, token.slice(-40), token.slice(40, 80)]

const FAULTS: Omit<FaultRule, 'operation'>[] = [
  { kind: 'garbage' },
  { kind: 'truncate' },
  { kind: 'reset' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 403, body: { error: { id: 'forbidden' } } },
  { kind: 'redirect', location: 'http://127.0.0.1:9/' },
] as Omit<FaultRule, 'operation'>[]

test('S-185 the log holds no part of a token, whatever happens', async () => {
  const { lines, logger } = createLog()
  const { onezone, send, token, gateway, metrics } = await startGatewayRig({ logger })
  const used: string[] = [token]
  const fresh = (...caveats: { type: 'consumer'; whitelist: string[] }[]): string => {
    const made = onezone.createTemporaryToken({ subject: ALICE, caveats })
    used.push(made)
    return made
  }
  const identity = onezone.createTemporaryToken({ subject: ALICE, type: { identityToken: {} } })
  used.push(identity)
  const confined = { type: 'consumer' as const, whitelist: ['usr-alice'] }

  await send({ 'X-Auth-Token': token })
  await send({ Authorization: `Bearer ${fresh(confined)}`, 'X-Onedata-Consumer-Token': identity })
  await send({ 'X-Auth-Token': identity })
  await send({ 'X-Auth-Token': `${fresh()}x` })
  await send({ 'X-Auth-Token': fresh(), Authorization: `Bearer ${fresh()}` })
  await send({ Authorization: `Bearer ${fresh()} ${fresh()}` })
  for (const fault of FAULTS) {
    onezone.setFaults([{ operation: '*', ...fault } as FaultRule])
    await send({ 'X-Auth-Token': fresh() })
    await send({ 'X-Auth-Token': fresh(confined), 'X-Onedata-Consumer-Token': identity })
  }
  onezone.setFaults([])
  const metricsText = await metrics()
  await onezone.close()
  await send({ 'X-Auth-Token': fresh() })
  await gateway.close()

  expect(lines.length).toBeGreaterThan(0)
  const text = lines.join('\n') + metricsText
  for (const part of used.flatMap(secretPartsOf)) expect(text).not.toContain(part)
})

test('the log holds no token where the upstream fails', async () => {
  const { lines, logger } = createLog()
  const { send, token, upstream } = await startGatewayRig({
    logger,
    yaml: () => `
routes: [{ path: /**, upstream: 'http://127.0.0.1:9', forwardToken: true }]
`,
  })
  expect((await send({ 'X-Auth-Token': token })).status).toBe(502)
  expect(upstream.seen).toEqual([])
  expect(lines.length).toBeGreaterThan(0)
  for (const part of secretPartsOf(token)) expect(lines.join('\n')).not.toContain(part)
})
