import { afterAll, beforeAll, expect, test } from 'vitest'

import { confineToken } from '../../src/token/index.ts'
import { startOnegate } from '../cli/onegate-process.ts'
import { mint } from '../helpers/tokens.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { startGatewayProcess } from './gateway-process.ts'
import type { Peer } from './peers.ts'
import { answerOf, startPeer } from './peers.ts'
import { ask, exchange } from './raw-exchange.ts'

// Who is believed about a client's address. Proxies are at 127.0.0.2 and in 10.0.0.0/8, strangers at other addresses.

const GOOD = answerOf(200, '{"subject":{"type":"user","id":"alice"},"ttl":3600}')
const PROXY = { from: '127.0.0.2' }

let gateway: GatewayProcess
let proxied: GatewayProcess
let onezone: Peer
let upstream: Peer

beforeAll(async () => {
  upstream = await startPeer((_, socket) => void socket.write(answerOf(200, 'ok', null)))
  onezone = await startPeer((_, socket) => void socket.write(GOOD))
  const settings = (more: string): string => `
adminListen: 127.0.0.1:0
onezone: { url: 'http://127.0.0.1:${onezone.port}', totalTimeoutMs: 20000 }
shutdown: { drainMs: 0 }
trustedProxies: [127.0.0.2, 10.0.0.0/8]
verdicts: { maxStalenessMs: 300000 }
upstream: 'http://127.0.0.1:${upstream.port}'
${more}`
  gateway = await startGatewayProcess(settings("listen: '[::]:0'"))
  proxied = await startGatewayProcess(settings('listen: 127.0.0.1:0\nproxyProtocol: true'))
})
afterAll(async () => {
  await Promise.all([gateway.stop(), proxied.stop()])
  onezone.close()
  upstream.close()
})

let count = 0
const newToken = (): string => mint({ id: `fwd${(count += 1)}`, secret: `secret ${count}` })

/** What a request brought about. */
async function sent(
  fields: string,
  options?: { from?: string; to?: string },
  token = newToken(),
): Promise<{ status: number | undefined; up: string; asked: string }> {
  const [upBefore, before] = [upstream.received.length, onezone.received.length]
  const { statuses } = await ask(
    gateway.port,
    `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${token}\r\n${fields}\r\n`,
    options,
  )
  return {
    status: statuses[0],
    up: upstream.received.slice(upBefore),
    asked: onezone.received.slice(before),
  }
}

const xff = (value: string): string => `X-Forwarded-For: ${value}\r\n`

test.each([
  ['S-110 behind one proxy', xff('1.1.1.1, 2.2.2.2'), '2.2.2.2'],
  ['S-111 behind two', xff('9.9.9.9, 1.1.1.1, 10.0.0.2'), '1.1.1.1'],
  ['S-113 in two fields', `${xff('9.9.9.9')}${xff('1.1.1.1, 10.0.0.2')}`, '1.1.1.1'],
  ['S-113 beside other fields', `${xff('1.1.1.1')}X-Real-IP: 9.9.9.9\r\n`, '1.1.1.1'],
  ['S-114 beside Forwarded', `${xff('1.1.1.1')}Forwarded: for=9.9.9.9;host=evil\r\n`, '1.1.1.1'],
])('%s the last address that is no proxy’s is the client’s', async (_, fields, address) => {
  const { status, up, asked } = await sent(fields, PROXY)
  expect(status).toBe(200)
  expect(asked).toContain(`"peerIp":"${address}"`)
  expect(up).toMatch(new RegExp(`^x-forwarded-for: .*${address.replaceAll('.', '\\.')}`, 'im'))
  expect(up).not.toMatch(/evil|9\.9\.9\.9/)
})

test.each([
  '',
  'unknown',
  '_hidden',
  '1.1.1.256',
  '1.1.1.1%eth0',
  '01.1.1.1',
  '0x7f.1',
  '2130706433',
])('S-112 a proxy that says "%s" says nothing, and the text goes nowhere', async (text) => {
  const { status, up, asked } = await sent(xff(text), PROXY)
  expect([200, 400]).toContain(status)
  // "unknown" is what is said of an address that nobody knows.
  if (text !== '' && text !== 'unknown') expect(up + asked).not.toContain(text)
})

