import { expect, test } from 'vitest'

import type { GatewayConfig, GatewayOptions } from '../../src/gateway/index.ts'
import { createGateway, explainRequest, loadConfig } from '../../src/gateway/index.ts'
import type { DecisionEvent } from '../../src/index.ts'
import { parseToken } from '../../src/token/index.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

const CONFIG = await loadConfig({
  flags: {
    listen: '127.0.0.1:0',
    adminListen: '127.0.0.1:0',
    onezoneUrl: 'http://127.0.0.1:9',
    upstream: 'http://127.0.0.1:9',
  },
})

refusesOptions((config: GatewayConfig) => createGateway(config), CONFIG, [
  [
    { trustedProxy: [] },
    '"trustedProxy" is no option of a gateway configuration; did you mean "tr',
  ],
  [
    { routes: [{ ...CONFIG.routes[0], subject: { ids: ['bob'] } }] },
    '"routes[0].subject" is no option of a gateway configuration; did you mean "subjects"?',
  ],
  [{ verdicts: { maxStaleness: 1 } }, '"maxStaleness" is no option of verdicts; did you mean'],
  [
    { verifier: { ...CONFIG.verifier, timeoutMs: 1 } },
    '"timeoutMs" is no option of createOnezoneCl',
  ],
  [
    { log: { level: 'infos' } },
    '"log.level" must be debug, info, warn or error, not "infos"; did you',
  ],
  [{ workers: 0 }, '"workers" must be a whole number from 1 to 256, not 0'],
])

refusesOptions((options: GatewayOptions) => createGateway(CONFIG, options), {}, [
  [{ loger: {} }, '"loger" is no option of createGateway; did you mean "logger"?'],
  [{ logger: () => {} }, '"logger" must be a logger with "debug", "info", "warn", "error"'],
])

refusesOptions((options: object) => explainRequest(CONFIG, {}, options), {}, [
  [{ clocks: {} }, '"clocks" is no option of explainRequest; did you mean "clock"?'],
])

refusesOptions((request: object) => explainRequest(CONFIG, request), {}, [
  [{ tokn: 'x' }, '"tokn" is no option of explainRequest; did you mean "token"?'],
  [{ peerIP: '192.0.2.1' }, '"peerIP" is no option of explainRequest; did you mean "peerIp"?'],
  [{ peerIp: 'localhost' }, '"peerIp" must be an IP address, not the given text'],
  [{ path: 5 }, '"path" must be a string, not 5'],
  [{ ask: 'yes' }, '"ask" must be true or false, not the given text'],
])

refusesOptions(loadConfig, {}, [
  [{ fil: 'x' }, '"fil" is no option of loadConfig; did you mean "file"?'],
  [
    { flags: { trustedProxy: [] } },
    '"flags.trustedProxy" is no option of loadConfig; did you mean',
  ],
])

test('a reload to a configuration with a misspelled restriction is refused', async () => {
  const gateway = await createGateway(CONFIG)
  try {
    const routes = CONFIG.routes.map((route) => ({ ...route, subject: { ids: ['bob'] } }))
    expect(await gateway.reload(async () => ({ ...CONFIG, routes }))).toBe('refused')
  } finally {
    await gateway.close()
  }
})

test('each decision is told with request id, path, subject and fingerprint', async () => {
  const told: DecisionEvent[] = []
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const gateway = await startGateway(
    { onezoneUrl: onezone.url, upstream: upstream.url },
    { onDecision: (event) => void told.push(event) },
  )
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const granted = await fetch(`${gateway.url}/a`, { headers: { 'X-Auth-Token': token } })
  const refused = await fetch(`${gateway.url}/b`)
  expect([granted.status, refused.status]).toEqual([200, 401])
  expect(told).toMatchObject([
    {
      outcome: 'granted',
      path: '/a',
      requestId: upstream.seen[0]?.headers['x-request-id'],
      subject: ALICE,
      fingerprint: parseToken(token).fingerprint,
    },
    { outcome: 'refused', path: '/b', requestId: refused.headers.get('x-request-id') },
  ])
})
