import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { createEchoUpstream } from '../../src/cli/echo-upstream.ts'
import { runDispatch } from '../cli/run-dispatch.ts'
import { startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { isInstalled, shipped, startFrontProxy } from '../helpers/front-proxy.ts'

const nginxTest = isInstalled('nginx') ? test : test.skip

interface Probed {
  readonly checks: readonly { readonly check: string; readonly missing: string | null }[]
  readonly missing: number
}

/** nginx by the shipped configuration, with some of it replaced, as the probe sees it. */
async function probeNginx(wrong: Readonly<Record<string, string>> = {}) {
  const { directory, token, port: door } = await startForwardAuthRig()
  const echo = await createEchoUpstream()
  onTestFinished(() => echo.close())
  const port = await startFrontProxy('nginx', shipped('nginx/forward-auth.conf'), {
    '127.0.0.1:8181': `127.0.0.1:${door}`,
    '127.0.0.1:3000': new URL(echo.url).host,
    '127.0.0.1:8080': 'FRONT',
    ...wrong,
  })
  const file = join(directory, 'token')
  writeFileSync(file, token)
  const ran = await runDispatch([
    'probe',
    `http://127.0.0.1:${port}/a`,
    '--token-file',
    file,
    '--json',
  ])
  expect(ran.stdout).not.toContain(token)
  return { ...ran, ...(JSON.parse(ran.stdout) as Probed) }
}

const missing = ({ checks }: Probed) => checks.filter((each) => each.missing !== null)

nginxTest('of the shipped configuration nothing is missing', async () => {
  const probed = await probeNginx()
  expect(missing(probed)).toEqual([])
  expect(probed.checks.length).toBeGreaterThan(30)
  expect(probed.code).toBe(0)
})

nginxTest('a target that is taken from the client is found', async () => {
  const probed = await probeNginx({
    'proxy_set_header X-Original-URL    $scheme://$http_host$request_uri;':
      'set $url $scheme://$http_host$request_uri; if ($http_x_original_url) { set $url $http_x_original_url; }\n    proxy_set_header X-Original-URL $url;',
  })
  expect(missing(probed).map(({ check }) => check)).toEqual(['forged X-Original-URL'])
  expect(missing(probed)[0]?.missing).toContain('set X-Original-URL in the question')
  expect(probed.code).toBe(1)
})

nginxTest('an address that is taken from the client is found', async () => {
  const probed = await probeNginx({
    'proxy_set_header X-Forwarded-For   $remote_addr;':
      'proxy_set_header X-Forwarded-For $http_x_forwarded_for;\n    proxy_set_header X-Other 1;',
  })
  // Without one from the client there is none at all.
  expect(missing(probed).map(({ check }) => check)).toContain('a request with the token')
  const forged = await probeNginx({
    'proxy_set_header X-Real-IP          "";': 'proxy_set_header X-Real-IP $http_x_real_ip;',
  })
  expect(missing(forged).map(({ check }) => check)).toEqual(['forged X-Forwarded-For'])
  expect(missing(forged)[0]?.missing).toContain('x-real-ip')
})

nginxTest('a token that reaches the upstream is found, and an identity that does not', async () => {
  const credential = await probeNginx({
    'proxy_set_header Authorization            "";': '',
  })
  expect(missing(credential)[0]?.missing).toContain('sees the token in authorization')
  const nobody = await probeNginx({
    'proxy_set_header X-Onedata-Subject-Id    $od_subject_id;': '',
  })
  expect(missing(nobody)[0]?.missing).toContain('not told who asks')
})

nginxTest('a proxy that asks nobody is found', async () => {
  const probed = await probeNginx({ 'auth_request /_onegate;': '' })
  expect(missing(probed)[0]?.missing).toContain('does not ask onegate')
})

test('what is no URL, or no echo, is said in words', async () => {
  const { directory, token } = await startForwardAuthRig()
  const file = join(directory, 'token')
  writeFileSync(file, token)
  const usage = await runDispatch(['probe', 'nonsense', '--token-file', file])
  expect([usage.code, usage.stderr]).toEqual([2, expect.stringContaining('http://')])
  const gone = await runDispatch(['probe', 'http://127.0.0.1:9/', '--token-file', file])
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('gave no answer')])
})
