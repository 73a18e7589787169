import { createHash, createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { JSONWebKeySet } from 'jose'
import { decodeJwt } from 'jose'
import { expect, onTestFinished, test } from 'vitest'

import { blocks, ROOT } from '../docs/pages.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('the example upstream takes what the gateway signs for it, and nothing else', async () => {
  const { gateway, upstream, send, token } = await startGatewayRig({
    yaml: (url) => `assertion: { issuer: 'https://gateway.example.org' }
routes:
  - { path: /b/**, assertion: { audience: b }, upstream: '${url}' }
  - { path: /**, assertion: { audience: 'https://api.example.org' }, upstream: '${url}' }
`,
  })
  const keysUrl = `${gateway.adminUrl}/.well-known/jwks.json`
  const directory = mkdtempSync(join(tmpdir(), 'onegate-example-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const sample = blocks('ts').find((text) => text.startsWith('// who-asks.ts')) ?? ''
  writeFileSync(join(directory, 'who-asks.ts'), sample)
  process.env['KEYS_URL'] = keysUrl
  onTestFinished(() => void delete process.env['KEYS_URL'])
  const { whoAsks } = (await import(join(directory, 'who-asks.ts'))) as {
    whoAsks: (assertion: string | undefined) => Promise<string | undefined>
  }

  const told = async (path: string) => {
    await send({ 'X-Auth-Token': token }, path)
    return String(upstream.seen.at(-1)?.headers['x-onedata-assertion'])
  }
  const good = await told('/a')
  expect(await whoAsks(good)).toBe('usr-alice')
  await expect(whoAsks(undefined)).rejects.toThrow()
  await expect(whoAsks(await told('/b/a'))).rejects.toThrow('aud')

  const claims = decodeJwt(good)
  const [key] = ((await (await fetch(keysUrl)).json()) as JSONWebKeySet).keys
  // The public key as the secret of an HMAC, and no signature at all: what careless verifiers take.
  const secret = createHash('sha256').update(JSON.stringify(key)).digest()
  const confused = `${encode({ alg: 'HS256', kid: key?.kid })}.${encode(claims)}`
  const mac = createHmac('sha256', secret).update(confused).digest('base64url')
  await expect(whoAsks(`${confused}.${mac}`)).rejects.toThrow('alg')
  await expect(whoAsks(`${encode({ alg: 'none' })}.${encode(claims)}.`)).rejects.toThrow('alg')
  const [header, , signature] = good.split('.')
  await expect(
    whoAsks(`${header}.${encode({ ...claims, sub: 'usr-bob' })}.${signature}`),
  ).rejects.toThrow('signature')
})
