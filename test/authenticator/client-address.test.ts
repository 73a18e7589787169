import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'

import { createClientResolver, parseTrustedProxy } from '../../src/authenticator/index.ts'

function resolve(
  trusted: string[],
  remoteAddress: string | undefined,
  headers: Record<string, string | string[]> = {},
  secure = false,
) {
  const rawHeaders = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  )
  return createClientResolver(trusted)({ rawHeaders, remoteAddress, secure })
}

describe('a peer that is not trusted', () => {
  test('is the client, whatever it claims', () => {
    expect(
      resolve([], '198.51.100.7', {
        'X-Forwarded-For': '10.0.0.9',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'evil.example.org',
      }),
    ).toEqual({
      address: '198.51.100.7',
      peerIp: '198.51.100.7',
      forwardedFor: '198.51.100.7',
      proto: 'http',
      host: null,
      port: null,
      prefix: '',
    })
  })

  test('is not believed because some other proxy is trusted', () => {
    expect(resolve(['10.0.0.0/8'], '198.51.100.7', { 'X-Forwarded-For': '10.0.0.9' }).peerIp).toBe(
      '198.51.100.7',
    )
  })

  test('keeps its own scheme', () => {
    expect(resolve([], '198.51.100.7', {}, true).proto).toBe('https')
  })
})

describe('behind trusted proxies', () => {
  test.each([
    [
      'the right-most untrusted address is the client',
      '1.1.1.1, 2.2.2.2',
      '2.2.2.2',
      '2.2.2.2, 127.0.0.1',
    ],
    [
      'trusted hops are walked over',
      '9.9.9.9, 1.1.1.1, 10.0.0.2',
      '1.1.1.1',
      '1.1.1.1, 10.0.0.2, 127.0.0.1',
    ],
    [
      'what stands left of the client is dropped',
      'unknown, 1.1.1.1',
      '1.1.1.1',
      '1.1.1.1, 127.0.0.1',
    ],
    [
      'a list of trusted hops only gives its left end',
      '10.0.0.3, 10.0.0.2',
      '10.0.0.3',
      '10.0.0.3, 10.0.0.2, 127.0.0.1',
    ],
    ['an IPv6 client has no peer IP for Onezone', '2001:db8::1', null, '2001:db8::1, 127.0.0.1'],
    ['a v4-mapped client is its IPv4 self', '::ffff:1.2.3.4', '1.2.3.4', '1.2.3.4, 127.0.0.1'],
  ])('%s', (_title, header, peerIp, forwardedFor) => {
    const client = resolve(['127.0.0.1', '10.0.0.0/8'], '127.0.0.1', { 'X-Forwarded-For': header })
    expect(client).toMatchObject({ peerIp, forwardedFor })
  })

  test('lines of the header are one list, in order', () => {
    expect(
      resolve(['127.0.0.1'], '127.0.0.1', { 'x-forwarded-for': ['1.1.1.1', '2.2.2.2'] }).peerIp,
    ).toBe('2.2.2.2')
  })

  test('without the header the proxy itself is the client', () => {
    expect(resolve(['127.0.0.1'], '::ffff:127.0.0.1').peerIp).toBe('127.0.0.1')
  })

  test.each([
    'unknown',
    '_hidden',
    '1.1.1.256',
    '1.1.1.1%eth0',
    '01.1.1.1',
    '::ffff:01.2.3.4',
    '::ffff:0x1.2.3.4',
    '0::1.2.3.4',
    '0x7f.1',
    '2130706433',
    'fe80::1%eth0',
    '[1.1.1.1]:80',
    '[::1%eth0]:80',
    '[::1.2.3.4]',
    '1.1.1.1:http',
    '1.1.1.1:80:80',
    '[::1',
  ])('%j ends the walk: the address is unknown, whatever stands left of it', (element) => {
    const told = vi.fn<() => void>()
    const resolver = createClientResolver(['127.0.0.1', '10.0.0.0/8'], told)
    const rawHeaders = ['X-Forwarded-For', `9.9.9.9, ${element}, 10.0.0.2`]
    expect(resolver({ rawHeaders, remoteAddress: '127.0.0.1', secure: false })).toMatchObject({
      address: '',
      peerIp: null,
      forwardedFor: 'unknown, 10.0.0.2, 127.0.0.1',
    })
    expect(told).toHaveBeenCalledOnce()
  })

  test.each([
    ['203.0.113.5:51234', '203.0.113.5'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['203.0.113.5,, ,', '203.0.113.5'],
    [', 9.9.9.9, 203.0.113.5:1, ', '203.0.113.5'],
    ['', '127.0.0.1'],
  ])('%j is read', (header, address) => {
    expect(resolve(['127.0.0.1'], '127.0.0.1', { 'X-Forwarded-For': header }).address).toBe(address)
  })

  test.each([
    ['wss', '1.1.1.1', 'https'],
    ['HTTPS', '1.1.1.1', 'https'],
    ['ws', '1.1.1.1', 'http'],
    ['https,http', '1.1.1.1, 10.0.0.2', 'https'],
    ['https,http', '1.1.1.1, 127.0.0.1, 10.0.0.2', 'https'],
    // What a client wrote itself stands left of what the proxies have seen.
    ['https,http', '1.1.1.1', 'http'],
    ['https, http, http', '1.1.1.1, 10.0.0.2', 'http'],
  ])('the scheme %s of %s is %s', (proto, hops, expected) => {
    const headers = { 'X-Forwarded-Proto': proto, 'X-Forwarded-For': hops }
    expect(resolve(['127.0.0.1', '10.0.0.0/8'], '127.0.0.1', headers).proto).toBe(expected)
  })

  test('port and prefix are believed in one readable form only', () => {
    const of = (headers: Record<string, string | string[]>, from = '127.0.0.1') =>
      resolve(['127.0.0.1'], from, headers)
    expect(of({ 'X-Forwarded-Port': '8443', 'X-Forwarded-Prefix': '/base/' })).toMatchObject({
      port: '8443',
      prefix: '/base',
    })
    const none = { port: null, prefix: '' }
    expect(
      of({ 'X-Forwarded-Port': '8443', 'X-Forwarded-Prefix': '/base' }, '9.9.9.9'),
    ).toMatchObject(none)
    expect(
      of({ 'X-Forwarded-Port': ['1', '2'], 'X-Forwarded-Prefix': ['/a', '/b'] }),
    ).toMatchObject(none)
    expect(
      of({ 'X-Forwarded-Port': '0443', 'X-Forwarded-Prefix': '//evil.example' }),
    ).toMatchObject(none)
  })

  test('scheme and host are believed in one readable form only', () => {
    const of = (headers: Record<string, string | string[]>) =>
      resolve(['127.0.0.1'], '127.0.0.1', headers)
    expect(of({ 'X-Forwarded-Proto': 'https' }).proto).toBe('https')
    expect(of({ 'X-Forwarded-Proto': 'https, http' }).proto).toBe('http')
    expect(of({ 'X-Forwarded-Proto': 'javascript' }).proto).toBe('http')
    expect(of({ 'X-Forwarded-Host': 'api.example.org' }).host).toBe('api.example.org')
    expect(of({ 'X-Forwarded-Host': ['a', 'b'] }).host).toBeNull()
    expect(of({ 'X-Forwarded-Host': 'a/b?c' }).host).toBeNull()
  })
})

test('whatever an untrusted peer sends, the client is the peer', () => {
  const resolver = createClientResolver(['10.0.0.0/8'])
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 4 }), (values) => {
      const rawHeaders = values.flatMap((value) => ['X-Forwarded-For', value])
      const client = resolver({ rawHeaders, remoteAddress: '203.0.113.5', secure: false })
      expect(client.peerIp).toBe('203.0.113.5')
      expect(client.forwardedFor).toBe('203.0.113.5')
    }),
  )
})

