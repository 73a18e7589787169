import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readProxyHead } from '../../src/listener/proxy-head.ts'

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')

function version2(command: number, family: number, payload: Buffer, length = payload.length) {
  const head = Buffer.from([command, family, length >> 8, length & 0xff])
  return Buffer.concat([bytesOf(SIGNATURE), head, payload])
}

const IPV4 = Buffer.from([203, 0, 113, 5, 10, 0, 0, 1, 0xc8, 0x22, 1, 0xbb])
const IPV6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.alloc(16),
  Buffer.from([0xc8, 0x22, 1, 0xbb]),
])

const GOOD: [title: string, head: Buffer, address: string | null][] = [
  ['TCP4', bytesOf('PROXY TCP4 203.0.113.5 10.0.0.1 51234 443\r\n'), '203.0.113.5'],
  ['TCP6', bytesOf('PROXY TCP6 2001:db8::7 ::1 0 65535\r\n'), '2001:db8::7'],
  ['UNKNOWN', bytesOf('PROXY UNKNOWN\r\n'), ''],
  ['UNKNOWN with anything', bytesOf('PROXY UNKNOWN 1.1.1.1 x y z\r\n'), ''],
  ['version 2, IPv4', version2(0x21, 0x11, IPV4), '203.0.113.5'],
  ['version 2, IPv6', version2(0x21, 0x21, IPV6), '2001:db8:0:0:0:0:0:7'],
  ['version 2, with more', version2(0x21, 0x11, Buffer.concat([IPV4, IPV6])), '203.0.113.5'],
  ['version 2, Unix', version2(0x21, 0x31, Buffer.alloc(216)), ''],
  ['version 2, no family', version2(0x21, 0x00, Buffer.alloc(0)), ''],
  ['version 2, the proxy itself', version2(0x20, 0x00, Buffer.alloc(0)), null],
  ['version 2, the proxy itself, with addresses', version2(0x20, 0x11, IPV4), null],
]

describe('a head of the PROXY protocol', () => {
  test.each(GOOD)('is read: %s', (_, head, address) => {
    const request = bytesOf('GET / HTTP/1.1\r\n')
    expect(readProxyHead(Buffer.concat([head, request]))).toEqual({ address, length: head.length })
  })

  test.each(GOOD)('is awaited to its end: %s', (_, head) => {
    for (let length = 0; length < head.length; length++) {
      expect(readProxyHead(head.subarray(0, length)), String(length)).toBe('more')
    }
  })

  test.each([
    'GET / HTTP/1.1\r\n',
    'proxy TCP4 203.0.113.5 10.0.0.1 1 2\r\n',
    'PROXY  TCP4 203.0.113.5 10.0.0.1 1 2\r\n',
    'PROXY TCP4 203.0.113.5 10.0.0.1 1 2 \r\n',
    'PROXY TCP4 203.0.113.5 10.0.0.1 1\r\n',
    'PROXY TCP4 203.0.113.5 10.0.0.1 01 2\r\n',
    'PROXY TCP4 203.0.113.5 10.0.0.1 1 65536\r\n',
    'PROXY TCP4 203.0.113.05 10.0.0.1 1 2\r\n',
    'PROXY TCP4 203.0.113 10.0.0.1 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 203.0.113.5 10.0.0.1 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY UDP4 203.0.113.5 10.0.0.1 1 2\r\n',
    'PROXY UNKNOWNX\r\n',
    `PROXY UNKNOWN ${'x'.repeat(200)}\r\n`,
    'PROXY TCP4 203.0.113.5 10.0.0.1 1 2\n',
    '\r\n\r\n\0\r\nQUIT\r',
  ])('is in its one form only: %j', (text) => {
    expect(readProxyHead(bytesOf(text.padEnd(120, 'x')))).toBe('malformed')
  })

  test.each([
    ['another version', version2(0x11, 0x11, IPV4)],
    ['an unknown command', version2(0x22, 0x11, IPV4)],
    ['datagrams', version2(0x21, 0x12, IPV4)],
    ['an unknown family', version2(0x21, 0x41, IPV4)],
    ['too short for IPv4', version2(0x21, 0x11, IPV4.subarray(0, 11))],
    ['too short for IPv6', version2(0x21, 0x21, IPV4)],
    ['too short for Unix', version2(0x21, 0x31, Buffer.alloc(100))],
    ['too long', version2(0x21, 0x11, IPV4, 0xffff)],
  ])('of version 2 is refused with %s', (_, head) => {
    expect(readProxyHead(head)).toBe('malformed')
  })

  test('is never longer than what came, and its address is one, none or unknown', () => {
    const beginning = fc.constantFrom(
      '',
      'PROXY ',
      'PROXY TCP4 ',
      SIGNATURE,
      `${SIGNATURE}\x21\x11`,
    )
    fc.assert(
      fc.property(beginning, fc.uint8Array({ maxLength: 300 }), (begin, rest) => {
        const bytes = Buffer.concat([bytesOf(begin), rest])
        const read = readProxyHead(bytes)
        if (typeof read === 'string') return
        expect(read.length).toBeLessThanOrEqual(bytes.length)
        expect(read.address ?? '').toMatch(/^(?:|[\d.]+|[\da-f:.]+)$/i)
      }),
      { numRuns: 3_000 },
    )
  })
})
