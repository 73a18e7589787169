import { describe, expect, test } from 'vitest'
import { DEMO_WORLD } from '../../src/dev-onezone/index.ts'
import { accessToken, alice, bob, causeOf, errorOf, NOW, P, start, zone } from './start.ts'

const root = { type: 'user', id: 'root' } as const

describe('what the zone says about itself and its users', () => {
  test('the address of who asks', async () => {
    const { send } = await start()
    expect((await send(`${P}/provider/public/check_my_ip`)).text).toBe('"127.0.0.1"')
  })

  test('the names of administrative privileges', async () => {
    const { send } = await start()
    const { admin, viewer } = (await send(`${P}/privileges`)).json as Record<string, string[]>
    expect(admin).toEqual(expect.arrayContaining(['oz_tokens_manage', 'oz_users_update']))
    expect(viewer).toEqual(expect.arrayContaining(['oz_users_list', 'oz_spaces_view']))
    expect(viewer?.filter((name) => !/_(?:list|view|list_relationships)$/.test(name))).toEqual([])
    expect(admin).toEqual(expect.arrayContaining(viewer ?? []))
  })

  test('its health in XML, to everybody, whatever they send', async () => {
    const { send } = await start()
    const headers = { 'X-Auth-Token': 'bad', Accept: 'text/html' }
    const answer = await send('/nagios', { headers })
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/xml'])
    expect(answer.text).toContain('<healthdata date="2025/06/15 15:06:40" status="ok"><oz_worker ')
    for (const method of ['POST', 'HEAD', 'OPTIONS']) {
      expect((await send('/nagios', { method })).status).toBe(405)
    }
  })

  test('a token that is confined to some calls makes no other, not even public ones', async () => {
    const { send, access } = await zone()
    const only = (...whitelist: string[]) => access({ type: 'api', whitelist })
    const ask = (token: string, path: string) => send(path, { headers: { 'X-Auth-Token': token } })

    const time = only('ozw/get/provider.null.current_time:*')
    expect((await ask(time, `${P}/provider/public/get_current_time`)).status).toBe(200)
    expect(causeOf(await ask(time, `${P}/health`))).toBe('tokenCaveatUnverified')
    expect((await ask(only('all/all/oz_worker.*.*:*'), `${P}/configuration`)).status).toBe(200)
    const create = only('ozw/create/*.*.*:*')
    expect(causeOf(await ask(create, `${P}/configuration`))).toBe('tokenCaveatUnverified')
  })

  test('a token with data-access caveats is no credential at all', async () => {
    const { send, access } = await zone()
    for (const caveat of [
      { type: 'data.readonly' },
      { type: 'interface', interface: 'oneclient' },
    ] as const) {
      const answer = await send(`${P}/health`, { headers: { 'X-Auth-Token': access(caveat) } })
      expect([answer.status, causeOf(answer)]).toEqual([401, 'tokenCaveatUnverified'])
      expect(answer.headers['content-type']).toBeUndefined()
    }
  })
})

describe('blocking a user', () => {
  const world = {
    ...DEMO_WORLD,
    users: { ...DEMO_WORLD.users, root: { ozPrivileges: ['oz_users_update'] } },
  }
  const PATH = `${P}/users/alice/access_block`
  const blocked = (value: unknown) => ({ method: 'PATCH', body: { blocked: value } })

  test('takes its tokens away, and its sessions for good', async () => {
    const { onezone, send, sendAs } = await start({ world })
    const free = onezone.createNamedToken({ subject: alice, name: 'free' }).token
    const bound = onezone.createNamedToken({
      subject: alice,
      name: 'bound',
      type: { accessToken: { sessionId: 'alice-session' } },
    }).token
    const verify = async (token: string) =>
      errorOf(await send(`${P}/tokens/verify_access_token`, { body: { token } }))

    expect((await sendAs(root)(PATH, blocked(true))).status).toBe(204)
    expect(await verify(free)).toEqual({ id: 'userBlocked' })
    expect((await sendAs(root)(PATH, blocked(false))).status).toBe(204)
    expect(await verify(free)).toBeUndefined()
    expect(await verify(bound)).toEqual({ id: 'tokenSessionInvalid' })
  })

  test('is for administrators only, not for the user itself', async () => {
    const { send, sendAs } = await start({ world })
    expect(errorOf(await send(PATH, blocked(true)))).toEqual({ id: 'unauthorized' })
    for (const who of [alice, bob]) {
      expect(errorOf(await sendAs(who)(PATH, blocked(true)))).toEqual({ id: 'forbidden' })
    }
    const nowhere = await send(`${P}/users/nobody-here/access_block`, blocked(true))
    expect(errorOf(nowhere)).toEqual({ id: 'notFound' })
    expect(errorOf(await sendAs(root)(PATH, blocked('yes')))).toEqual({
      id: 'badValueBoolean',
      details: { key: 'blocked' },
    })
    expect(errorOf(await sendAs(root)(PATH, { method: 'PATCH' }))).toEqual({
      id: 'missingRequiredValue',
      details: { key: 'blocked' },
    })
  })
})

describe('without permissions', () => {
  test('everybody may do everything, but credentials must still be good', async () => {
    const { onezone, send } = await start({ permissions: false })
    const { tokenId } = onezone.createNamedToken({
      subject: bob,
      name: 'laptop',
      type: accessToken,
    })
    expect((await send(`${P}/tokens/named`)).json).toEqual({ tokens: [tokenId] })
    const body = { caveats: [{ type: 'time', validUntil: NOW + 60 }] }
    expect((await send(`${P}/users/alice/tokens/temporary`, { body })).status).toBe(201)
    expect((await send(`${P}/user/tokens/named`)).status).toBe(401)
    expect((await send(`${P}/tokens/named`, { headers: { Macaroon: 'bad' } })).status).toBe(401)
  })
})
