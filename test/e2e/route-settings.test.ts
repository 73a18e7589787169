import { connect } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

/** A gateway as an operator configures it, and what is sent to it as bytes. */
async function setUp(settings: (upstream: string) => string) {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const gateway = await startGateway({ onezoneUrl: onezone.url, yaml: settings(upstream.url) })
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const { port } = new URL(gateway.url)
  const send = (head: string): Promise<string> =>
    new Promise((resolve) => {
      let received = ''
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(head))
      onTestFinished(() => void socket.destroy())
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1')
        if (/\r\n\r\n.*(?:\}|\r\n0\r\n\r\n)$/s.test(received)) socket.destroy()
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(received))
    })
  const get = (target: string, fields = ''): string =>
    `GET ${target} HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${token}\r\n${fields}\r\n`
  return { upstream, send, get }
}

describe.each([true, false])('limits, with fastLane: %s', (fastLane) => {
  test('hold for requests that would otherwise be read', async () => {
    const { send, get, upstream } = await setUp(
      (url) => `fastLane: ${fastLane}
limits: { requestHeadBytes: 4096, requestFields: 20, targetBytes: 256 }
upstream: ${url}
`,
    )
    expect(await send(get('/x'))).toMatch(/^HTTP\/1\.1 200 /)
    expect(await send(get('/x', `X-A: ${'a'.repeat(5000)}\r\n`))).toMatch(
      /^HTTP\/1\.1 431 .*"headers_too_large"/s,
    )
    expect(await send(get('/x', 'X-A: a\r\n'.repeat(20)))).toMatch(/^HTTP\/1\.1 431 /)
    expect(await send(get(`/${'a'.repeat(256)}`))).toMatch(/^HTTP\/1\.1 414 /)
    expect(upstream.seen).toHaveLength(1)
  })

  test('can be higher than they are', async () => {
    const { send, get } = await setUp(
      (url) => `fastLane: ${fastLane}
limits: { requestHeadBytes: 65536, requestFields: 300, targetBytes: 30000 }
upstream: ${url}
`,
    )
    expect(await send(get('/x', `X-A: ${'a'.repeat(13_000)}\r\n`))).toMatch(/^HTTP\/1\.1 200 /)
    expect(await send(get('/x', 'X-A: a\r\n'.repeat(250)))).toMatch(/^HTTP\/1\.1 200 /)
  })
})
