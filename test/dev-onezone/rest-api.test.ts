import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { alice, causeOf, errorOf, krakow, NOW, P, start } from './start.ts'

const EXAMINE = `${P}/tokens/examine`
const rubbish = { token: 'x' }

describe('the HTTP edge: paths and methods', () => {
  test.each([
    [`${P}/health/`, 200],
    [`${P}/health?x=y`, 200],
    [`${P}/h%65alth`, 200],
    ['/configuration', 200],
    [`${P}/configuration`, 200],
    [`${P}//health`, 404],
    [`${P}/HEALTH`, 404],
    ['/api/v2/onezone/health', 404],
    ['/', 404],
    [`${P}/health%zz`, 400],
    [`${P}/%`, 400],
  ])('GET %s is answered with %i', async (path, status) => {
    const { send } = await start()
    const answer = await send(path)
    expect(answer.status).toBe(status)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    if (status === 200) return
    expect(answer.text).toBe('')
    expect(answer.headers['content-type']).toBeUndefined()
  })

  test.each(['unknown', '%ff', '%00', 'a%2Fb'])('no token has the id %s', async (id) => {
    const { send } = await start()
    const answer = await send(`${P}/tokens/named/${id}/status`)
    expect(answer.status).toBe(404)
    expect(errorOf(answer)).toEqual({ id: 'notFound' })
  })

  test.each([
    ['PUT', EXAMINE, 405, 'POST'],
    ['PATCH', `${P}/tokens/verify_access_token`, 405, 'POST'],
    ['POST', `${P}/tokens/named/x/status`, 405, 'GET'],
    ['PUT', `${P}/user/tokens/temporary`, 405, 'DELETE, GET, POST'],
    ['HEAD', EXAMINE, 500, undefined],
    ['OPTIONS', EXAMINE, 500, undefined],
    ['TRACE', EXAMINE, 501, undefined],
  ])('%s %s is answered with %i', async (method, path, status, allow) => {
    const { send } = await start()
    const bad = { 'X-Auth-Token': 'bad', Accept: 'text/html', 'Content-Type': 'text/plain' }
    const answer = await send(path, { method, headers: bad })
    expect([answer.status, answer.headers.allow, answer.text]).toEqual([status, allow, ''])
    expect(answer.headers['access-control-allow-origin']).toBe('*')
  })
})