test.each(['1.1.1.1, '.repeat(500) + '2.2.2.2', 'x'.repeat(8_000)])(
  'S-112 so does one with a long text, %#',
  async (text) => {
    const { status, asked } = await sent(xff(text), PROXY)
    expect([200, 400, 431]).toContain(status)
    expect(asked).not.toContain('1.1.1.1')
    expect(gateway.isAlive()).toBe(true)
  },
)

test.each([
  ['S-115', 'X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n', /x-forwarded-proto: http\r/i],
  ['S-109', xff('10.0.0.9'), /x-forwarded-for: 127\.0\.0\.3\r/i],
])('%s a stranger is not believed', async (_, fields, has) => {
  const { status, up, asked } = await sent(fields, { from: '127.0.0.3' })
  expect(status).toBe(200)
  expect(up).toMatch(has)
  expect(asked).toContain('"peerIp":"127.0.0.3"')
})

test('S-117 an IPv4 client of a listener for both is known by its IPv4 address', async () => {
  const token = newToken()
  expect((await sent('', {}, token)).asked).toContain('"peerIp":"127.0.0.1"')
})

test('S-118 a genuine IPv6 client has no address that Onezone can judge, which is said', async () => {
  expect((await sent('', { to: '::1' })).asked).toContain('"peerIp":null')
})

test('S-119 S-120 what an address may is for that address, whoever asked before', async () => {
  const token = confineToken(newToken(), [{ type: 'ip', whitelist: ['10.0.0.0/8'] }])
  const attacker = { from: '127.0.0.3' }
  const claim = xff('10.1.1.1')
  // 10.0.0.0/8 are proxies here, so the client behind this one is at the end of the list.
  const real = PROXY
  const other = confineToken(newToken(), [{ type: 'ip', whitelist: ['192.0.2.0/24'] }])
  expect((await sent(claim, attacker, token)).status).toBe(401)
  expect((await sent(xff('192.0.2.1'), attacker, other)).status).toBe(401)
  expect((await sent(xff('192.0.2.1'), real, other)).status).toBe(200)
  expect((await sent(xff('192.0.2.1'), attacker, other)).status).toBe(401)
})

test.each([
  ['malformed', 'PROXY TCP4 1.1.1.256 5.6.7.8 1 2\r\n'],
  ['without end', `PROXY ${'x'.repeat(200)}`],
  ['none', ''],
  ['of version 2, too long', `\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff${'a'.repeat(100)}`],
  ['of version 2, of another command', '\r\n\r\n\0\r\nQUIT\n\x2f\x11\0\x0cabcdefghijkl'],
])('S-122 a head of the PROXY protocol that is %s ends the connection', async (_, head) => {
  const before = upstream.received.length
  const received = await exchange(
    proxied.port,
    `${head}GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${newToken()}\r\nConnection: close\r\n\r\n`,
    { ...PROXY },
  )
  expect(received.closed).toBe(true)
  expect(received.statuses).not.toContain(200)
  expect(upstream.received.length).toBe(before)
  expect(proxied.isAlive()).toBe(true)
})

test('S-122 from a trusted proxy a good one is believed', async () => {
  const before = onezone.received.length
  const request = `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${newToken()}\r\nConnection: close\r\n\r\n`
  const { statuses } = await exchange(
    proxied.port,
    `PROXY TCP4 192.0.2.7 5.6.7.8 1 2\r\n${request}`,
    PROXY,
  )
  expect(statuses).toEqual([200])
  expect(onezone.received.slice(before)).toContain('"peerIp":"192.0.2.7"')
})

test.each(['0.0.0.0/0', '::/0'])(
  'S-121 everybody as a trusted proxy, %s, is no start',
  async (all) => {
    const { code, stderr } = await startOnegate([
      'serve',
      '--onezone-url',
      'https://onezone.test',
      '--upstream',
      'http://127.0.0.1:1',
      '--listen',
      '127.0.0.1:0',
      '--trusted-proxy',
      all,
    ]).ended
    expect(code).toBe(78)
    expect(stderr).toContain('trustedProxies')
  },
)
