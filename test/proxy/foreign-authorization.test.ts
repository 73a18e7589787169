import { describe, expect, test } from 'vitest'

import { AUTHENTICATED, startRig, TOKEN } from '../helpers/proxy-rig.ts'
import { expectForwarded, startBench } from '../helpers/proxy-rows.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { openRawClient } from '../helpers/raw-client.ts'

const H = 'Host: gw.test\r\n'

const FOREIGN = [
  'Basic dXNlcjpwYXNz',
  'AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=00',
  'Digest username="a", realm="b", nonce="c"',
  'Negotiate YII=',
  'Bearerish x',
]

describe('an Authorization of another scheme', () => {
  test.each(FOREIGN)("is the upstream's, beside a token of ours: %s", async (value) => {
    const bench = await startBench()
    const fields = `${H}Authorization: ${value}\r\nX-Auth-Token: ${TOKEN}\r\n`
    const request = await expectForwarded(bench, `GET /app/x HTTP/1.1\r\n${fields}\r\n`)
    expect(request.values('authorization')).toEqual([value])
    expect(request.values('x-auth-token')).toEqual([])
    expect(request.values('x-onedata-subject-id')).toEqual(['alice'])
  })

  test.each(FOREIGN)("is the upstream's on a public route: %s", async (value) => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /pub/x HTTP/1.1\r\n${H}Authorization: ${value}\r\n\r\n`,
    )
    expect(request.values('authorization')).toEqual([value])
  })

  test.each(FOREIGN)('is no token: %s', async (value) => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`GET /app/x HTTP/1.1\r\n${H}Authorization: ${value}\r\n\r\n`)
    expect(await client.until('\r\n\r\n{')).toMatch(/^HTTP\/1\.1 401 /)
    expect(bench.upstream.requests).toEqual([])
  })

  test('does not come back from the upstream', async () => {
    const upstream = await startRecordingUpstream({
      respond: (_request, socket) =>
        void socket.write(
          'HTTP/1.1 200 OK\r\nAuthorization: Basic c2VjcmV0\r\nContent-Length: 2\r\n\r\nok',
        ),
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${H}\r\n`)
    expect(await client.until(/ok$/)).not.toContain('c2VjcmV0')
  })
})

describe('a token of ours', () => {
  test.each(['/app/x', '/pub/x'])('never reaches the upstream: %s', async (path) => {
    const bench = await startBench()
    for (const field of [
      'Authorization: Bearer ',
      'authorization: bEARER ',
      'X-Auth-Token: ',
      'Macaroon: ',
    ]) {
      const request = await expectForwarded(
        bench,
        `GET ${path} HTTP/1.1\r\n${H}${field}${TOKEN}\r\n\r\n`,
      )
      expect(request.fields.some(([, value]) => value.includes(TOKEN))).toBe(false)
    }
  })

  test('is one in two fields, and none of them is sent on', async () => {
    const bench = await startBench()
    const request = await expectForwarded(
      bench,
      `GET /app/x HTTP/1.1\r\n${AUTHENTICATED}X-Auth-Token: ${TOKEN}\r\nMacaroon:\r\n\r\n`,
    )
    for (const name of ['authorization', 'x-auth-token', 'macaroon']) {
      expect(request.values(name)).toEqual([])
    }
  })

  test.each([
    ['S-017 another token beside it', `X-Auth-Token: ${TOKEN}x\r\n`],
    ['S-019 the same Authorization twice', `Authorization: Bearer ${TOKEN}\r\n`],
    ['S-019 an Authorization of another scheme besides', 'Authorization: Basic YTpi\r\n'],
  ])('is refused with %s', async (_what, more) => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`GET /app/x HTTP/1.1\r\n${AUTHENTICATED}${more}\r\n`)
    expect(await client.until('credentials_ambiguous')).toMatch(/^HTTP\/1\.1 400 /)
    expect(bench.upstream.requests).toEqual([])
  })
})
