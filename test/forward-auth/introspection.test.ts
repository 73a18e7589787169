import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { createFakeClock } from '../helpers/fake-clock.ts'
import { describeRequest, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

const SECRET = 'a-secret-of-twenty-characters'
const BASIC = `Basic ${Buffer.from(`apache:${SECRET}`).toString('base64')}`

interface Introspected {
  readonly active: boolean
  readonly exp: number
  readonly iat: number
  readonly [claim: string]: unknown
}

async function startIntrospection(trusted = '10.0.0.1', clock = createFakeClock()) {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-introspection-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const secretFile = join(directory, 'secret')
  writeFileSync(secretFile, `${SECRET}\n`)
  const rig = await startForwardAuthRig('routes: [{ path: /** }]\n', {
    options: { clock },
    more: `trustedProxies: [${trusted}]
assertion: { issuer: 'https://gateway.example.org' }
forwardAuth:
  listen: 127.0.0.1:0
  introspection: { clients: [{ id: apache, secretFile: '${secretFile}' }] }
`,
  })
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${rig.url}/introspect`, {
      method: 'POST',
      body,
      headers: {
        Authorization: BASIC,
        'Content-Type': 'application/x-www-form-urlencoded',
        ...headers,
      },
    })
  const introspect = async (form: Record<string, string>) => {
    const answer = await post(new URLSearchParams(form).toString())
    expect(answer.headers.get('cache-control')).toBe('no-store')
    return [answer.status, (await answer.json()) as Introspected] as const
  }
  return { ...rig, post, introspect, clock }
}

test('a good token is active until the bound on the age of facts, or until its own end', async () => {
  const clock = createFakeClock(Date.now())
  const { introspect, onezone, token } = await startIntrospection('10.0.0.1', clock)
  const [status, said] = await introspect({ token })
  expect(status).toBe(200)
  const asked = Math.floor(clock.now() / 1000)
  expect(said).toMatchObject({
    active: true,
    sub: 'usr-alice',
    iss: 'https://gateway.example.org',
    token_type: 'Bearer',
    client_id: 'alice',
    onedata: { subject_type: 'user', subject_id: 'alice', token_type: 'access' },
  })
  expect(said.exp).toBeLessThanOrEqual(asked + 10)

  // Told again from memory, it does not last any longer.
  clock.advance(4_000)
  const [, again] = await introspect({ token })
  expect(again.exp).toBe(said.exp)
  expect(onezone.calls()['verifyAccessToken']).toBe(1)
  // What is older than half of the bound is asked about again, so that what is said can be believed for a while.
  clock.advance(3_000)
  const [, anew] = await introspect({ token })
  expect(anew.exp).toBeGreaterThan(said.exp)
  expect(anew.exp).toBeLessThanOrEqual(Math.floor(clock.now() / 1000) + 10)

  const soon = onezone.createTemporaryToken({ subject: ALICE, validForSeconds: 30 })
  const [, short] = await introspect({ token: soon })
  expect(short.exp).toBeLessThanOrEqual(Math.floor(clock.now() / 1000) + 10)
})

test('what is no good, or no access token, or bound to what nobody said, is not active', async () => {
  const { introspect, onezone, token } = await startIntrospection()
  const bound = onezone.createTemporaryToken({
    subject: ALICE,
    caveats: [
      { type: 'ip', whitelist: ['192.0.2.7'] },
      { type: 'interface', interface: 'rest' },
    ],
  })
  const identity = onezone.createTemporaryToken({ subject: ALICE, type: { identityToken: {} } })
  const readonly = onezone.createTemporaryToken({
    subject: ALICE,
    caveats: [{ type: 'data.readonly' }],
  })
  const inactive = [200, { active: false }]
  expect(await introspect({ token: 'nonsense' })).toEqual(inactive)
  expect(await introspect({ token: `${token}é` })).toEqual(inactive)
  expect(await introspect({ token: identity })).toEqual(inactive)
  expect(await introspect({ token: readonly })).toEqual(inactive)
  expect(await introspect({ token: bound })).toEqual(inactive)
  expect(await introspect({ token: bound, peer_ip: '192.0.2.7' })).toEqual(inactive)
  expect(await introspect({ token: bound, interface: 'rest' })).toEqual(inactive)
  const [, good] = await introspect({ token: bound, peer_ip: '192.0.2.7', interface: 'rest' })
  expect(good.active).toBe(true)
})

test('where nobody can say, it is 503 and not "inactive"', async () => {
  const { post, onezone, token } = await startIntrospection()
  onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'status', status: 500 }])
  const answer = await post(`token=${token}`)
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
})

test('only clients with a secret are answered, trusted proxies or not', async () => {
  const { post, ask, onezone, token } = await startIntrospection()
  const withBasic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  const status = async (Authorization: string) =>
    (await post(`token=${token}`, { Authorization })).status
  expect(await status('')).toBe(401)
  expect(await status(withBasic('apache:wrong'))).toBe(401)
  expect(await status(withBasic(`other:${SECRET}`))).toBe(401)
  expect(await status(withBasic('apache'))).toBe(401)
  expect(await status('Bearer wrong')).toBe(401)
  expect(onezone.calls()['verifyAccessToken'] ?? 0).toBe(0)
  expect(await status(`Bearer ${SECRET}`)).toBe(200)
  expect(await status(BASIC)).toBe(200)
  // The secret is for introspection alone.
  const [path, fields] = describeRequest('caddy')
  expect((await ask(path, [...fields, 'X-Auth-Token', token])).code).toBe('asker_not_trusted')
})

test('a question that is none is refused, and its connection goes on', async () => {
  const { post, url, token } = await startIntrospection()
  expect((await fetch(`${url}/introspect`)).status).toBe(405)
  expect((await post('')).status).toBe(400)
  expect((await post(`token=a&token=b`)).status).toBe(400)
  expect((await post(`token=a&interface=soap`)).status).toBe(400)
  expect((await post(`{}`, { 'Content-Type': 'application/json' })).status).toBe(415)
  const long = await post(`token=${'a'.repeat(100_000)}`).catch(() => null)
  expect(long === null || long.status === 413).toBe(true)
  expect((await post(`token=${token}`)).status).toBe(200)
})
