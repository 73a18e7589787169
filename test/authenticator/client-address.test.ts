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
  return createClientResolver({ trustedProxies: trusted })({ rawHeaders, remoteAddress, secure })
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
    const resolver = createClientResolver({
      trustedProxies: ['127.0.0.1', '10.0.0.0/8'],
      onUnreadable: told,
    })
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
  const resolver = createClientResolver({ trustedProxies: ['10.0.0.0/8'] })
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
    expect(() => createClientResolver({ trustedProxies: [entry] })).not.toThrow()
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
  expect(() => createClientResolver({ trustedProxies: ['10.0.0.1', entry] })).toThrow(
    expect.objectContaining({
      name: 'TypeError',
      message: expect.stringContaining(`"trustedProxies[1]": ${message}`),
    }),
  )
})

describe('with Forwarded (RFC 7239) in place of X-Forwarded-*', () => {
  const told = vi.fn<() => void>()
  const resolver = createClientResolver({
    trustedProxies: ['127.0.0.1', '10.0.0.0/8'],
    forwarded: 'rfc7239',
    onUnreadable: told,
  })
  const of = (lines: string[], remoteAddress = '127.0.0.1') =>
    resolver({
      rawHeaders: lines.flatMap((line) => ['forwarded', line]),
      remoteAddress,
      secure: false,
    })

  test.each([
    ['for=203.0.113.5', '203.0.113.5'],
    ['For=203.0.113.5;Proto=https', '203.0.113.5'],
    ['for="203.0.113.5:47011"', '203.0.113.5'],
    ['for=203.0.113.5:47011', '203.0.113.5'],
    ['for="203.0.113.5:_port"', '203.0.113.5'],
    ['for="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=[2001:db8::1]', '2001:db8::1'],
    ['for="2\\03.0.113.5"', '203.0.113.5'],
    ['for=9.9.9.9, for=203.0.113.5;by=10.0.0.1, for=10.0.0.2', '203.0.113.5'],
    [' , for=203.0.113.5 ,, ', '203.0.113.5'],
    ['for=203.0.113.5;', '203.0.113.5'],
    ['', '127.0.0.1'],
  ])('%s is read', (line, address) => {
    expect(of([line]).address).toBe(address)
  })

  test.each([
    'for=unknown',
    'for=_hidden',
    'for=""',
    'proto=https',
    'for=1.1.1.1;for=2.2.2.2',
    'for = 1.1.1.1',
    'for=1.1.1.1 proto=https',
    'for="1.1.1.1',
    'for=1.1.1.1;;proto',
    '1.1.1.1',
    // A client that tries to take into its quotation what the proxy adds.
    'for=", for=9.9.9.9;proto=https',
    'for=9.9.9.9;x=", for="[2001:db8::1]"',
    'for=9.9.9.9;x=", for="[2001:db8::1]";host="a"',
  ])('%s leaves the address unknown', (line) => {
    told.mockClear()
    expect(of([`${line}`])).toMatchObject({
      address: '',
      peerIp: null,
      forwardedFor: 'unknown, 127.0.0.1',
    })
    expect(told).toHaveBeenCalledExactlyOnceWith('Forwarded')
  })

  test('scheme and host are those of the element of the client, whatever stands left of it', () => {
    const line = 'for=1.1.1.1;proto=http;host=evil, for=2.2.2.2;proto=https;host="api:8443"'
    expect(of([line, 'for=10.0.0.2;proto=http;host=inner'])).toMatchObject({
      address: '2.2.2.2',
      forwardedFor: '2.2.2.2, 10.0.0.2, 127.0.0.1',
      proto: 'https',
      host: 'api:8443',
    })
    expect(of(['for=1.1.1.1;proto=https;host=a', 'for=2.2.2.2'])).toMatchObject({
      proto: 'http',
      host: null,
    })
    expect(of(['for=2.2.2.2;host="a/b"'])).toMatchObject({ host: null })
  })

  test('X-Forwarded-* mean nothing, and no peer that is not trusted is believed', () => {
    const names = ['For', 'Proto', 'Host', 'Port', 'Prefix']
    const values = ['1.1.1.1', 'https', 'evil', '8443', '/evil']
    const rawHeaders = names.flatMap((name, at) => [`X-Forwarded-${name}`, values[at] ?? ''])
    expect(resolver({ rawHeaders, remoteAddress: '127.0.0.1', secure: false })).toEqual({
      address: '127.0.0.1',
      peerIp: '127.0.0.1',
      forwardedFor: '127.0.0.1',
      proto: 'http',
      host: null,
      port: null,
      prefix: '',
    })
    expect(of(['for=1.1.1.1'], '203.0.113.5').address).toBe('203.0.113.5')
  })

  test('whatever a client writes before, the element of the proxy decides, or none', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'for=",;\\[]:1.2 x') }), (text) => {
        const { address } = of([`${text}, for="[2001:db8::7]";proto=https`])
        expect(['', '2001:db8::7']).toContain(address)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a peer over a Unix socket', () => {
  const of = (trustedProxies: string[], rawHeaders: string[] = []) =>
    createClientResolver({ trustedProxies })({ rawHeaders, remoteAddress: 'unix:', secure: false })

  test('is believed where "unix:" is a trusted proxy, and only there', () => {
    const fields = ['X-Forwarded-For', '9.9.9.9, 1.2.3.4, 10.0.0.1']
    expect(of(['unix:', '10.0.0.0/8'], fields)).toMatchObject({
      address: '1.2.3.4',
      forwardedFor: '1.2.3.4, 10.0.0.1',
    })
    expect(of(['10.0.0.0/8'], fields)).toMatchObject({ address: '', forwardedFor: '' })
    expect(of(['unix:'])).toMatchObject({ address: '', peerIp: null, forwardedFor: 'unknown' })
  })
})

test.each([
  [['0.0.0.0/1', '128.0.0.0/1']],
  [['::/1', '8000::/2', 'c000::/2']],
  [['0.0.0.0/2', '10.0.0.0/8', '64.0.0.0/2', '128.0.0.0/2', '200.0.0.0/5', '192.0.0.0/2']],
])('%j are refused at construction: together they trust everybody', (trustedProxies) => {
  expect(() => createClientResolver({ trustedProxies })).toThrow('would together trust everybody')
  expect(() => createClientResolver({ trustedProxies: trustedProxies.slice(1) })).not.toThrow()
})
