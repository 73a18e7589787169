import { describe, expect, test } from 'vitest'

import type { RoutePolicy } from '../../src/authenticator/index.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const USUAL = 'X-Auth-Token, Authorization, Macaroon, X-Onedata-Consumer-Token'

/** What a client is told that an answer with these fields depends on. */
async function vary(fields: string, policy: Partial<RoutePolicy> = {}, body = 'ok') {
  const upstream = await startRecordingUpstream({
    respond: (_request, socket) =>
      void socket.write(
        `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`,
      ),
  })
  const rig = await startRig([{ path: '/**', upstream: upstream.url, policy }])
  const client = await openRawClient(rig.port)
  client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}Connection: close\r\n\r\n`)
  const response = readResponse(await client.closed())
  return response.fields.filter(([name]) => name === 'vary').map(([, value]) => value)
}

describe('an answer of a protected route', () => {
  test('says that it depends on every field that can carry a token', async () => {
    expect(await vary('')).toEqual([USUAL])
    expect(await vary('Cache-Control: max-age=60\r\n')).toEqual([USUAL])
    expect(await vary('', {}, 'x'.repeat(100_000))).toEqual([USUAL])
    expect(await vary('', { optional: true })).toEqual([USUAL])
  })

  test('names those that the route reads', async () => {
    expect(await vary('', { credentials: ['bearer', 'websocket-protocol'] })).toEqual([
      'Authorization, X-Onedata-Consumer-Token, Sec-WebSocket-Protocol',
    ])
  })

  test('adds to what the upstream says, once', async () => {
    expect(await vary('Vary: Accept-Encoding, authorization\r\n')).toEqual([
      'Accept-Encoding, authorization, X-Auth-Token, Macaroon, X-Onedata-Consumer-Token',
    ])
    expect(await vary('Vary: *\r\n')).toEqual(['*'])
  })

  test('says nothing where the upstream forbids to store it, and only then', async () => {
    expect(await vary('Cache-Control: no-store\r\n')).toEqual([])
    expect(await vary('cache-control: private, No-Store\r\n')).toEqual([])
    expect(await vary('Cache-Control: private\r\n')).toEqual([USUAL])
    expect(await vary('Cache-Control: x-no-store-y\r\n')).toEqual([USUAL])
  })
})

test('an answer of a public route is the same for everybody', async () => {
  expect(await vary('', { token: 'none' })).toEqual([])
})
