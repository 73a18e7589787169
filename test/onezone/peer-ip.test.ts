import { expect, test } from 'vitest'
import { toPeerIp } from '../../src/onezone/peer-ip.ts'

test.each([
  [null, null],
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:255.255.255.255', '255.255.255.255'],
  ['::ffff:0:0', '0.0.0.0'],
  ['2001:db8::1', null],
  ['::1', null],
  ['::192.0.2.1', null],
  ['64:ff9b::192.0.2.1', null],
  ['fe80::1%eth0', null],
  ['', null],
  ['localhost', null],
  ['192.0.2.1:80', null],
  ['192.0.2', null],
  ['192.0.2.1/24', null],
  ['::ffff:192.0.2.1]@[::ffff:10.0.0.1', null],
])('%s becomes %s', (address, expected) => {
  expect(toPeerIp(address)).toBe(expected)
})
