import { describe, expect, test } from 'vitest'

import type { CredentialKind } from '../../src/authenticator/index.ts'
import { AUTHENTICATED, startRig, TOKEN } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { startBehind } from '../helpers/websocket-rig.ts'
import { HANDSHAKE, SWITCHING } from '../helpers/websocket.ts'

const H = 'Host: gw.test\r\n'
const basic = (user: string, password: string) =>
  `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`
const protocol = (token: string) => `onedata.token.${Buffer.from(token).toString('base64url')}`

/** Sends one request with these fields to a route that reads these kinds. */
async function ask(
  credentials: readonly CredentialKind[] | undefined,
  fields: string,
  policy: object = {},
) {
  const upstream = await startRecordingUpstream()
  const rig = await startRig([
    { path: '/**', upstream: upstream.url, policy: { credentials, ...policy } },
  ])
  const client = await openRawClient(rig.port)
  client.send(`GET /x HTTP/1.1\r\n${H}${fields}\r\n`)
  const response = readResponse(await client.until(/\r\n\r\n(?:ok|\{.*\})$/s))
  const challenges = response.fields.filter(([name]) => name === 'www-authenticate')
  return {
    response,
    request: upstream.requests[0],
    challenges: challenges.map(([, value]) => value),
    verifications: rig.verifications(),
  }
}

describe('basic-password', () => {
  const KINDS = ['bearer', 'basic-password'] as const

  test('lets a token pass as the password of Basic, whoever the user is said to be', async () => {
    for (const user of ['alice', '', 'a b']) {
      const { response, request } = await ask(KINDS, basic(user, TOKEN))
      expect(response.status).toBe(200)
      expect(request?.values('x-onedata-subject-id')).toEqual(['alice'])
      expect(request?.values('authorization')).toEqual([])
    }
  })

  test('offers Basic beside Bearer, each in a field of its own', async () => {
    const { response, challenges } = await ask(KINDS, '')
    expect(response.status).toBe(401)
    expect(challenges).toEqual(['Bearer realm="onedata"', 'Basic realm="onedata", charset="UTF-8"'])
    const bad = await ask(KINDS, basic('alice', 'secret'))
    expect(bad.response.body).toContain('"token_malformed"')
    expect(bad.challenges[1]).toBe('Basic realm="onedata", charset="UTF-8"')
    expect(bad.request).toBeUndefined()
  })

  test('does not offer Basic where another password would not help', async () => {
    const { response, challenges } = await ask(KINDS, basic('a', TOKEN), {
      subjects: { ids: ['bob'] },
    })
    expect(response.status).toBe(403)
    expect(challenges).toHaveLength(1)
    expect(challenges[0]).toMatch(/^Bearer /)
  })

  test.each([
    ['no base64', 'Authorization: Basic ä\r\n'],
    ['no colon', `Authorization: Basic ${Buffer.from('alice').toString('base64')}\r\n`],
    ['two credentials in one', `Authorization: Basic YTpi, Basic YTpi\r\n`],
    ['more than one space', 'Authorization: Basic  YTpi\r\n'],
  ])('refuses what cannot be read: %s', async (_title, fields) => {
    const { response, request } = await ask(KINDS, fields)
    expect(response.status).toBe(400)
    expect(response.body).toMatch(/"credentials_malformed"/)
    expect(request).toBeUndefined()
  })

  test('refuses two tokens, and two Authorizations', async () => {
    for (const fields of [
      `${basic('a', TOKEN)}X-Auth-Token: ${TOKEN}x\r\n`,
      `${basic('a', TOKEN)}Authorization: Bearer ${TOKEN}\r\n`,
    ]) {
      const kinds = [...KINDS, 'x-auth-token'] as const
      const { response, request, verifications } = await ask(kinds, fields)
      expect(response.body).toContain('"credentials_ambiguous"')
      expect([request, verifications]).toEqual([undefined, 0])
    }
  })

  test('takes an empty password for none, and does not pass it on', async () => {
    const { response, request } = await ask(KINDS, basic('alice', ''), { optional: true })
    expect(response.status).toBe(200)
    expect(request?.values('authorization')).toEqual([])
  })

  test('is not read unless asked for: it stays the upstream’s', async () => {
    const missing = await ask(undefined, basic('alice', TOKEN))
    expect(missing.response.status).toBe(401)
    expect(missing.challenges).toEqual(['Bearer realm="onedata"'])
    const beside = await ask(undefined, `${basic('alice', 'pw')}X-Auth-Token: ${TOKEN}\r\n`)
    expect(beside.request?.values('authorization')).toEqual([basic('alice', 'pw').slice(15, -2)])
  })
})

