import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as httpRequest } from 'node:http'

import { describe, expect, test } from 'vitest'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import type { Gateway } from '../../src/gateway/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { startGateway } from '../helpers/gateway.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { openWebSocket, startEchoUpstream, TEXT } from '../helpers/websocket.ts'

const MIB = 1024 * 1024

/** How much is uploaded across the revocation; the upload is as slow as it takes to outlast the bound. */
const UPLOAD_MIB = Number(process.env['TEST_UPLOAD_MIB'] ?? 64)

const BOUND_MS = 3_000

interface Rig {
  readonly onezone: DevOnezone
  readonly gateway: Gateway
  readonly port: number
  readonly uploaded: () => number
  readonly metric: (name: string) => Promise<number>
}

interface RigOptions {
  readonly boundMs?: number
  /** More lines of the configuration, and the files that they name. */
  readonly yaml?: string
  readonly files?: Record<string, string>
  readonly onezone?: DevOnezone
}

async function startRig({
  boundMs = BOUND_MS,
  yaml = '',
  files = {},
  onezone,
}: RigOptions = {}): Promise<Rig> {
  const issuer = onezone ?? (await startOnezone())
  const sockets = await startEchoUpstream()
  let uploaded = 0
  const { url } = await startHttpServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'POST') {
      request.on('data', (chunk: Buffer) => (uploaded += chunk.length))
      request.on('end', () => response.end(`got ${uploaded}`))
      return
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    let events = 0
    const timer = setInterval(() => response.write(`data: ${events++}\n\n`), 100)
    response.on('close', () => clearInterval(timer))
  })
  const gateway = await startGateway({
    onezoneUrl: issuer.url,
    files,
    yaml: `
verdicts: { maxStalenessMs: ${boundMs} }
routes:
  - { path: /ws, upstream: '${sockets.url}' }
  - { path: /**, upstream: '${url}' }
${yaml}`,
  })
  return {
    onezone: issuer,
    gateway,
    port: Number(new URL(gateway.url).port),
    uploaded: () => uploaded,
    async metric(name) {
      const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
      const line = text.split('\n').find((each) => each.startsWith(`${name} `))
      return Number(line?.split(' ')[1] ?? NaN)
    },
  }
}

async function openStreams({ port }: Rig, token: string) {
  const fields = `Host: gw.test\r\nX-Auth-Token: ${token}\r\n`
  const socket = await openWebSocket(port, fields)
  const events = await openRawClient(port)
  events.send(`GET /events HTTP/1.1\r\n${fields}\r\n`)
  await events.until('data: 0\n\n')
  return { socket, events }
}

/** Ends well, or not at all. */
const WHOLE_STREAM = /\r\n0\r\n\r\n$/

test(
  'across a revocation, a WebSocket and an event stream end within the bound, and an upload that had been admitted finishes',
  { timeout: 60_000 + UPLOAD_MIB * 100 },
  async () => {
    const rig = await startRig()
    const token = rig.onezone.createTemporaryToken({ subject: ALICE })
    const other = rig.onezone.createTemporaryToken({ subject: { type: 'user', id: 'bob' } })
    const { socket, events } = await openStreams(rig, token)
    const bobs = await openStreams(rig, other)
    socket.send(TEXT, 'before')
    await socket.until(() => socket.texts().includes('before'))

    const upload = httpRequest(`${rig.gateway.url}/upload`, {
      method: 'POST',
      headers: { 'X-Auth-Token': token, 'Content-Length': UPLOAD_MIB * MIB },
    })
    const answered = new Promise<string>((resolve, reject) => {
      upload.on('error', reject)
      upload.on('response', (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => resolve(`${response.statusCode} ${body}`))
      })
    })
    const block = Buffer.alloc(MIB)
    const sendBlocks = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        await new Promise<void>((resolve) => upload.write(block, () => resolve()))
      }
    }
    const half = Math.floor(UPLOAD_MIB / 2)
    await sendBlocks(half)
    await eventually(() => rig.uploaded() > 0)
    expect(await rig.metric('onegate_open_streams{kind="websocket"}')).toBe(2)
    expect(await rig.metric('onegate_open_streams{kind="event-stream"}')).toBe(2)

    rig.onezone.revokeTemporaryTokens(ALICE)
    const revokedAt = performance.now()
    let endedAt = 0
    await Promise.all([socket.closed(BOUND_MS * 2), events.until(WHOLE_STREAM)]).then(() => {
      endedAt = performance.now()
    })
    expect(socket.closing()).toEqual([1008, 'token_revoked'])
    expect(events.received()).toMatch(WHOLE_STREAM)
    // The bound is the gateway's; the rest is for a machine under load, on both ends.
    expect(endedAt - revokedAt).toBeLessThan(BOUND_MS + 1_500)

    const refused = await fetch(`${rig.gateway.url}/x`, { headers: { 'X-Auth-Token': token } })
    expect(refused.status).toBe(401)
    await refused.arrayBuffer()
    while (performance.now() - revokedAt < BOUND_MS + 500) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await sendBlocks(UPLOAD_MIB - half)
    upload.end()
    expect(await answered).toBe(`200 got ${UPLOAD_MIB * MIB}`)

    bobs.socket.send(TEXT, 'bob is still here')
    await bobs.socket.until(() => bobs.socket.texts().length === 1)
    expect(bobs.events.ended()).toBe('open')
    expect(bobs.events.received()).not.toMatch(WHOLE_STREAM)
    expect(await rig.metric('onegate_open_streams{kind="websocket"}')).toBe(1)
    expect(await rig.metric('onegate_open_streams{kind="event-stream"}')).toBe(1)
    for (const kind of ['websocket', 'event-stream']) {
      expect(await rig.metric(`onegate_streams_ended_total{kind="${kind}",cause="refused"}`)).toBe(
        1,
      )
    }
    expect(await rig.metric('onegate_staleness_violations_total')).toBe(0)
  },
)