test('a runtime that does not tell the address leaves the peer IP unknown', () => {
  expect(resolve([], undefined).peerIp).toBeNull()
})

test.each(['10.0.0.1', '10.0.0.0/8', '10.0.0.1/32', '10.0.0.0/08', 'fd00::/8', '::1', '::1/128'])(
  '%j may be a trusted proxy',
  (entry) => {
    expect(() => createClientResolver([entry])).not.toThrow()
    expect(() => parseTrustedProxy(entry)).not.toThrow()
  },
)

test.each([
  ['', 'must be an IP address or CIDR range'],
  ['proxy.example.org', 'must be an IP address or CIDR range'],
  ['10.0.0.0/8/8', 'must be an IP address or CIDR range'],
  ['10.0.0/8', 'must be an IP address or CIDR range'],
  ['10.1', 'must be an IP address or CIDR range'],
  ['010.0.0.1', 'must be an IP address or CIDR range'],
  ['fe80::1%eth0', 'must be an IP address or CIDR range'],
  ['::1.2.3.4', 'must be an IP address or CIDR range'],
  ['::ffff:10.0.0.0', 'must be written as IPv4'],
  ['::ffff:10.0.0.0/8', 'must be written as IPv4'],
  ['0:0:0:0:0:ffff:10.0.0.0/104', 'must be an IP address or CIDR range'],
  ['10.0.0.0/33', 'must have a prefix length from 1 to 32'],
  ['fd00::/129', 'must have a prefix length from 1 to 128'],
  ['10.0.0.1/', 'must have a prefix length from 1 to 32'],
  ['10.0.0.1/-1', 'must have a prefix length from 1 to 32'],
  ['0.0.0.0/0', 'would trust everybody'],
  ['::/0', 'would trust everybody'],
])('the trusted proxy %j is refused at construction: it %s', (entry, message) => {
  expect(() => createClientResolver(['10.0.0.1', entry])).toThrow(
    expect.objectContaining({
      name: 'TypeError',
      message: expect.stringContaining(`"trustedProxies[1]": ${message}`),
    }),
  )
})
