import { describe, expect, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

async function requestWith(upstreamHeaders: Record<string, string>, fields = '', policy = {}) {
  const upstream = await startRecordingUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url, upstreamHeaders, policy }])
  const client = await openRawClient(rig.port)
  client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}${fields}\r\n`)
  await client.until(/\r\n\r\nok$/)
  const request = upstream.requests[0]
  if (request === undefined) throw new Error('the upstream saw nothing')
  return request
}

describe('a fixed field', () => {
  test('reaches the upstream with every request, besides the identity', async () => {
    const request = await requestWith({ 'X-Api-Key': 'k', Authorization: 'Basic YTpi' })
    expect(request.values('x-api-key')).toEqual(['k'])
    expect(request.values('authorization')).toEqual(['Basic YTpi'])
    expect(request.values('x-onedata-subject-id')).toEqual(['alice'])
  })

  test('takes the place of the client’s, however that is spelled', async () => {
    const request = await requestWith(
      { 'X-Api-Key': 'k', Authorization: 'Basic YTpi' },
      'X-Api-Key: mine\r\nx_api_key: mine\r\nX.Api.Key: mine\r\nX-Api-Keys: other\r\n',
      { forwardToken: true },
    )
    const named = request.fields.filter(([name]) => /^x.api.key$/i.test(name))
    expect(named).toEqual([['X-Api-Key', 'k']])
    expect(request.values('authorization')).toEqual(['Basic YTpi'])
    expect(request.values('x-api-keys')).toEqual(['other'])
  })

  test('does not vanish because the client calls it a field of the connection', async () => {
    const request = await requestWith({ 'X-Api-Key': 'k' }, 'Connection: x-api-key\r\n')
    expect(request.values('x-api-key')).toEqual(['k'])
  })

  test('is not on other routes, where the client may send its own', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([
      { path: '/a', upstream: upstream.url, upstreamHeaders: { 'X-Api-Key': 'k' } },
      { path: '/**', upstream: upstream.url },
    ])
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}X-Api-Key: mine\r\n\r\n`)
    await client.until(/ok$/)
    expect(upstream.requests[0]?.values('x-api-key')).toEqual(['mine'])
  })

  test.each([
    'X-Onedata-Subject-Id',
    'x_onedata_anything',
    'X-Forwarded-For',
    'X-Forwarded-User',
    'Forwarded',
    'X-Real-IP',
    'X-Request-Id',
    'Host',
    'Connection',
    'Content-Length',
    'Transfer-Encoding',
    'TE',
    'Upgrade',
    'Expect',
    'Keep-Alive',
    'Proxy-Authorization',
    'Sec-WebSocket-Protocol',
    'CDN-Loop',
    'content_length',
    'no name',
    '',
  ])('cannot be %j', async (name) => {
    await expect(requestWith({ [name]: 'x' })).rejects.toThrow(/"routes\[0\].upstreamHeaders"/)
  })

  test('cannot be a name by which a route states the identity', async () => {
    const policy = { headers: { subjectId: 'X-User-Name' } }
    await expect(requestWith({ x_user_name: 'root' }, '', policy)).rejects.toThrow(/identity/)
  })

  test.each(['', ' x', 'a\r\nX-Onedata-Subject-Id: root', 'ä', 'x'.repeat(9000)])(
    'cannot have the value %j',
    async (value) => {
      await expect(requestWith({ 'X-Api-Key': value })).rejects.toThrow(/printable ASCII/)
    },
  )
})
