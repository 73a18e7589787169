import { describe, expect, test } from 'vitest'
import { parseToken } from '../../src/token/index.ts'
import { accessToken, alice, bob, errorOf, krakow, P, zone } from './start.ts'

const stranger = { type: 'user', id: 'nobody-here' } as const

describe('creating tokens', () => {
  test('a named token has a location, and is what was asked for', async () => {
    const { send } = await zone()
    const type = { inviteToken: { inviteType: 'userJoinCluster', clusterId: 'krakow' } }
    const caveats = [{ type: 'ip', whitelist: ['10.0.0.1'] }]
    const body = { name: 'laptop', type, caveats, customMetadata: { a: [1] } }
    const headers = { 'X-Control-Auth': 'provider:krakow' }
    const answer = await send(`${P}/provider/tokens/named`, { headers, body })

    const { tokenId, token } = answer.json as { tokenId: string; token: string }
    expect(answer.status).toBe(201)
    expect(answer.headers.location).toBe(`https://onezone.local${P}/tokens/named/${tokenId}`)
    expect(parseToken(token)).toMatchObject({
      id: tokenId,
      persistence: 'named',
      subject: krakow,
      type: { inviteToken: { ...type.inviteToken, parameters: {} } },
      caveats: [{ type: 'ip', whitelist: ['10.0.0.1/32'] }],
    })
    expect((await send(`${P}/tokens/named/${tokenId}/status`, { headers })).json).toEqual({
      revoked: false,
    })
  })

  test('a named token may be born revoked', async () => {
    const { sendAs, verifyAccess } = await zone()
    const body = { name: 'laptop', revoked: true }
    const { json } = await sendAs(bob)(`${P}/users/bob/tokens/named`, { body })
    const refused = await verifyAccess((json as { token: string }).token)
    expect(errorOf(refused)).toEqual({ id: 'tokenRevoked' })
  })

  test('fields are checked in the order of the original', async () => {
    const { sendAs } = await zone()
    const create = async (body: object) =>
      errorOf(await sendAs(stranger)(`${P}/user/tokens/named`, { body }))
    const bad = { name: '-', caveats: 1, customMetadata: 1, revoked: 1, type: 'act' }
    const { name: _, ...nameless } = bad

    const type = { id: 'badValueTokenType', details: { key: 'type' } }
    expect(await create({ ...bad, type: {} })).toEqual(type)
    const missing = { id: 'missingRequiredValue', details: { key: 'name' } }
    expect(await create(nameless)).toEqual(missing)
    expect(await create(bad)).toEqual({ id: 'badValueName' })
    const rest = { ...bad, name: 'good' }
    expect(await create(rest)).toEqual({ id: 'badData', details: { key: 'caveats' } })
    expect(await create({ ...rest, caveats: [] })).toEqual({
      id: 'badValueJSON',
      details: { key: 'customMetadata' },
    })
    expect(await create({ ...rest, caveats: [], customMetadata: {} })).toEqual({
      id: 'badValueBoolean',
      details: { key: 'revoked' },
    })
    expect(await create({ name: 'good', type: 'act' })).toEqual(type)
    expect(await create({ name: 'good' })).toEqual({ id: 'tokenSubjectInvalid' })
  })

  test('a change names at least one thing to change', async () => {
    const { sendAs, named } = await zone()
    const { tokenId } = named(alice, accessToken)
    const patch = async (body: object) =>
      errorOf(await sendAs(alice)(`${P}/tokens/named/${tokenId}`, { method: 'PATCH', body }))
    const keys = ['customMetadata', 'name', 'revoked']
    expect(await patch({ type: 1 })).toEqual({ id: 'missingAtLeastOneValue', details: { keys } })
    const json = { id: 'badValueJSON', details: { key: 'customMetadata' } }
    expect(await patch({ revoked: 1, name: '-', customMetadata: [] })).toEqual(json)
    expect(await patch({ customMetadata: { note: 'x' } })).toBeUndefined()
  })

  test('what cannot be written fails as an internal error', async () => {
    const { sendAs, named, access } = await zone()
    const send = sendAs(alice)
    const long = { type: 'ip', whitelist: Array<string>(4000).fill('255.255.255.255/32') }
    const failed = {
      id: 'internalServerError',
      details: { reference: expect.any(String) as string },
    }
    const body = { name: 'laptop', caveats: [long] }
    const created = await send(`${P}/users/alice/tokens/named`, { body })
    expect([created.status, errorOf(created)]).toEqual([500, failed])
    const again = await send(`${P}/users/alice/tokens/named`, { body: { name: 'laptop' } })
    expect(again.status).toBe(201)
    const confine = { token: access(), caveats: [long] }
    expect((await send(`${P}/tokens/confine`, { body: confine })).status).toBe(500)
    const slash = { inviteToken: { inviteType: 'userJoinSpace', spaceId: 'a/b' } } as const
    expect(() => named(alice, slash)).toThrow(/internalServerError/)
  })
})
