import { join } from 'node:path'

import { expect, test } from 'vitest'

import { runDispatch } from '../cli/run-dispatch.ts'
import { directoryWith, SERVICE_TOKEN } from '../config/config-directory.ts'
import { mint } from '../helpers/tokens.ts'

const ADMIN_TOKEN = 'an-admin-token-that-nobody-else-may-know-0123456789'
const WATCH_TOKEN = mint({ id: 'watch' })

test('onegate check tells of no secret more than that it is there', async () => {
  const yaml = `
adminTokenFile: admin
onezone: { url: https://onezone.example.org, serviceTokenFile: service, watchTokenFile: watch }
upstream: http://127.0.0.1:3000
`
  const secrets = { admin: ADMIN_TOKEN, service: SERVICE_TOKEN, watch: WATCH_TOKEN }
  const file = join(await directoryWith({ 'c.yaml': yaml, ...secrets }), 'c.yaml')
  for (const json of [[], ['--json']]) {
    const { code, stdout, stderr } = await runDispatch(['check', '--config', file, ...json])
    expect([code, stderr]).toEqual([0, ''])
    for (const secret of Object.values(secrets)) expect(stdout).not.toContain(secret)
  }
  const { stdout } = await runDispatch(['check', '--config', file, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({
    config: { adminToken: true, verifier: { serviceToken: true, watchToken: true } },
  })
})
