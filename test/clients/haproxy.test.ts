import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { freePort } from '../helpers/front-proxy.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { hasProgram, startProgram, temporaryDirectory } from '../helpers/programs.ts'
import { startUpstream } from '../helpers/upstream.ts'

const haproxy = hasProgram('haproxy', '-v') ? describe : describe.skip

haproxy('HAProxy', { timeout: 60_000 }, () => {
  test('finds the gateway well by its plain check, which names no host and speaks HTTP/1.0', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const gateway = await startGateway({
      onezoneUrl: onezone.url,
      yaml: `routes:
  - { path: /, methods: [OPTIONS], token: none, upstream: '${upstream.url}' }
  - { path: /**, upstream: '${upstream.url}' }
`,
    })
    const home = temporaryDirectory('haproxy')
    const [byTraffic, byAdmin, byRefusal] = [await freePort(), await freePort(), await freePort()]
    const back = new URL(gateway.url).host
    const admin = new URL(gateway.adminUrl).port
    const section = (port: number, check: string, server: string): string =>
      `listen p${port}\n  bind 127.0.0.1:${port}\n  ${check}\n  default-server inter 100 fall 1 rise 1\n  server gateway ${back} check ${server}\n`
    writeFileSync(
      join(home, 'haproxy.cfg'),
      `defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n  timeout check 5s\n` +
        section(byTraffic, 'option httpchk', '') +
        section(byAdmin, 'option httpchk GET /readyz', `port ${admin}`) +
        section(byRefusal, 'option httpchk GET /nothing', ''),
    )
    startProgram('haproxy', ['-db', '-f', join(home, 'haproxy.cfg')], home)
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const ask = async (port: number): Promise<number> => {
      const headers = { 'X-Auth-Token': token }
      return (await fetch(`http://127.0.0.1:${port}/x`, { headers })).status
    }
    // HAProxy believes a server to be well until its first check.
    await expect.poll(() => ask(byRefusal).catch(() => 0), { timeout: 30_000 }).toBe(503)
    await expect
      .poll(() => upstream.seen.filter(({ method }) => method === 'OPTIONS').length)
      .toBeGreaterThan(1)
    expect(await ask(byTraffic)).toBe(200)
    expect(await ask(byAdmin)).toBe(200)
  })
})
