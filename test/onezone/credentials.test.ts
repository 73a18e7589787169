import { describe, expect, test } from 'vitest'
import { OnezoneApiError } from '../../src/errors.ts'
import { tokenId } from '../../src/token/index.ts'
import {
  answer,
  clientOf,
  GRANT,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const ABC = tokenId('abc')
const status = () => scriptedOnezone((socket) => socket.write(answer(200, { revoked: false })))
const grant = () => scriptedOnezone((socket) => socket.write(answer(200, GRANT)))

describe('credentials', () => {
  test.each([
    [{ token: 'tok' }, ['x-auth-token: tok']],
    [{ bearer: 'tok' }, ['authorization: Bearer tok']],
    [
      { token: 'tok', serviceToken: 'opw-idn', consumerToken: 'con' },
      ['x-auth-token: tok', 'x-onedata-service-token: opw-idn', 'x-onedata-consumer-token: con'],
    ],
    [
      { basic: { username: 'jos\u00e9', password: 'a:b c' } },
      [`authorization: Basic ${Buffer.from('jos\u00e9:a:b c').toString('base64')}`],
    ],
  ])('%j are sent as Onezone reads them', async (credentials, fields) => {
    const server = await status()
    await clientOf(server.url).getNamedTokenStatus(ABC, { credentials })
    await clientOf(server.url, { credentials }).getNamedTokenStatus(ABC)
    for (const { head } of server.requests) expect(head.split('\r\n').slice(5)).toEqual(fields)
    expect(server.requests).toHaveLength(2)
  })

  test('of the call win over those of the client', async () => {
    const server = await status()
    const client = clientOf(server.url, { credentials: { token: 'of-the-client' } })
    await client.getNamedTokenStatus(ABC, { credentials: { bearer: 'of-the-call' } })
    expect(server.received).toContain('authorization: Bearer of-the-call')
    expect(server.received).not.toContain('of-the-client')
  })

  test('of the client never go with a public operation; those of the call do', async () => {
    const server = await grant()
    const client = clientOf(server.url, { credentials: { token: 'of-the-client' } })
    const asked = { token: 'tok', peerIp: null }
    await client.verifyAccessToken(asked)
    await client.verifyIdentityToken(asked)
    await client.verifyInviteToken(asked)
    expect(server.received).not.toMatch(/auth/i)
    await client.verifyAccessToken(asked, { credentials: { token: 'of-the-call' } })
    expect(server.received).toContain('x-auth-token: of-the-call')
  })

  test('that Onezone refuses are an error, and no verdict on the token in question', async () => {
    const body = { error: { id: 'unauthorized', details: { authError: { id: 'tokenRevoked' } } } }
    const server = await scriptedOnezone((socket) => socket.write(answer(401, body)))
    const client = clientOf(server.url)
    const asked = { token: 'tok', peerIp: null }
    const error = await rejectionOf(
      client.verifyAccessToken(asked, { credentials: { token: 'own' } }),
    )
    expect(error).toBeInstanceOf(OnezoneApiError)
    expect(error).toMatchObject({ status: 401, id: 'unauthorized' })
    // Nobody was to be authenticated: whoever says 401 then is no Onezone.
    const fault = await rejectionOf(client.verifyAccessToken(asked))
    expect(fault).toMatchObject({ code: 'ERR_ONEZONE_STATUS' })
  })

  test('are needed where the operation is not public, before anything is sent', async () => {
    const server = await status()
    const error = await rejectionOf(clientOf(server.url).getNamedTokenStatus(ABC))
    expect(error).toMatchObject({ name: 'TypeError', message: /"credentials" are missing/ })
    expect(server.received).toBe('')
  })

  test.each([
    ['"credentials" must be an object', 'tok'],
    ['"credentials" must be an object', null],
    ['"credentials.token"', {}],
    ['"credentials.token"', { token: '' }],
    ['"credentials.token"', { token: 'two words' }],
    ['"credentials.token"', { token: 'tok\r\nX-Admin: 1' }],
    ['"credentials.bearer"', { bearer: 'caf\u00e9' }],
    ['only one of', { token: 'a', bearer: 'b' }],
    ['"credentials.serviceToken"', { token: 'a', serviceToken: 'b c' }],
    ['"credentials.consumerToken"', { token: 'a', consumerToken: '' }],
    ['no effect beside "basic"', { basic: { username: 'u', password: 'p' }, serviceToken: 's' }],
    ['"credentials.basic.username"', { basic: { username: 'a:b', password: 'p' } }],
    ['"credentials.basic.username"', { basic: {} }],
    ['"credentials.basic.password"', { basic: { username: 'u' } }],
  ])('%s: %j is refused by call and client, and not repeated', async (message, credentials) => {
    const server = await status()
    const options = { credentials } as never
    const error = await rejectionOf(clientOf(server.url).getNamedTokenStatus(ABC, options))
    expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining(message) })
    expect(() => clientOf(server.url, options)).toThrow(message)
    expect(server.received).toBe('')
  })
})
