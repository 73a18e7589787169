import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, onTestFinished, test } from 'vitest'

import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import { parseToken, tokenId } from '../../src/token/index.ts'
import { ALICE } from '../helpers/onezone.ts'
import { mint } from '../helpers/tokens.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { answerOf, startPeer } from './peers.ts'
import { ask } from './raw-exchange.ts'

// What is told to whom: by refusals, by what is remembered, by the log.

const settings = (onezone: string, upstream: number): string => `
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
trustedProxies: [127.0.0.1/32]
onezone: { url: '${onezone}' }
shutdown: { drainMs: 0 }
verdicts: { maxStalenessMs: 300000, negativeTtlMs: 60000 }
routes:
  - { path: /rest/**, interface: rest, upstream: 'http://127.0.0.1:${upstream}' }
  - { path: /oneclient/**, interface: oneclient, upstream: 'http://127.0.0.1:${upstream}' }
  - { path: /**, upstream: 'http://127.0.0.1:${upstream}' }
`

const startUpstream = async (): Promise<number> => {
  const upstream = await startPeer((_, socket) => void socket.write(answerOf(200, 'ok', null)))
  onTestFinished(() => upstream.close())
  return upstream.port
}

test('S-156 a verdict is remembered for the context that it was given in, and for no other that reads alike', async () => {
  const asked: string[] = []
  const onezone = await startPeer(({ body }, socket) => {
    const { peerIp } = JSON.parse(body) as { peerIp: string | null }
    asked.push(String(peerIp))
    const refused =
      '{"error":{"id":"tokenCaveatUnverified","details":{"caveat":{"type":"geo.country"}}}}'
    const isGranted = peerIp === '1.2.3.4' || peerIp === '11.2.3.4'
    socket.write(
      isGranted
        ? answerOf(200, '{"subject":{"type":"user","id":"alice"},"ttl":3600}')
        : answerOf(400, refused),
    )
  })
  onTestFinished(() => onezone.close())
  const gateway = await startGatewayProcess(
    settings(`http://127.0.0.1:${onezone.port}`, await startUpstream()),
  )
  onTestFinished(async () => void (await gateway.stop()))
  const country = mint({
    caveats: [{ type: 'geo.country', filter: 'whitelist', list: ['PL'] }],
  })
  // Parts of one address that are another, an address that is null to Onezone, and none at all.
  const addresses = ['1.2.3.4', '1.2.3.41', '11.2.3.4', '1.2.34.1', '2001:db8::1']
  const round = async (): Promise<(number | undefined)[]> => {
    const statuses: (number | undefined)[] = []
    for (const address of addresses) {
      const got = await ask(
        gateway.port,
        `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-For: ${address}\r\nX-Auth-Token: ${country}\r\n\r\n`,
      )
      statuses.push(got.statuses[0])
    }
    return statuses
  }
  const cold = await round()
  expect(cold).toEqual([200, 401, 200, 401, 401])
  expect(asked).toEqual(['1.2.3.4', '1.2.3.41', '11.2.3.4', '1.2.34.1', 'null'])
  expect(await round()).toEqual(cold)
  expect(asked).toHaveLength(addresses.length)
})

test('S-156 credentials are told apart wherever one ends and the next begins, and whatever is in them', async () => {
  const asked: (readonly [token: string, consumer: string | null])[] = []
  const bob = { type: 'user', id: 'bob' } as const
  const identity = { type: { identityToken: {} }, subject: bob } as const
  const [consumer, other] = [mint({ ...identity, id: 'c1' }), mint({ ...identity, id: 'c2' })]
  const caveats = [{ type: 'consumer', whitelist: ['usr-bob'] }] as const
  const [token, second] = [
    mint({ caveats: [...caveats] }),
    mint({ id: 't2', caveats: [...caveats] }),
  ]
  const onezone = await startPeer(({ body }, socket) => {
    const { token: about, consumerToken = null } = JSON.parse(body) as Record<string, string | null>
    asked.push([String(about), consumerToken])
    const isGranted = about === token && consumerToken === consumer
    socket.write(
      isGranted
        ? answerOf(200, '{"subject":{"type":"user","id":"alice"},"ttl":3600}')
        : answerOf(400, '{"error":{"id":"tokenCaveatUnverified","details":{}}}'),
    )
  })
  onTestFinished(() => onezone.close())
  const upstream = await startPeer((_, socket) => void socket.write(answerOf(200, 'ok', null)))
  onTestFinished(() => upstream.close())
  const gateway = await startGatewayProcess(
    settings(`http://127.0.0.1:${onezone.port}`, upstream.port),
  )
  onTestFinished(async () => void (await gateway.stop()))
  const send = async (first: string, then: string | null): Promise<number | undefined> => {
    const field = then === null ? '' : `X-Onedata-Consumer-Token: ${then}\r\n`
    const head = `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${first}\r\n${field}\r\n`
    return (await ask(gateway.port, head)).statuses[0]
  }
  expect(await send(token, consumer)).toBe(200)

  const both = token + consumer
  const shifted = [-40, -4, -1, 1, 4, 40].map((by) => {
    const end = token.length + by
    return [both.slice(0, end), both.slice(end)] as const
  })
  const delimiters = [
    ...',;:|/"\\\'[]{}\x01\x0b\x7f\x80\xff',
    ' ',
    '\t',
    '%00',
    '%0d%0a',
    '\\u0000',
    '","',
    '":"',
  ]
  const pairs: (readonly [token: string, consumer: string | null])[] = [
    [token, null],
    [token, ''],
    [token, 'null'],
    [token, 'undefined'],
    [token, other],
    [second, consumer],
    [second, null],
    [consumer, token],
    [both, null],
    ...shifted,
    ...delimiters.flatMap((mark) => [
      [`${token}${mark}${consumer}`, null] as const,
      [token, `${consumer}${mark}x`] as const,
      [token, `${other}${mark}${consumer}`] as const,
      [`${token}${mark}x`, consumer] as const,
    ]),
  ]
  const mebibyte = 'M'.repeat(2 ** 20)
  for (const round of ['asked', 'remembered']) {
    for (const [first, then] of pairs) {
      const status = await send(first, then)
      expect([400, 401], JSON.stringify([round, first, then])).toContain(status)
    }
    expect(await send(`${token}\0`, consumer), 'NUL').toBe(400)
    expect(await send(token, `${consumer}\0${other}`), 'NUL').toBe(400)
    expect(await send(mebibyte, null)).toBe(431)
    expect(await send(token, consumer + mebibyte)).toBe(431)
    expect(await send(token, consumer)).toBe(200)
  }
  // Once for each two that are well-formed; an empty field is none.
  expect(asked.toSorted()).toEqual(
    [
      [token, consumer],
      [token, null],
      [token, other],
      [second, consumer],
      [second, null],
    ].toSorted(),
  )
  expect(upstream.received.match(/^GET \/x HTTP/gm)).toHaveLength(3)
  expect(gateway.isAlive()).toBe(true)
})

