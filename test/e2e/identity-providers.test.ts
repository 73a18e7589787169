import { expect, test } from 'vitest'

import { startGateway } from '../helpers/gateway.ts'
import { startOnezone } from '../helpers/onezone.ts'
import { jwtOf, worldWith } from '../helpers/provider-tokens.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const JWT = jwtOf({ azp: 'portal-1', exp: 4_000_000_000 })

test('every door takes a token of an identity provider, and none lets it out', async () => {
  const onezone = await startOnezone({ world: worldWith({ [JWT]: 'alice' }) })
  const upstream = await startRecordingUpstream()
  const lines: string[] = []
  const write = (...line: unknown[]) => void lines.push(JSON.stringify(line))
  const gateway = await startGateway(
    {
      onezoneUrl: onezone.url,
      yaml: `
onezone:
  connectTimeoutMs: 10000
  totalTimeoutMs: 10000
  identityProviders: [{ prefix: 'egi:', clients: [portal-1], bare: true, exchangeMs: 60000 }]
forwardAuth: { listen: 127.0.0.1:0 }
trustedProxies: [127.0.0.1/32]
routes:
  - { id: closed, path: /closed, upstream: '${upstream.url}' }
  - { id: open, path: /**, upstream: '${upstream.url}', identityProviderTokens: true }
`,
    },
    { logger: { debug: write, info: write, warn: write, error: write } },
  )
  const send = async (url: string, headers: Record<string, string>) => {
    const response = await fetch(url, { headers })
    return [response.status, response.headers, await response.text()] as const
  }

  for (const headers of [
    { 'X-Auth-Token': `egi:${JWT}` },
    { Authorization: `Bearer egi:${JWT}` },
    { Authorization: `Bearer ${JWT}` },
  ]) {
    expect((await send(`${gateway.url}/a`, headers))[0]).toBe(200)
    const [seen] = upstream.requests.slice(-1)
    expect(seen?.values('x-onedata-subject-id')).toEqual(['alice'])
    expect(seen?.values('x-onedata-token-type')).toEqual(['identity-provider'])
    expect(seen?.values('x-onedata-token-id')).toEqual([''])
    const [status, answered] = await send(`${gateway.forwardAuthUrl}/auth/caddy`, {
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Host': 'api.example.org',
      'X-Forwarded-Uri': '/a',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-For': '192.0.2.1',
      ...headers,
    })
    expect([status, answered.get('x-onedata-subject-id')]).toEqual([200, 'alice'])
  }
  expect(onezone.calls().createTemporaryToken).toBe(1)

  const [status, , body] = await send(`${gateway.url}/closed`, { 'X-Auth-Token': `egi:${JWT}` })
  expect([status, JSON.parse(body)]).toEqual([
    401,
    expect.objectContaining({ code: 'idp_token_not_accepted' }),
  ])
  const foreign = jwtOf({ azp: 'evil' })
  expect((await send(`${gateway.url}/a`, { 'X-Auth-Token': `egi:${foreign}` }))[0]).toBe(403)

  const [, , metrics] = await send(`${gateway.adminUrl}/metrics`, {})
  expect(metrics).toMatch(/^onegate_exchange_bound_seconds 60$/m)
  expect(metrics).toMatch(/^onegate_exchange_breaker_state 0$/m)
  expect(metrics).toMatch(/onegate_refusals_total\{route="open",code="idp_client_not_allowed"\} 1/)
  const [, , explained] = await send(`${gateway.adminUrl}/refusals`, {})
  const everything = [lines.join('\n'), metrics, explained, body, upstream.bytes.join('')].join(
    '\n',
  )
  for (const secret of [JWT, foreign]) {
    expect(everything).not.toContain(secret.split('.')[1])
  }
})