describe('what is not read', () => {
  test('is the upstream’s: a Bearer', async () => {
    const { request } = await ask(
      ['x-auth-token'],
      `Authorization: Bearer theirs\r\nX-Auth-Token: ${TOKEN}\r\n`,
    )
    expect(request?.values('authorization')).toEqual(['Bearer theirs'])
    expect(request?.values('x-auth-token')).toEqual([])
    expect(request?.values('x-onedata-subject-id')).toEqual(['alice'])
  })

  test('lets nobody in', async () => {
    const { response, request, verifications } = await ask(
      ['x-auth-token'],
      `Authorization: Bearer ${TOKEN}\r\n`,
    )
    expect(response.status).toBe(401)
    expect(response.body).toContain('Send one in X-Auth-Token.')
    expect([request, verifications]).toEqual([undefined, 0])
  })

  test('is the upstream’s in its answer, too', async () => {
    const upstream = await startRecordingUpstream({
      respond: (_request, socket) =>
        void socket.write(
          'HTTP/1.1 200 OK\r\nX-Auth-Token: theirs\r\nMacaroon: ours\r\nContent-Length: 2\r\n\r\nok',
        ),
    })
    const policy = { credentials: ['bearer', 'macaroon'] } as const
    const rig = await startRig([{ path: '/**', upstream: upstream.url, policy }])
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}X-Auth-Token: mine\r\n\r\n`)
    const response = readResponse(await client.until(/ok$/))
    expect(response.field('x-auth-token')).toBe('theirs')
    expect(response.field('macaroon')).toBeUndefined()
    expect(upstream.requests[0]?.values('x-auth-token')).toEqual(['mine'])
  })

  test('is everything on a public route that reads nothing, but for the consumer’s token', async () => {
    const fields = `Authorization: Bearer theirs\r\nX-Onedata-Consumer-Token: ${TOKEN}\r\n`
    const { request } = await ask([], fields, { token: 'none' })
    expect(request?.values('authorization')).toEqual(['Bearer theirs'])
    expect(request?.values('x-onedata-consumer-token')).toEqual([])
  })

  test('cannot be everything where a token is demanded', async () => {
    await expect(ask([], '')).rejects.toThrow(/"credentials" of a route is empty/)
  })
})

describe('websocket-protocol', () => {
  const policy = { credentials: ['websocket-protocol'] } as const
  const SWITCHED = `${SWITCHING}Sec-WebSocket-Protocol: chat\r\n\r\n`

  /** A handshake that offers these protocols. */
  async function shake(offered: string, route: object = { policy }) {
    const { rig, upstream } = await startBehind(SWITCHED, route)
    const client = await openRawClient(rig.port)
    client.send(`GET /ws HTTP/1.1\r\n${H}${HANDSHAKE}${offered}\r\n`)
    const head = await client.until(/\r\n\r\n/)
    return { response: readResponse(head), head, request: upstream.requests[0] }
  }

  test('lets a browser open a WebSocket: only the real protocols go on and come back', async () => {
    for (const offered of [
      `Sec-WebSocket-Protocol: ${protocol(TOKEN)}, chat, v2.chat\r\n`,
      `Sec-WebSocket-Protocol: chat,${protocol(TOKEN)},v2.chat\r\n`,
      `Sec-WebSocket-Protocol: ${protocol(TOKEN)}\r\nSec-WebSocket-Protocol: chat, v2.chat\r\n`,
    ]) {
      const { response, head, request } = await shake(offered)
      expect(response.status).toBe(101)
      expect(response.field('sec-websocket-protocol')).toBe('chat')
      expect(request?.values('sec-websocket-protocol').join(', ')).toBe('chat, v2.chat')
      expect(request?.values('x-onedata-subject-id')).toEqual(['alice'])
      expect(head).not.toContain('onedata.token')
    }
  })

  test('leaves no field behind where only a token was offered', async () => {
    const { request } = await shake(`Sec-WebSocket-Protocol: ${protocol(TOKEN)}\r\n`)
    expect(request?.values('sec-websocket-protocol')).toEqual([])
  })

  test.each([
    ['another token', protocol('x'), 401, 'token_malformed'],
    ['two tokens', `${protocol(TOKEN)}, ${protocol('x')}`, 400, 'credentials_ambiguous'],
    ['what is no base64url', 'onedata.token.a+b', 400, 'credentials_malformed'],
    ['an empty one', 'onedata.token., chat', 400, 'credentials_malformed'],
    ['none', 'chat', 401, 'credentials_missing'],
  ])('refuses %s', async (_title, offered, status, code) => {
    const { response, request } = await shake(`Sec-WebSocket-Protocol: ${offered}\r\n`)
    expect(response.status).toBe(status)
    expect(response.body).toContain(code)
    expect(request).toBeUndefined()
  })

  test('is not read unless asked for', async () => {
    const offered = `Sec-WebSocket-Protocol: ${protocol(TOKEN)}, chat\r\n`
    const { response, request } = await shake(offered, {})
    expect(response.status).toBe(401)
    expect(request).toBeUndefined()
  })

  test('passes with forwardToken, as any credential', async () => {
    const forwarding = { policy: { ...policy, forwardToken: true } }
    const offered = `${protocol(TOKEN)}, chat`
    const { request } = await shake(`Sec-WebSocket-Protocol: ${offered}\r\n`, forwarding)
    expect(request?.values('sec-websocket-protocol')).toEqual([offered])
  })
})
