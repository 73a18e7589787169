import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { JSONWebKeySet } from 'jose'
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose'
import { expect, onTestFinished, test } from 'vitest'

import { loadConfig } from '../../src/config/index.ts'
import { createClusteredGateway } from '../../src/gateway/clustered-gateway.ts'
import { createGateway } from '../../src/gateway/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { describeRequest, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

const WORKER = fileURLToPath(new URL('../../dist/cli/worker.js', import.meta.url))

const ISSUER = 'https://gateway.example.org'
const TOP = `assertion: { issuer: '${ISSUER}', jwksPath: /.well-known/jwks.json }\n`
const NAME = 'x-onedata-assertion'

const routes = (upstream: string) => `${TOP}routes:
  - { path: /pub/**, token: none, upstream: '${upstream}' }
  - { path: /maybe/**, optional: true, assertion: { audience: maybe }, upstream: '${upstream}' }
  - { path: /plain/**, upstream: '${upstream}' }
  - { path: /b/**, assertion: { audience: b }, upstream: '${upstream}' }
  - { path: /**, assertion: { audience: a }, upstream: '${upstream}' }
`

async function keySetAt(url: string) {
  const answer = await fetch(`${url}/.well-known/jwks.json`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/jwk-set+json')
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
  return (await answer.json()) as JSONWebKeySet
}

const makeKey = () =>
  String(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    }),
  )

