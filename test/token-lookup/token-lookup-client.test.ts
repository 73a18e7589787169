import { inspect } from 'node:util'

import { describe, expect, onTestFinished, test } from 'vitest'

import { TokenLookupApiError } from '../../src/errors.ts'
import type { TokenLookupClientOptions } from '../../src/token-lookup/index.ts'
import { createTokenLookupClient } from '../../src/token-lookup/index.ts'
import { answer, scriptedOnezone } from '../helpers/scripted-onezone.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { startTokenLookup } from '../helpers/token-lookup.ts'

function clientOf(url: string, apiToken: string, more: Partial<TokenLookupClientOptions> = {}) {
  const client = createTokenLookupClient({ url, apiToken, ...more })
  onTestFinished(() => client.close())
  return client
}

async function setUp() {
  const clock = createFakeClock()
  const server = await startTokenLookup({ clock })
  return { clock, server, client: clientOf(server.url, server.apiToken) }
}

describe('the six operations', () => {
  test('make, tell, list, change, look up and delete a token', async () => {
    const { clock, client } = await setUp()
    const { id, token } = await client.createToken({
      name: 'mine',
      scopes: ['settings.read'],
      expiresIn: { value: 2, unit: 'DAYS' },
    })
    if (id === null) throw new Error('no id')
    const told = {
      id,
      name: 'mine',
      userId: 'admin',
      revoked: false,
      created: clock.now(),
      expires: clock.now() + 172_800_000,
      lastUse: null,
      scopes: ['settings.read'],
      personalAccessToken: false,
    }
    expect(await client.getTokenMetadata(id)).toEqual(told)
    expect(await client.getTokenMetadataBySecret(token)).toEqual({ ok: true, metadata: told })
    expect(await client.listTokens({ permissions: ['settings.read'] })).toEqual([
      { id, name: 'mine', description: null },
    ])

    await client.updateToken(id, { revoked: true, scopes: ['a', 'b'] })
    expect(await client.getTokenMetadataBySecret(token)).toMatchObject({
      ok: true,
      metadata: { name: 'mine', revoked: true, scopes: ['a', 'b'] },
    })
    await client.deleteToken(id)
    expect(await client.getTokenMetadataBySecret(token)).toEqual({ ok: false, status: 404 })
    await expect(client.getTokenMetadata(id)).rejects.toMatchObject({ status: 404 })
  })

  test('a token without end tells none, and one that is over is still looked up', async () => {
    const { clock, client, server } = await setUp()
    const endless = await client.createToken({ name: 'endless', scopes: [] })
    const short = await client.createToken({ name: 's', scopes: [], expiresIn: { value: 5 } })
    clock.advance(1_000)
    const [first, second] = [
      await client.getTokenMetadataBySecret(endless.token),
      await client.getTokenMetadataBySecret(short.token),
    ]
    expect([first, second]).toMatchObject([
      { metadata: { expires: null } },
      { metadata: { expires: clock.now() - 995 } },
    ])
    expect(server.calls('getTokenMetadataBySecret')).toBe(2)
  })

  test('lists by user, by all of some scopes, by last use, and no more than asked for', async () => {
    const { clock, client, server } = await setUp()
    const bob = server.createToken({ name: 'bobs', userId: 'bob', scopes: ['a', 'b'] })
    server.createToken({ name: 'other', scopes: ['a'] })
    const namesOf = async (filter: Parameters<typeof client.listTokens>[0]) =>
      (await client.listTokens(filter)).map(({ name }) => name)
    expect(await namesOf({ user: 'bob' })).toEqual(['bobs'])
    expect(await namesOf({ permissions: ['a', 'b'] })).toEqual(['bobs'])
    expect(await namesOf({ permissions: ['a'] })).toEqual(['bobs', 'other'])
    expect(await namesOf({ from: clock.now() - 1 })).toEqual(['gateway'])
    expect(await namesOf({ to: clock.now() })).toEqual([])
    expect(await namesOf({ limit: 1 })).toEqual(['gateway'])
    await expect(client.listTokens({ limit: -1 })).rejects.toMatchObject({ status: 400 })
    expect(JSON.stringify(await client.listTokens())).not.toContain(bob.token)
  })

  test('the own token can neither be changed nor deleted', async () => {
    const { client } = await setUp()
    const [own] = await client.listTokens({ user: 'admin' })
    if (own === undefined) throw new Error('there is no own token')
    await expect(client.deleteToken(own.id)).rejects.toMatchObject({ status: 400 })
    await expect(client.updateToken(own.id, { revoked: true })).rejects.toMatchObject({
      status: 400,
    })
    expect(await client.getTokenMetadata(own.id)).toMatchObject({ revoked: false })
  })
})