test('S-256 who cannot sign is told the same of a token that lives, is gone or never was', async () => {
  const onezone = await createDevOnezone({})
  onTestFinished(() => onezone.close())
  const gateway = await startGatewayProcess(settings(onezone.url, await startUpstream()))
  onTestFinished(async () => void (await gateway.stop()))
  // That one is revoked Onezone tells whoever knows its id: it looks at that before the signature (API §5.3).
  const [lives, gone] = ['lives', 'gone'].map((name) =>
    onezone.createNamedToken({ subject: ALICE, name }),
  )
  if (lives === undefined || gone === undefined) throw new Error('no token')
  const client = createOnezoneClient({ url: onezone.url, credentials: { token: lives.token } })
  onTestFinished(() => client.close())
  await client.deleteNamedToken(tokenId(gone.tokenId))
  const { onezoneDomain } = parseToken(lives.token)
  const shapes: string[] = []
  for (const id of [lives.tokenId, gone.tokenId, '0'.repeat(38)]) {
    const forged = mint({ onezoneDomain, id: id.padEnd(38, '0').slice(0, 38), secret: 'guessed' })
    const { text, statuses } = await ask(
      gateway.port,
      `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${forged}\r\n\r\n`,
    )
    expect(statuses, id).toEqual([401])
    shapes.push(
      text.replace(/^(?:Date|X-Request-Id): .*$/gim, '').replace(/"requestId":"[^"]*"/, ''),
    )
  }
  expect(new Set(shapes).size).toBe(1)
})

test('S-189 what hangs on an error that nobody foresaw is not told with it', async () => {
  const token = mint({ id: 'on an error' })
  const throws = `process.on('SIGURG', () => {
    const error = new Error('unforeseen')
    error.config = { headers: { 'X-Auth-Token': process.env.CANARY } }
    error.cause = Object.assign(new Error('sent ' + process.env.CANARY), { code: 'E_SENT' })
    throw error
  })`
  const gateway = await startGatewayProcess(settings('http://127.0.0.1:1', await startUpstream()), {
    CANARY: token,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(throws)}`,
  })
  gateway.signal('SIGURG')
  await expect.poll(() => gateway.isAlive(), { timeout: 60_000 }).toBe(false)
  const written = gateway.written()
  await gateway.stop()
  expect(written).toContain('unforeseen')
  expect(written).toContain('E_SENT')
  expect(written).not.toContain(token.slice(0, 40))
})

test('S-234 nothing is granted where something failed: no catch and no timer grants, but for one that a setting bounds', () => {
  const source = fileURLToPath(new URL('../../src', import.meta.url))
  const rooms = [
    'verifier',
    'verification',
    'revocation',
    'authenticator',
    'forward-auth',
    'middleware',
  ]
  const granting: string[] = []
  let branches = 0
  for (const room of [...rooms, 'onezone', 'token-lookup', 'store', 'cluster']) {
    for (const name of readdirSync(join(source, room)).filter((each) => each.endsWith('.ts'))) {
      const text = readFileSync(join(source, room, name), 'utf8')
      for (const { index } of text.matchAll(/\bcatch\b|\bsetTimeout\(|\bschedule\(/g)) {
        branches += 1
        if (/granted|outcome: 'grant/.test(blockAt(text, index))) granting.push(`${room}/${name}`)
      }
    }
  }
  expect(branches).toBeGreaterThan(30)
  // It serves a grant that was given before, for as long as verdicts.staleIfErrorMs says: not at all by default.
  expect(granting).toEqual(['verification/verdict-gate.ts'])
})

/** The first block or argument list from a place on, with what is in it. */
function blockAt(text: string, from: number): string {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if ('({'.includes(text.charAt(at))) depth += 1
    if (!')}'.includes(text.charAt(at))) continue
    depth -= 1
    // `catch (error) {` goes on with its block.
    const goesOn = text.startsWith(') {', at)
    if (depth === 0 && !goesOn) return text.slice(from, at + 1)
  }
  return text.slice(from)
}
