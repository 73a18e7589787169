import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { runDispatch } from '../cli/run-dispatch.ts'
import { directoryWith } from '../config/config-directory.ts'
import { hasOpenssl, selfSigned } from '../helpers/certificate.ts'

// A key that does not belong to its certificate passed the check, and failed every request to the upstream.

const openssl = hasOpenssl() ? test : test.skip

const YAML = `
onezone: { url: "https://onezone.example.org" }
upstream: { urls: ["https://127.0.0.1:1"], tls: { certFile: cert, keyFile: key } }
`

async function check(cert: string, key: string) {
  const file = join(await directoryWith({ 'c.yaml': YAML, cert, key }), 'c.yaml')
  return runDispatch(['check', '--config', file])
}

openssl('a key that is not the one of the certificate is found by the check', async () => {
  const [one, other] = [selfSigned('a', 'DNS:a.test'), selfSigned('b', 'DNS:b.test')]
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const foreign = [other.key.toString(), String(rsa.export({ type: 'pkcs8', format: 'pem' }))]
  for (const key of foreign) {
    const { code, stdout, stderr } = await check(one.cert.toString(), key)
    expect(code).not.toBe(0)
    expect(stdout + stderr).toMatch(
      /tls\.keyFile.*names a private key that is not the one of the certificate in "certFile"/,
    )
    expect(stdout + stderr).not.toContain(key.split('\n')[1])
  }
})

openssl('the key of the first certificate of several is the one', async () => {
  const [one, other] = [selfSigned('a', 'DNS:a.test'), selfSigned('b', 'DNS:b.test')]
  const chain = `${one.cert.toString()}${other.cert.toString()}`
  expect((await check(chain, one.key.toString())).code).toBe(0)
  expect((await check(chain, other.key.toString())).code).not.toBe(0)
})

openssl('a file that holds no key is named for that alone', async () => {
  const { stdout, stderr } = await check(selfSigned('a', 'DNS:a.test').cert.toString(), 'x')
  expect(stdout + stderr).toContain('is no PEM private key')
  expect(stdout + stderr).not.toContain('not the one of')
})
