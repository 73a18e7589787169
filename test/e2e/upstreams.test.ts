import { describe, expect, onTestFinished, test } from 'vitest'

import { startGateway } from '../helpers/gateway.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstreamProcess } from '../helpers/upstream-process.ts'

/** Gets, one after the other on each of several connections, until it is stopped. */
function startLoad(url: string, token: string, connections: number) {
  const answers = new Map<string, number>()
  let running = true
  const count = (answer: string): void => void answers.set(answer, (answers.get(answer) ?? 0) + 1)
  const work = async (): Promise<void> => {
    while (running) {
      try {
        const response = await fetch(`${url}/x`, { headers: { 'X-Auth-Token': token } })
        const text = await response.text()
        count(response.status === 200 ? text : String(response.status))
      } catch (error) {
        count(String(error))
      }
    }
  }
  const done = Promise.all(Array.from({ length: connections }, work))
  const stop = async (): Promise<void> => {
    running = false
    await done
  }
  onTestFinished(stop)
  return { stop, answers, of: (name: string): number => answers.get(name) ?? 0 }
}

describe('a list of upstreams', () => {
  test.each([
    ['by requests alone', ''],
    ['with health checks', 'healthCheck: { path: /healthz, intervalMs: 200 }'],
  ])(
    '%s: one is killed and started again under load, and no GET fails',
    { timeout: 60_000 },
    async (_what, more) => {
      const onezone = await startOnezone()
      const [first, second] = [await startUpstreamProcess('a'), await startUpstreamProcess('b')]
      const gateway = await startGateway({
        onezoneUrl: onezone.url,
        yaml: `
upstream:
  urls: ['${first.url}', '${second.url}']
  ejection: { baseMs: 200, maxMs: 400 }
  ${more}`,
      })
      const metrics = async () => (await fetch(`${gateway.adminUrl}/metrics`)).text()
      const load = startLoad(gateway.url, onezone.createTemporaryToken({ subject: ALICE }), 8)
      for (let round = 0; round < 2; round++) {
        const [a, b] = [load.of('a'), load.of('b')]
        await expect.poll(() => load.of('a') > a + 30, { timeout: 20_000 }).toBe(true)
        await expect.poll(() => load.of('b') > b + 30, { timeout: 20_000 }).toBe(true)
        await second.kill()
        await expect
          .poll(metrics, { timeout: 20_000 })
          .toContain(`onegate_upstream_up{route="/**",upstream="${second.url}"} 0`)
        const later = load.of('a')
        await expect.poll(() => load.of('a') > later + 50, { timeout: 20_000 }).toBe(true)
        await second.restart()
        const back = load.of('b')
        await expect.poll(() => load.of('b') > back + 30, { timeout: 20_000 }).toBe(true)
      }
      await load.stop()
      expect([...load.answers.keys()].sort()).toEqual(['a', 'b'])
      const text = await metrics()
      expect(text).toMatch(/onegate_upstream_retries_total\{route="\/\*\*"\} [1-9]/)
      expect(text).toContain(`onegate_upstream_up{route="/**",upstream="${first.url}"} 1`)
      expect(text).toContain(`onegate_requests_total{route="/**",method="GET",status="200"}`)
      expect(text).not.toMatch(/onegate_requests_total\{[^}]*status="5[^}]*\} [1-9]/)
    },
  )
})

describe('routes by host, path and method', () => {
  test('decide and forward by one reading of the request', async () => {
    const { upstream, gateway, token, send } = await startGatewayRig({
      yaml: (url) => `
routes:
  - { path: /api/items/:id, methods: [GET], token: none, stripPrefix: /api, upstream: '${url}' }
  - { path: /api/**, methods: [GET, POST], stripPrefix: /api, maxBodyBytes: 10, upstream: '${url}' }
  - { path: /other/**, hosts: [nobody.test], upstream: '${url}' }`,
    })
    const auth = { 'X-Auth-Token': token }
    const post = (body: string) =>
      fetch(`${gateway.url}/api/x`, { method: 'POST', headers: auth, body })
    expect((await send({}, '/api/items/7?q')).status).toBe(200)
    expect((await send({}, '/api/items')).status).toBe(401)
    expect((await send({}, '/api/items/7%2F8')).status).toBe(400)
    expect((await send(auth, '/other/x')).status).toBe(404)
    expect((await post('x'.repeat(10))).status).toBe(200)
    expect((await post('x'.repeat(11))).status).toBe(413)
    const wrong = await fetch(`${gateway.url}/api/items/7`, { method: 'PUT', headers: auth })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
    expect(
      upstream.seen.map(({ method, url, headers }) => [method, url, headers['x-forwarded-prefix']]),
    ).toEqual([
      ['GET', '/items/7?q', '/api'],
      ['POST', '/x', '/api'],
    ])
  })
})
