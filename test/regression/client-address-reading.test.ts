import { describe, expect, test } from 'vitest'

import { createClientResolver } from '../../src/authenticator/index.ts'
import { PASSED, startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

const yaml = (upstream: string) => `
trustedProxies: [127.0.0.1]
routes: [{ path: /**, upstream: '${upstream}' }]
`

describe('an IPv4 address in the obsolete IPv6 form (RFC 4291 §2.5.5.1)', () => {
  test('does not satisfy an ip caveat for the address in it', async () => {
    const { ask, onezone, upstream } = await startGatewayRig({ yaml })
    const token = onezone.createTemporaryToken({
      subject: ALICE,
      caveats: [{ type: 'ip', whitelist: ['1.2.3.4'] }],
    })
    const from = (address: string) => ask({ 'X-Auth-Token': token, 'X-Forwarded-For': address })
    expect(await from('::1.2.3.4')).not.toEqual(PASSED)
    expect(upstream.seen).toEqual([])
    expect(await from('::ffff:1.2.3.4')).toEqual(PASSED)
  })

  test('is no proxy that can be trusted', () => {
    expect(() => createClientResolver({ trustedProxies: ['::1.2.3.4'] })).toThrow(TypeError)
  })
})

describe('a link-local peer, whose zone only this machine knows', () => {
  const resolve = (trusted: string[], rawHeaders: string[] = []) =>
    createClientResolver({ trustedProxies: trusted })({
      rawHeaders,
      remoteAddress: 'fe80::1%eth0',
      secure: false,
    })

  test('is a client without its zone', () => {
    expect(resolve([])).toMatchObject({ address: 'fe80::1', forwardedFor: 'fe80::1', peerIp: null })
  })

  test('can be a proxy that is trusted', () => {
    expect(resolve(['fe80::/10'], ['X-Forwarded-For', '1.2.3.4'])).toMatchObject({
      peerIp: '1.2.3.4',
      forwardedFor: '1.2.3.4, fe80::1',
    })
  })

  test('cannot be named with a zone by a proxy', () => {
    expect(resolve(['fe80::/10'], ['X-Forwarded-For', 'fe80::2%eth0'])).toMatchObject({
      address: '',
    })
  })
})
