import { describe, expect, test } from 'vitest'
import { alice, errorOf, NOW, P, start } from './start.ts'

const world = {
  onezoneDomain: 'zone.test',
  users: { carol: { sessions: ['s1'] } },
  providers: { cracow: { effectiveUsers: ['carol'] } },
}

describe('the control API', () => {
  test('stops the clock and lets it run again', async () => {
    const { send } = await start()
    const timeMillis = async () =>
      ((await send(`${P}/provider/public/get_current_time`)).json as { timeMillis: number })
        .timeMillis

    const stopped = await send('/control/clock', { method: 'PUT', body: { now: 12 } })
    expect(stopped.status).toBe(204)
    expect(await timeMillis()).toBe(12_000)

    await send('/control/clock', { method: 'PUT', body: { now: null } })
    expect(Math.abs((await timeMillis()) - Date.now())).toBeLessThan(5_000)
  })

  test('replaces the whole world', async () => {
    const { onezone, send } = await start()
    const token = onezone.createNamedToken({ subject: alice, name: 'old' })
    expect((await send('/control/world', { method: 'PUT', body: world })).status).toBe(204)

    const old = await send(`${P}/tokens/verify_access_token`, { body: { token: token.token } })
    expect(errorOf(old)).toEqual({ id: 'tokenInvalid' })
    expect(() => onezone.createNamedToken({ subject: alice, name: 'new' })).toThrow(
      /tokenSubjectInvalid/,
    )
    const carol = { type: 'user', id: 'carol' } as const
    expect(onezone.createNamedToken({ subject: carol, name: 'new' }).token).toMatch(/^MDA/)
  })

  test('changes only the given keys of the given entities', async () => {
    const { onezone, send } = await start({ world })
    const carol = { type: 'user', id: 'carol' } as const
    const bound = onezone.createNamedToken({
      subject: carol,
      name: 'bound',
      type: { accessToken: { sessionId: 's1' } },
    })
    const verify = () => send(`${P}/tokens/verify_access_token`, { body: { token: bound.token } })

    await send('/control/world', { method: 'PATCH', body: { users: { carol: { blocked: true } } } })
    expect(errorOf(await verify())).toEqual({ id: 'userBlocked' })
    await send('/control/world', {
      method: 'PATCH',
      body: { users: { carol: { blocked: false } } },
    })
    expect((await verify()).status).toBe(200)
    await send('/control/world', { method: 'PATCH', body: { users: { carol: { sessions: [] } } } })
    expect(errorOf(await verify())).toEqual({ id: 'tokenSessionInvalid' })
  })

  test('null deletes a user with all its named tokens and its temporary secret', async () => {
    const { onezone, send, sendAs } = await start()
    const named = onezone.createNamedToken({ subject: alice, name: 'named' })
    onezone.revokeTemporaryTokens(alice)
    onezone.revokeTemporaryTokens(alice)
    const temporary = onezone.createTemporaryToken({ subject: alice })
    await send('/control/world', { method: 'PATCH', body: { users: { alice: null } } })

    for (const token of [named.token, temporary]) {
      const answer = await send(`${P}/tokens/verify_access_token`, { body: { token } })
      expect(errorOf(answer)).toEqual({ id: 'tokenInvalid' })
    }
    expect((await send(`${P}/tokens/named/${named.tokenId}/status`)).status).toBe(404)
    expect((await sendAs(alice)(`${P}/users/alice/tokens/temporary`)).json).toEqual({
      generation: 1,
    })
  })

  test('counts calls per operation and resets the counters', async () => {
    const { send } = await start()
    await send(`${P}/tokens/verify_access_token`, { body: {} })
    await send(`${P}/tokens/verify_access_token/`, { rawBody: '{' })
    await send(`${P}/tokens/verify_access_token`, { method: 'PUT' })
    await send(`${P}/tokens/nowhere`)
    await send(`${P}/health`)

    const counted = await send('/control/calls')
    expect(counted.json).toMatchObject({ verifyAccessToken: 2, getHealth: 1, examineToken: 0 })
    expect((await send('/control/calls', { method: 'DELETE' })).status).toBe(204)
    expect(Object.values((await send('/control/calls')).json as object).some(Boolean)).toBe(false)
  })

  test('sets the caller by a header', async () => {
    const { send } = await start()
    const generation = (caller: string) =>
      send(`${P}/user/tokens/temporary`, { headers: { 'X-Control-Auth': caller } })

    expect((await generation('user:alice')).json).toEqual({ generation: 1 })
    expect(errorOf(await generation('provider:krakow'))).toEqual({ id: 'forbidden' })
    expect(errorOf(await generation('nobody'))).toEqual({ id: 'unauthorized' })
    const bad = await generation('alice')
    expect(bad.status).toBe(400)
    expect(bad.json).toMatchObject({
      problems: [{ path: 'X-Control-Auth', message: 'must be nobody, user:ID or provider:ID' }],
    })
  })

  test.each([
    ['PUT', 'clock', { now: 'soon' }, 'now', /integer/],
    ['PUT', 'clock', {}, 'now', /got nothing/],
    ['PUT', 'clock', { now: 1.5 }, 'now', /integer/],
    ['PUT', 'world', [], '', /must be an object/],
    [
      'PUT',
      'world',
      { users: { alice: { blocked: 'no' } } },
      'users.alice.blocked',
      /true or false/,
    ],
    ['PUT', 'world', { user: {} }, 'user', /known are onezoneDomain, users/],
    ['PATCH', 'world', { geo: [] }, 'geo', /known are users, providers, onezone/],
    ['PATCH', 'world', { onezone: null }, 'onezone', /must be an object/],
    ['PUT', 'faults', {}, '', /must be a list/],
    ['PUT', 'faults', [{ operation: '*', kind: 'explode' }], '[0].kind', /one of latency/],
    ['PUT', 'faults', [{ operation: 'verify', kind: 'hang' }], '[0].operation', /one of \*/],
  ])('refuses %s %s with %j, naming path and remedy', async (method, name, body, path, message) => {
    const { send } = await start()
    const answer = await send(`/control/${name}`, { method, body })

    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    const { problems } = answer.json as { problems: { path: string; message: string }[] }
    expect(problems[0]).toMatchObject({ path, message: expect.stringMatching(message) as unknown })
  })

  test('refuses what is no JSON, unknown paths and wrong methods', async () => {
    const { send } = await start()
    const broken = await send('/control/world', { method: 'PUT', rawBody: '{' })
    expect([broken.status, broken.json]).toMatchObject([400, { problems: [{ path: 'body' }] }])
    expect((await send('/control/nowhere')).status).toBe(404)
    expect((await send('/control/toString')).status).toBe(404)
    const wrong = await send('/control/clock', { method: 'POST', body: {} })
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'PUT'])
  })

  test('changes nothing when it refuses', async () => {
    const { onezone, send } = await start()
    const body = { users: { alice: { blocked: true }, bob: { blocked: 1 } } }
    expect((await send('/control/world', { method: 'PATCH', body })).status).toBe(400)
    expect(onezone.createTemporaryToken({ subject: alice })).toMatch(/^MDA/)
  })

  test('is not there unless it was asked for', async () => {
    const { send } = await start({ control: false })
    expect((await send('/control/clock', { method: 'PUT', body: { now: 1 } })).status).toBe(404)
    const headers = { 'X-Control-Auth': 'user:alice' }
    expect((await send(`${P}/user/tokens/temporary`, { headers })).status).toBe(401)
    const time = await send(`${P}/provider/public/get_current_time`)
    expect(time.json).toEqual({ timeMillis: NOW * 1000 })
  })
})
