import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { startOnegate } from '../cli/onegate-process.ts'
import { runDispatch } from '../cli/run-dispatch.ts'
import { directoryWith } from '../config/config-directory.ts'
import { hasOpenssl, selfSigned } from '../helpers/certificate.ts'

const openssl = hasOpenssl() ? test : test.skip

openssl('the private key for an upstream is in no output and in no log', async () => {
  const { cert, key } = selfSigned('gateway', 'DNS:gateway.test')
  const yaml = `
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
onezone: { url: "http://127.0.0.1:1" }
log: { level: debug }
upstream: { urls: ["https://127.0.0.1:1"], tls: { certFile: cert, keyFile: key } }
`
  const files = { 'c.yaml': yaml, cert: cert.toString(), key: key.toString() }
  const file = join(await directoryWith(files), 'c.yaml')
  const secret = key.toString().split('\n')[1] ?? expect.unreachable()

  for (const json of [[], ['--json']]) {
    const { code, stdout } = await runDispatch(['check', '--config', file, ...json])
    expect(code).toBe(0)
    expect(stdout).not.toContain(secret)
  }
  const gateway = startOnegate(['serve', '--config', file, '--json'])
  onTestFinished(() => void gateway.stop())
  await gateway.ready()
  const { stdout, stderr } = await gateway.stop()
  expect(stderr).toContain('the gateway is ready')
  expect(stdout + stderr).not.toContain(secret)
  expect(stdout + stderr).not.toContain('PRIVATE KEY')
})
