import { describe, expect, test } from 'vitest'
import { providerId, userId } from '../../src/token/index.ts'
import {
  answer,
  clientOf,
  noContent,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const credentials = { token: 'own' }
const replying = (status: number, body: unknown, headers?: Record<string, string>) =>
  scriptedOnezone((socket) => socket.write(answer(status, body, headers)))

const NAMED = {
  id: 'abc',
  name: 'my token',
  subject: { type: 'user', id: 'alice' },
  type: { inviteToken: { inviteType: 'supportSpace', spaceId: 's1', parameters: {} } },
  caveats: [{ type: 'time', validUntil: 5 }, { type: 'caveat of a later Onezone' }],
  metadata: {
    creationTime: 1_795_000_000,
    custom: { any: ['thing'] },
    usageLimit: 'infinity',
    usageCount: 0,
    privileges: null,
  },
  revoked: false,
  token: 'MDAx',
}

describe('the operations on the tokens of a subject', () => {
  test('are asked below its path with the credentials, ids and names percent-encoded', async () => {
    const server = await replying(200, { generation: 7 })
    const client = clientOf(server.url, { apiPrefix: '/elsewhere', credentials })
    await client.getTemporaryTokenGenerationOfUser(userId('a/b c'))
    await client.getTemporaryTokenGenerationOfProvider(providerId('p'))
    await client.getTemporaryTokenGenerationOfCurrentUser()
    await client.getTemporaryTokenGenerationOfCurrentProvider()
    expect(server.requests.map(({ head }) => head.split('\r\n'))).toEqual(
      ['users/a%2Fb%20c', 'providers/p', 'user', 'provider'].map((path) => [
        `GET /elsewhere/${path}/tokens/temporary HTTP/1.1`,
        `host: ${new URL(server.url).host}`,
        'connection: keep-alive',
        'accept: application/json',
        'accept-encoding: identity',
        'x-auth-token: own',
      ]),
    )
  })

  test('are the same for a subject that is known only when the program runs', async () => {
    const server = await replying(200, { tokens: ['t1', 't2'] })
    const client = clientOf(server.url, { credentials })
    const user = client.tokensOf({ type: 'user', id: userId('alice') })
    expect(await user.listNamedTokens()).toEqual({ tokens: ['t1', 't2'] })
    await client.tokensOf('currentProvider').listNamedTokens()
    expect(server.requests.map(({ head }) => head.split(' ')[1])).toEqual([
      '/api/v3/onezone/users/alice/tokens/named',
      '/api/v3/onezone/provider/tokens/named',
    ])
    for (const subject of ['user', { type: 'group', id: 'g' }, { type: 'user', id: '..' }, null]) {
      expect(() => client.tokensOf(subject as never)).toThrow(TypeError)
    }
  })

  test('create with 201; Location is told, and null where there is none', async () => {
    const location = 'https://onezone.local/api/v3/onezone/tokens/named/abc'
    const server = await scriptedOnezone((socket, count) => {
      const fields = count === 1 ? { location } : {}
      socket.write(answer(201, { tokenId: 'abc', token: 'MDAx' }, fields as Record<string, string>))
    })
    const client = clientOf(server.url, { credentials })
    const created = { tokenId: 'abc', token: 'MDAx' }
    const request = { name: 'my token', caveats: [], usageLimit: 3 }
    expect(await client.createNamedTokenForCurrentUser(request)).toEqual({ ...created, location })
    expect(await client.createNamedTokenForCurrentUser(request)).toEqual({
      ...created,
      location: null,
    })
    expect(server.requests[0]!.head).toMatch(/^POST \/api\/v3\/onezone\/user\/tokens\/named HTTP/)
    expect(JSON.parse(server.requests[0]!.body)).toEqual(request)
    expect(await client.createTemporaryTokenForUser(userId('alice'), { caveats: [] })).toEqual({
      token: 'MDAx',
    })
  })

  test('find a token by its name, whatever that is made of', async () => {
    const server = await replying(200, NAMED)
    const client = clientOf(server.url, { credentials })
    expect(await client.getNamedTokenOfCurrentUserByName('a (b) ä.%2F/?#')).toEqual(NAMED)
    expect(server.requests[0]!.head).toMatch(
      /^GET \/api\/v3\/onezone\/user\/tokens\/named\/name\/a%20\(b\)%20%C3%A4\.%252F%2F%3F%23 HTTP/,
    )
    for (const name of ['', '.', '..', '\ud800', 7]) {
      const call = client.getNamedTokenOfCurrentUserByName(name as never)
      expect(await rejectionOf(call)).toMatchObject({
        name: 'TypeError',
        message: '"name" must be the name of a token.',
      })
    }
    expect(server.requests).toHaveLength(1)
  })

  test('read custom metadata however deep it is nested', async () => {
    let custom = {}
    for (let depth = 0; depth < 100; depth += 1) custom = { custom }
    const named = { ...NAMED, metadata: { ...NAMED.metadata, custom } }
    const server = await replying(200, named)
    const client = clientOf(server.url, { credentials })
    expect(await client.getNamedTokenOfCurrentUserByName('my token')).toEqual(named)
  })

  test.each([
    {},
    { ...NAMED, id: 1 },
    { ...NAMED, subject: { type: 'group', id: 'g' } },
    { ...NAMED, type: 'act' },
    { ...NAMED, caveats: ['time < 1'] },
    { ...NAMED, metadata: { creationTime: 1 } },
    { ...NAMED, metadata: { ...NAMED.metadata, usageLimit: null } },
    { ...NAMED, metadata: { ...NAMED.metadata, privileges: [1] } },
    { ...NAMED, revoked: 'no' },
    { ...NAMED, token: null },
  ])('take no other shape of a named token: %j', async (body) => {
    const server = await replying(200, body)
    const client = clientOf(server.url, { credentials })
    const error = await rejectionOf(client.getNamedTokenOfCurrentUserByName('my token'))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
  })

  test.each(['7', -1, 1.5, null, true])('take no generation %j', async (generation) => {
    const server = await replying(200, { generation })
    const client = clientOf(server.url, { credentials })
    const error = await rejectionOf(client.getTemporaryTokenGenerationOfCurrentUser())
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
  })

  test('delete with 204 and an empty answer', async () => {
    const server = await scriptedOnezone((socket) => socket.write(noContent()))
    const client = clientOf(server.url, { credentials })
    expect(await client.deleteNamedTokensOfProvider(providerId('p'))).toBeUndefined()
    expect(await client.revokeAllTemporaryTokensOfCurrentUser()).toBeUndefined()
    expect(server.requests.map(({ head }) => head.split(' HTTP')[0])).toEqual([
      'DELETE /api/v3/onezone/providers/p/tokens/named',
      'DELETE /api/v3/onezone/user/tokens/temporary',
    ])
    expect(server.received).not.toMatch(/content-type/)
  })

  test.each(['', '..', 'MDAxZWxvY2F00aW9u', undefined])('are for no id %j', async (id) => {
    const server = await scriptedOnezone(() => {})
    const client = clientOf(server.url, { credentials })
    const error = await rejectionOf(client.listNamedTokensOfUser(id as never))
    expect(error).toBeInstanceOf(TypeError)
    expect(server.received).toBe('')
  })
})
