import fc from 'fast-check'
import { BlockList } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ipMatches, isIPv4, normalizeIPv4 } from '../../src/token/index.ts'

describe('an IPv4 address', () => {
  test.each(['0.0.0.0', '255.255.255.255', '127.0.0.1', '1.20.30.4'])('is %s', (text) => {
    expect(isIPv4(text)).toBe(true)
  })

  test.each([
    '',
    '.',
    '...',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4.',
    '.1.2.3.4',
    '1..2.3',
    '256.1.1.1',
    '1.2.3.1000',
    '01.2.3.4',
    '1.2.3.00',
    '0x7f.0.0.1',
    '127.1',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4/32',
    '+1.2.3.4',
    '1.2.3.-4',
    '1.2.3.a',
    '::1',
    '::ffff:1.2.3.4',
    'localhost',
    '١.2.3.4',
  ])('is not %j', (text) => {
    expect(isIPv4(text)).toBe(false)
  })
})

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['1.2.3.+4', '1.2.3.4'],
  ['-0.+00.2.+25', '0.0.2.25'],
  ['255.255.255.255', '255.255.255.255'],
  ['1.2.3.+255', null],
  ['1.2.3.+004', null],
  ['1.2.3.-1', null],
  ['1.2.3.+', null],
  ['1.2.3.++4', null],
  ['1.2.3.00', null],
  ['1.2.3.01', null],
])('%j is read as Onezone reads it: %j', (text, address) => {
  expect(normalizeIPv4(text)).toBe(address)
})

describe('a network', () => {
  test('holds the addresses that it holds for node:net', () => {
    const near = fc.tuple(fc.ipV4(), fc.ipV4(), fc.boolean())
    fc.assert(
      fc.property(near, fc.integer({ min: 0, max: 32 }), ([network, other, isSame], length) => {
        const address = isSame ? network : other
        const list = new BlockList()
        list.addSubnet(network, length, 'ipv4')
        expect(ipMatches(`${network}/${length}`, address)).toBe(list.check(address))
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['1.2.3.4', '1.2.3.4', true],
    ['1.2.3.4', '1.2.3.5', false],
    ['1.2.3.4/0', '255.255.255.255', true],
    ['128.0.0.0/1', '255.0.0.1', true],
    ['128.0.0.0/1', '127.255.255.255', false],
    ['192.0.2.2/31', '192.0.2.3', true],
    ['192.0.2.2/31', '192.0.2.4', false],
    ['10.9.8.7//8', '10.0.0.1', true],
    ['10.0.0.0/33', '10.0.0.0', false],
    ['10.0.0.0/8/8', '10.0.0.0', false],
    ['nonsense', '10.0.0.0', false],
    ['0.0.0.0/0', '::1', false],
    ['0.0.0.0/0', '', false],
  ])('%s and %s: %s', (mask, ip, matches) => {
    expect(ipMatches(mask, ip)).toBe(matches)
  })
})