test('an upstream is told in a signed JWT, one per route and half-life, and verifies it by the public keys', async () => {
  const clock = createFakeClock()
  const { gateway, upstream, send, token, metrics } = await startGatewayRig({ yaml: routes, clock })
  const told = async (
    path: string,
    headers: Record<string, string> = { 'X-Auth-Token': token },
  ) => {
    expect((await send(headers, path)).status).toBe(200)
    return String(upstream.seen.at(-1)?.headers[NAME] ?? '')
  }
  const keys = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/jwks.json`))
  const verify = (text: string, audience: string) =>
    jwtVerify(text, keys, { audience, issuer: ISSUER, currentDate: new Date(clock.now()) })

  const first = await told('/x')
  const { payload } = await verify(first, 'a')
  expect(payload.sub).toBe('usr-alice')
  expect(payload['onedata']).toMatchObject({
    subject_id: upstream.seen.at(-1)?.headers['x-onedata-subject-id'],
    token_id: upstream.seen.at(-1)?.headers['x-onedata-token-id'],
  })
  expect(await told('/y')).toBe(first)
  const other = await told('/b/x')
  await verify(other, 'b')
  await expect(verify(other, 'a')).rejects.toThrow('aud')

  clock.advance(4_999)
  expect(await told('/x')).toBe(first)
  clock.advance(1)
  const second = await told('/x')
  expect(second).not.toBe(first)
  await verify(second, 'a')

  expect(await told('/plain/x')).toBe('')
  expect(await told('/pub/x', {})).toBe('')
  expect(await told('/maybe/x', {})).toBe('')
  expect(upstream.seen.at(-1)?.rawHeaders.join().toLowerCase()).not.toContain(NAME)
  expect(await told('/pub/x', { 'X-Onedata-Assertion': first })).toBe('')
  expect(await told('/plain/x', { 'X-Auth-Token': token, x_onedata_assertion: first })).toBe('')

  const [key] = (await keySetAt(gateway.adminUrl)).keys
  const shown = await metrics()
  expect(shown).toContain('onegate_assertions_signed_total 3')
  expect(shown).toContain(`onegate_assertion_key_info{kid="${key?.kid}",use="signing"} 1`)
})

test('the public keys are for everyone, by GET and HEAD, and a path beside them is a route like any other', async () => {
  const { gateway, upstream } = await startGatewayRig({ yaml: routes })
  const url = `${gateway.url}/.well-known/jwks.json`
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
  expect((await fetch(url, { method: 'POST', body: 'a' })).status).toBe(401)
  expect((await fetch(`${url}x`)).status).toBe(401)
  expect(upstream.seen).toEqual([])
})

test('keys are changed by a reload: nothing fails that was signed before, and new requests are signed by the new one', async () => {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const directory = mkdtempSync(join(tmpdir(), 'onegate-assertion-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'onegate.yaml')
  for (const name of ['one.pem', 'two.pem']) writeFileSync(join(directory, name), makeKey())
  const load = (names: string) => {
    writeFileSync(
      file,
      `assertion: { issuer: '${ISSUER}', keyFiles: [${names}] }
routes: [{ path: /**, assertion: { audience: a }, upstream: '${upstream.url}' }]
`,
    )
    return loadConfig({
      file,
      env: {
        ONEGATE_LISTEN: '127.0.0.1:0',
        ONEGATE_ADMIN_LISTEN: '127.0.0.1:0',
        ONEGATE_ONEZONE_URL: onezone.url,
        ONEGATE_ACCESS_LOG_TO: 'none',
      },
    })
  }
  const gateway = await createGateway(await load('one.pem, two.pem'))
  onTestFinished(() => gateway.close())
  const headers = { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) }
  const told = async () => {
    expect((await fetch(gateway.url, { headers })).status).toBe(200)
    return String(upstream.seen.at(-1)?.headers[NAME])
  }
  const verified = async (text: string) => {
    const keys = createLocalJWKSet(await keySetAt(gateway.adminUrl))
    return (await jwtVerify(text, keys, { audience: 'a' })).protectedHeader.kid
  }
  const before = await told()
  const [one, two] = (await keySetAt(gateway.adminUrl)).keys.map(({ kid }) => kid)
  expect(await verified(before)).toBe(one)

  expect(await gateway.reload(() => load('two.pem, one.pem'))).toBe('applied')
  expect(await verified(before)).toBe(one)
  const after = await told()
  expect(await verified(after)).toBe(two)

  // A file that is no key leaves the last good set.
  writeFileSync(join(directory, 'bad.pem'), 'not a key')
  expect(await gateway.reload(() => load('bad.pem, two.pem'))).toBe('refused')
  expect(await verified(await told())).toBe(two)
  expect((await fetch(`${gateway.url}/.well-known/jwks.json`)).status).toBe(401)
})

test('workers sign with the key of the files', async () => {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const directory = mkdtempSync(join(tmpdir(), 'onegate-assertion-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'key.pem'), makeKey())
  const file = join(directory, 'onegate.yaml')
  const text = (keys: string) => `listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
workers: 2
onezone: { url: '${onezone.url}' }
accessLog: { to: none }
assertion: { issuer: '${ISSUER}'${keys} }
routes: [{ path: /**, assertion: { audience: a }, upstream: '${upstream.url}' }]
`
  writeFileSync(file, text(''))
  await expect(loadConfig({ file })).rejects.toThrow('needs keyFiles with more than one worker')
  writeFileSync(file, text(', keyFiles: [key.pem]'))
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const gateway = await createClusteredGateway(await loadConfig({ file }), {
    program: WORKER,
    logger: silent,
  })
  onTestFinished(() => gateway.close())
  const headers = { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) }
  const keys = createLocalJWKSet(await keySetAt(gateway.adminUrl))
  for (let n = 0; n < 4; n++) {
    await fetch(gateway.url, { headers: { ...headers, Connection: 'close' } })
    await jwtVerify(String(upstream.seen.at(-1)?.headers[NAME]), keys, { audience: 'a' })
  }
})

test('the forward-auth door says it among the identity fields, empty where there is none', async () => {
  const { ask, token, onezone, url } = await startForwardAuthRig(
    `routes:
  - { id: pub, path: /pub/**, token: none }
  - { id: all, path: /**, assertion: { audience: a }, caveats: { data: delegate } }
`,
    { more: `assertion: { issuer: '${ISSUER}' }\n` },
  )
  const keys = createLocalJWKSet(await keySetAt(url))
  const question = (target: string, credential: string) => {
    const [path, fields] = describeRequest('caddy', { target })
    return ask(path, credential === '' ? fields : [...fields, 'X-Auth-Token', credential])
  }
  const granted = await question('/a', token)
  expect(granted.status).toBe(200)
  await jwtVerify(String(granted.headers[NAME]), keys, { audience: 'a' })
  expect((await question('/pub/a', '')).headers[NAME]).toBe('')

  const readonly = onezone.createTemporaryToken({
    subject: ALICE,
    caveats: [{ type: 'data.readonly' }],
  })
  const delegated = await question('/a', readonly)
  const { payload } = await jwtVerify(String(delegated.headers[NAME]), keys, { audience: 'a' })
  expect(payload['onedata']).toMatchObject({ caveats: [{ type: 'data.readonly' }] })

  const [path, fields] = describeRequest('caddy')
  const forged = await ask(path, [...fields, 'X-Auth-Token', token, 'X-Onedata-Assertion', 'a.b.c'])
  expect(forged.code).toBe('identity_forged')
})

test('caveats that no assertion could hold are refused, not cut', async () => {
  const { ask, onezone } = await startForwardAuthRig(
    `routes: [{ path: /**, assertion: { audience: a }, caveats: { data: delegate } }]\n`,
    { more: `assertion: { issuer: '${ISSUER}' }\n` },
  )
  const whitelist = Array.from({ length: 80 }, (_, n) =>
    Buffer.from(`/space/${'d'.repeat(40)}${n}`).toString('base64'),
  )
  const long = onezone.createTemporaryToken({
    subject: ALICE,
    caveats: [{ type: 'data.path', whitelist }],
  })
  const [path, fields] = describeRequest('caddy')
  const answer = await ask(path, [...fields, 'X-Auth-Token', long])
  expect([answer.status, answer.code]).toEqual([403, 'caveat_not_enforced'])
})