describe('streams end long before the bound', () => {
  test('S-142 when an operator takes back what is known', async () => {
    const rig = await startRig({ boundMs: 60_000 })
    const token = rig.onezone.createTemporaryToken({ subject: ALICE })
    const { socket, events } = await openStreams(rig, token)
    rig.onezone.revokeTemporaryTokens(ALICE)
    rig.gateway.invalidate({ subject: ALICE })
    await Promise.all([socket.closed(), events.until(WHOLE_STREAM)])
    expect(socket.closing()).toEqual([1008, 'token_revoked'])
  })

  test('S-142 S-161 when the token ends', async () => {
    const rig = await startRig({ boundMs: 60_000 })
    const token = rig.onezone.createTemporaryToken({
      subject: ALICE,
      caveats: [{ type: 'time', validUntil: Math.floor(Date.now() / 1000) + 2 }],
    })
    const { socket, events } = await openStreams(rig, token)
    await Promise.all([socket.closed(), events.until(WHOLE_STREAM)])
    expect(socket.closing()).toEqual([1008, 'token_expired'])
  })

  test('when the watch sees it', { timeout: 60_000 }, async () => {
    const onezone = await startOnezone()
    const watcher = onezone.createNamedToken({ subject: ALICE, name: 'the watch' })
    const rig = await startRig({
      boundMs: 60_000,
      yaml: 'onezone: { watchTokenFile: watch-token, watchIntervalMs: 250 }',
      files: { 'watch-token': watcher.token },
      onezone,
    })
    const named = onezone.createNamedToken({ subject: ALICE, name: 'in use' })
    const { socket, events } = await openStreams(rig, named.token)
    // No request for several intervals.
    const reads = () => rig.metric('onegate_watch_reads_total{outcome="ok"}')
    await eventually(async () => (await reads()) >= 4)
    onezone.setNamedTokenRevoked(named.tokenId, true)
    await Promise.all([socket.closed(20_000), events.until(WHOLE_STREAM)])
    expect(socket.closing()).toEqual([1008, 'token_revoked'])
  })
})

test('while Onezone is away streams go on to the end of the bound, and no further', async () => {
  const rig = await startRig()
  const token = rig.onezone.createTemporaryToken({ subject: ALICE })
  const { socket, events } = await openStreams(rig, token)
  await rig.onezone.close()
  await Promise.all([socket.closed(BOUND_MS * 2), events.until(WHOLE_STREAM)])
  expect(socket.closing()).toEqual([1013, 'verifier_unavailable'])
  expect(await rig.metric('onegate_streams_ended_total{kind="websocket",cause="unverified"}')).toBe(
    1,
  )
})

describe('a gateway that is being closed', () => {
  test('ends its streams, when it is known not to be ready, and does not wait for them', async () => {
    const rig = await startRig({ yaml: 'shutdown: { drainMs: 10000 }' })
    const token = rig.onezone.createTemporaryToken({ subject: ALICE })
    const { socket, events } = await openStreams(rig, token)
    const closing = rig.gateway.close()
    expect((await fetch(`${rig.gateway.adminUrl}/readyz`)).status).toBe(503)
    await Promise.all([socket.closed(), events.until(WHOLE_STREAM)])
    expect(socket.closing()).toEqual([1001, 'draining'])
    const begun = performance.now()
    await closing
    expect(performance.now() - begun).toBeLessThan(5_000)
  })

  test('is held up by none of them for longer than shutdown.drainMs', async () => {
    const rig = await startRig({ yaml: 'shutdown: { drainMs: 300 }' })
    const token = rig.onezone.createTemporaryToken({ subject: ALICE })
    const { socket, events } = await openStreams(rig, token)
    socket.socket.pause()
    events.socket.pause()
    const begun = performance.now()
    await rig.gateway.close()
    expect(performance.now() - begun).toBeLessThan(3_000)
  })
})