describe('the HTTP edge: media types', () => {
  test.each([
    ['application/json', 400],
    ['APPLICATION/JSON', 400],
    ['application/json ', 400],
    ['application/json;', 415],
    ['application/json; charset=utf-8', 415],
    ['text/plain', 415],
    ['*/*', 415],
    ['', 415],
    [null, 415],
  ])('a body of type %j is answered with %i', async (type, status) => {
    const { send } = await start()
    const answer = await send(EXAMINE, { body: rubbish, headers: { 'Content-Type': type } })
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe(status === 400 ? 'application/json' : undefined)
  })

  test.each([
    [null, 400],
    ['text/plain', 400],
    ['text/plain ; a=b;\tc="d;\\" e"', 400],
    ['a/b; charset=', 400],
    ['rubbish', 415],
    ['a/b; c=', 415],
    ['a/b; c', 415],
    ['a/b; c = d', 415],
    ['a/b; c="d', 415],
    ['a/b, c/d', 415],
    ['a/ b', 415],
  ])('no body of type %j is answered with %i', async (type, status) => {
    const { send } = await start()
    const answer = await send(EXAMINE, { method: 'POST', headers: { 'Content-Type': type } })
    expect(answer.status).toBe(status)
    if (status === 400) {
      expect(errorOf(answer)).toEqual({ id: 'missingRequiredValue', details: { key: 'token' } })
    }
  })

  test.each([
    ['*/*', 200],
    ['application/*', 200],
    ['text/html, application/json;q=0.5', 200],
    ['application/json;q=0', 200],
    ['application/json; charset=utf-8', 406],
    ['text/*', 406],
    ['', 406],
    ['json', 400],
    ['*', 400],
    ['*;q=1', 200],
    ['*;a=b', 406],
    ['text/html;q=.5;ext;e="a,b", ,\t*/*;q=0.123 ;x , ', 200],
    ['APPLICATION/JSON ; q=1.000', 200],
    ['application/json;a="b,c",text/*', 406],
    ['*/json', 406],
    ['*/*;q=1.001', 400],
    ['*/*;q=2', 400],
    ['*/*;q=', 400],
    ['*/*;q=.1234', 400],
    ['*/*;q=-0', 400],
    ['*/* q=1', 400],
    ['*/*; a = b', 400],
    ['*/*; a=', 400],
    ['*/*; a="b', 400],
    ['text/html,/', 400],
  ])('Accept: %s is answered with %i', async (accept, status) => {
    const { send } = await start()
    const answer = await send(`${P}/health`, { headers: { Accept: accept } })
    expect(answer.status).toBe(status)
    if (status !== 200) expect(answer.text).toBe('')
  })

  test.each<[method: string, headers: Record<string, string>, status: number]>([
    ['GET', { 'If-Match': '*' }, 200],
    ['GET', { 'If-Match': 'W/"a"' }, 412],
    ['GET', { 'If-Match': '*, "a"' }, 400],
    ['GET', { 'If-Match': '' }, 400],
    ['GET', { 'If-None-Match': '*' }, 304],
    ['GET', { 'If-None-Match': ', "a" ,W/"", ' }, 412],
    ['GET', { 'If-None-Match': 'a' }, 400],
    ['GET', { 'If-None-Match': '"a" "b"' }, 400],
    ['GET', { 'If-Match': '"a"', Accept: 'text/html' }, 406],
    ['POST', { 'If-None-Match': '*', 'Content-Type': 'text/plain' }, 412],
    ['DELETE', { 'If-None-Match': '*' }, 412],
    ['DELETE', { 'Content-Type': 'rubbish' }, 204],
    ['GET', { Host: '[::1]:80' }, 200],
    ['GET', { Host: 'a_b.c,d:' }, 400],
    ['GET', { Host: 'a/b' }, 400],
    ['GET', { Host: '[::1' }, 400],
  ])('%s with %o is answered with %i', async (method, headers, status) => {
    const { sendAs } = await start()
    const path = { POST: EXAMINE, DELETE: `${P}/user/tokens/temporary` }[method] ?? `${P}/health`
    expect((await sendAs(alice)(path, { method, headers })).status).toBe(status)
  })

  test.each([
    ['/./health', 200],
    ['/tokens/%2E%2e/health/.', 200],
    ['/../../../../api/v3/onezone/health/', 200],
    ['/health/..', 404],
    ['/%2e%2e%2Fhealth', 404],
    ['//health', 404],
    ['/health//', 404],
    ['/tokens/named//status', 404],
    ['/users//tokens/named', 403],
  ])('the path %s is answered with %i', async (path, status) => {
    const { sendAs } = await start()
    expect((await sendAs(alice)(P + path)).status).toBe(status)
  })

  test('the order is credentials, Accept, Content-Type, JSON, 404, limits of the token, permission, shape', async () => {
    const { onezone, send } = await start()
    const { tokenId } = onezone.createNamedToken({ subject: alice, name: 'laptop' })
    const patch = async (headers: Record<string, string>, rawBody: string, id = tokenId) =>
      send(`${P}/tokens/named/${id}`, { method: 'PATCH', headers, rawBody })
    const api = [{ type: 'api', whitelist: ['ozw/get/*.*.*:*'] }] as const
    const confined = onezone.createTemporaryToken({ subject: alice, caveats: api })

    const wrong = { 'X-Auth-Token': 'bad', Accept: 'text/html', 'Content-Type': 'text/plain' }
    expect((await patch(wrong, '{', 'none')).status).toBe(401)
    const { 'X-Auth-Token': _, ...media } = wrong
    expect((await patch(media, '{', 'none')).status).toBe(406)
    expect((await patch({ 'Content-Type': 'text/plain' }, '{', 'none')).status).toBe(415)
    expect(errorOf(await patch({}, '{', 'none'))).toEqual({ id: 'malformedData' })
    expect(errorOf(await patch({}, '17', 'none'))).toEqual({ id: 'notFound' })
    expect(causeOf(await patch({ 'X-Auth-Token': confined }, '17'))).toBe('tokenCaveatUnverified')
    expect(errorOf(await patch({}, '17'))).toEqual({ id: 'unauthorized' })
    expect(errorOf(await patch({ 'X-Control-Auth': 'user:bob' }, '17'))).toEqual({
      id: 'forbidden',
    })
    const own = await patch({ 'X-Control-Auth': 'user:alice' }, '17')
    expect(errorOf(own)).toEqual({ id: 'malformedData' })
  })

  test.each(['\ufeff{"token":"x"}', '{"token":"\\ud800"}', '{"token":', '[]', 'null'])(
    'the body %j is malformed',
    async (rawBody) => {
      const { send } = await start()
      expect(errorOf(await send(EXAMINE, { rawBody }))).toEqual({ id: 'malformedData' })
    },
  )

  test('a body beyond all that the original reads is refused as it does', async () => {
    const { onezone, send } = await start()
    const outcome = await send(EXAMINE, { rawBody: 'x'.repeat(8_000_001) }).then(
      ({ status }) => status,
      // The server may have closed the connection before all was sent.
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect([500, 'ECONNRESET', 'EPIPE']).toContain(outcome)
    expect((await fetch(`${onezone.url}${P}/health`)).status).toBe(200)
  })

  test('errors, 204 and 401 for missing credentials name JSON as media type', async () => {
    const { onezone, send, sendAs } = await start()
    const { tokenId } = onezone.createNamedToken({ subject: alice, name: 'laptop' })
    const removed = await sendAs(alice)(`${P}/tokens/named/${tokenId}`, { method: 'DELETE' })
    expect([removed.status, removed.text]).toEqual([204, ''])
    expect(removed.headers['content-type']).toBe('application/json')

    const anonymous = await send(`${P}/user/tokens/temporary`)
    expect(errorOf(anonymous)).toEqual({ id: 'unauthorized' })
    expect(anonymous.headers['content-type']).toBe('application/json')
    expect(anonymous.headers['www-authenticate']).toBeUndefined()

    const bad = await send(`${P}/user/tokens/temporary`, { headers: { 'X-Auth-Token': 'bad' } })
    expect([bad.status, causeOf(bad)]).toEqual([401, 'badToken'])
    expect(bad.headers['content-type']).toBeUndefined()
  })
})

describe('the credentials of a caller', () => {
  async function startWithTokens() {
    const { onezone, send } = await start()
    const token = (subject: typeof alice | typeof krakow, type: object = { accessToken: {} }) =>
      onezone.createTemporaryToken({ subject, type: type as { accessToken: object } })
    const ask = (headers: Record<string, string | string[]>, path = 'user') =>
      send(`${P}/${path}/tokens/temporary`, { headers })
    return {
      onezone,
      send,
      ask,
      a: token(alice),
      p: token(krakow),
      identity: token(krakow, { identityToken: {} }),
      aliceIdentity: token(alice, { identityToken: {} }),
    }
  }

  test('come in three headers, of which the first that is there decides', async () => {
    const { ask, a } = await startWithTokens()
    const good: Record<string, string>[] = [
      { 'X-Auth-Token': a },
      { 'X-Auth-Token': ` ${a}\t` },
      { 'X-Auth-Token': `opw-${a}` },
      { Authorization: `Bearer ${a}` },
      { Macaroon: a },
      { 'X-Auth-Token': a, Authorization: 'Bearer bad', Macaroon: 'bad' },
      { Authorization: `Bearer ${a}`, Macaroon: 'bad' },
      { Authorization: 'Bearer ', Macaroon: a },
      { Authorization: 'bearer bad', Macaroon: a },
    ]
    for (const headers of good) expect((await ask(headers)).status).toBe(200)

    const bad: Record<string, string | string[]>[] = [
      { 'X-Auth-Token': '', Macaroon: a },
      { 'X-Auth-Token': 'bad', Macaroon: a },
      { 'X-Auth-Token': [a, a] },
      { 'X-Auth-Token': `ozw-${a}` },
      { Authorization: [`Bearer ${a}`, `Bearer ${a}`] },
      { Authorization: `Bearer  ${a}` },
      { Macaroon: '' },
    ]
    for (const headers of bad) expect(causeOf(await ask(headers))).toBe('badToken')

    const absent = [{ Authorization: `bearer ${a}` }, { Authorization: `Bearer\t${a}` }, {}]
    for (const headers of absent)
      expect(errorOf(await ask(headers))).toEqual({ id: 'unauthorized' })
  })

  test('must be an access token that is good for REST from this address', async () => {
    const { onezone, ask, identity } = await startWithTokens()
    expect(causeOf(await ask({ 'X-Auth-Token': identity }))).toBe('notAnAccessToken')
    const caveats = [
      { type: 'interface', interface: 'oneclient' },
      { type: 'ip', whitelist: ['10.0.0.0/8'] },
      { type: 'data.readonly' },
      { type: 'consumer', whitelist: ['usr-*'] },
      { type: 'service', whitelist: ['opw-krakow'] },
    ] as const
    for (const caveat of caveats) {
      const token = onezone.createTemporaryToken({ subject: alice, caveats: [caveat] })
      expect(causeOf(await ask({ Macaroon: token }))).toBe('tokenCaveatUnverified')
    }
  })

  test('go with a service and a consumer token, which are ignored without them', async () => {
    const { onezone, ask, a, p, identity, aliceIdentity } = await startWithTokens()
    const caveats = [
      { type: 'consumer', whitelist: ['usr-alice'] },
      { type: 'service', whitelist: ['opp-krakow', 'ozw-*'] },
    ] as const
    const confined = onezone.createTemporaryToken({ subject: alice, caveats })
    const service = 'X-Onedata-Service-Token'
    const consumer = 'X-Onedata-Consumer-Token'
    const both = { [service]: `opp-${identity}`, [consumer]: aliceIdentity }

    expect((await ask({ Macaroon: confined, ...both })).status).toBe(200)
    expect((await ask({ Macaroon: a, [service]: p })).status).toBe(200)
    expect(causeOf(await ask({ Macaroon: a, [service]: '', [consumer]: '' }))).toBe(
      'badServiceToken',
    )
    expect(causeOf(await ask({ Macaroon: a, [consumer]: a }))).toBe('badConsumerToken')
    expect(causeOf(await ask({ Macaroon: a, [service]: aliceIdentity }))).toBe('badServiceToken')
    const ofProvider = await ask({ Macaroon: p, [service]: identity }, 'provider')
    expect(causeOf(ofProvider)).toBe('tokenServiceForbidden')
    expect(errorOf(await ask({ [service]: 'bad' }))).toEqual({ id: 'unauthorized' })
  })

  test('make their subject the consumer of what it verifies', async () => {
    const { onezone, send, a } = await startWithTokens()
    const caveats = [{ type: 'consumer', whitelist: ['usr-alice'] }] as const
    const token = onezone.createTemporaryToken({ subject: krakow, caveats })
    const verify = (headers: Record<string, string>) =>
      send(`${P}/tokens/verify_access_token`, { headers, body: { token } })

    expect(errorOf(await verify({}))).toMatchObject({ id: 'tokenCaveatUnverified' })
    expect((await verify({ 'X-Auth-Token': a })).json).toEqual({ subject: krakow, ttl: 3600 })
    expect((await verify({ 'X-Control-Auth': 'user:alice' })).status).toBe(200)
    expect((await verify({ 'X-Auth-Token': 'bad' })).status).toBe(401)
  })
})

describe('what the zone says about itself', () => {
  test('time, health and configuration', async () => {
    const { send } = await start({ onezoneDomain: 'zone.test' })
    const time = await send(`${P}/provider/public/get_current_time`)
    expect(time.json).toEqual({ timeMillis: NOW * 1000 })
    expect((await send(`${P}/health`)).json).toEqual({ status: 'healthy' })
    expect((await send('/configuration')).json).toMatchObject({
      name: null,
      domain: 'zone.test',
      compatibleOneproviderVersions: 'unknown',
      supportedIdPs: [],
    })
  })

  test('a caller that breaks off in the middle of its body harms nobody', async () => {
    const { onezone, send } = await start()
    const socket = connect(onezone.port, '127.0.0.1')
    socket.write(
      `POST ${EXAMINE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
    )
    await expect.poll(() => onezone.calls().examineToken).toBe(1)
    socket.end()
    expect(await text(socket)).toMatch(/^(HTTP\/1.1 400|$)/)
    expect((await send(`${P}/health`)).status).toBe(200)
  })
})