describe('what goes wrong', () => {
  test('is an error with the status and the input that is objected to, and no word of the server', async () => {
    const { client } = await setUp()
    const error: unknown = await client
      .createToken({ name: '', scopes: [] })
      .catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(TokenLookupApiError)
    expect(error).toMatchObject({
      code: 'ERR_TOKEN_LOOKUP_API',
      status: 400,
      violations: [{ path: 'name', parameterLocation: 'PAYLOAD_BODY' }],
    })
  })

  test.each(['unknown-secret-of-ours', undefined])(
    'a credential that is no good: 403',
    async (own) => {
      const { server } = await setUp()
      const weak = own ?? server.createToken({ scopes: ['settings.read'] }).token
      const client = clientOf(server.url, weak)
      await expect(client.listTokens()).rejects.toMatchObject({ status: 403 })
      expect(await client.getTokenMetadataBySecret('x')).toEqual({ ok: false, status: 403 })
    },
  )

  test('a request without credential is told 401', async () => {
    const { server } = await setUp()
    const url = `${server.url}/api/cluster/v2/tokens`
    expect((await fetch(url)).status).toBe(401)
    expect((await fetch(url, { headers: { Authorization: 'Bearer x' } })).status).toBe(401)
  })

  test('what changes things is sent once, what only asks is tried again', async () => {
    const server = await scriptedOnezone((socket) => socket.end())
    const client = clientOf(server.url, 'own-secret')
    const fault = { code: 'ERR_TOKEN_LOOKUP_RESET' }
    await expect(client.createToken({ name: 'a', scopes: [] })).rejects.toMatchObject(fault)
    expect(server.requests).toHaveLength(1)
    await expect(client.getTokenMetadataBySecret('x')).rejects.toMatchObject(fault)
    expect(server.requests).toHaveLength(3)
  })

  test('no fault quotes a secret or the answer', async () => {
    const secret = 'dt0c01.PUBLIC.SECRETSECRETSECRET'
    for (const bytes of [
      answer(200, secret),
      answer(500, secret),
      answer(200, { id: 7, x: secret }),
    ]) {
      const server = await scriptedOnezone((socket) => socket.write(bytes))
      const client = clientOf(server.url, 'own-secret')
      const fault: unknown = await client.getTokenMetadataBySecret(secret).catch((e: unknown) => e)
      expect(fault).toMatchObject({ name: 'TokenLookupFaultError' })
      expect(inspect(fault, { depth: 9, showHidden: true })).not.toMatch(/SECRETS|own-secret/)
    }
  })

  test.each(['', '.', '..', `dt0c01.ABC.${'A'.repeat(64)}`, 'x'.repeat(97)])(
    'the id %j is refused before anything is sent',
    async (id) => {
      const { server, client } = await setUp()
      await expect(client.deleteToken(id)).rejects.toThrow(TypeError)
      await expect(client.getTokenMetadata(id)).rejects.toThrow(TypeError)
      await expect(client.updateToken(id, {})).rejects.toThrow(TypeError)
      expect(server.calls('deleteToken')).toBe(0)
    },
  )

  test.each([
    [{ url: 'http://cluster.example.org', apiToken: 'x' }, '"url"'],
    [{ url: 'https://cluster.example.org/api', apiToken: 'x' }, '"url"'],
    [{ url: 'https://cluster.example.org' }, '"apiToken"'],
    [{ url: 'https://cluster.example.org', apiToken: 'a b' }, '"apiToken"'],
  ])('the options %j are refused', (options, named) => {
    expect(() => createTokenLookupClient(options as TokenLookupClientOptions)).toThrow(named)
  })
})
