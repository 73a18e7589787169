import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { hasOpenssl, selfSigned } from '../helpers/certificate.ts'
import {
  answer,
  clientOf,
  GRANT,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const ASK = { token: 'MDAxY2xvY00secret', peerIp: null }
const onTls = (identity: { key: Buffer; cert: Buffer }) =>
  scriptedOnezone((socket) => socket.write(answer(200, GRANT)), identity)

const tls = hasOpenssl() ? test : test.skip

tls('a self-signed server is refused, and the token never reaches it', async () => {
  const server = await onTls(selfSigned('right', 'IP:127.0.0.1'))
  const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_UNREACHABLE' })
  expect(String(error)).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
  expect(server.received).toBe('')
})

tls('it is accepted where its certificate is the ca', async () => {
  const identity = selfSigned('right', 'IP:127.0.0.1')
  const server = await onTls(identity)
  for (const ca of [identity.cert, identity.cert.toString()]) {
    const verdict = await clientOf(server.url, { ca }).verifyAccessToken(ASK)
    expect(verdict).toMatchObject({ ok: true })
  }
  expect(server.requests).toHaveLength(2)
})

tls('S-190 R-V11 a certificate for another name, or of another authority, is refused', async () => {
  const wrong = selfSigned('wrong', 'IP:127.0.0.2')
  const other = selfSigned('right', 'IP:127.0.0.1')
  const server = await onTls(wrong)
  for (const ca of [wrong.cert, other.cert]) {
    const error = await rejectionOf(clientOf(server.url, { ca }).verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_UNREACHABLE' })
  }
  expect(server.received).toBe('')
})

tls('S-194 NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch the verification off', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  try {
    const server = await onTls(selfSigned('right', 'IP:127.0.0.1'))
    const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_UNREACHABLE' })
    expect(server.received).toBe('')
  } finally {
    vi.unstubAllEnvs()
  }
})

/** A server on which `https:` gets no further than what is done with the raw connection. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('S-192 a server that speaks plain HTTP where TLS is expected never sees the token', async () => {
  let received = ''
  const url = await rawServer((socket) => {
    socket.write(answer(200, GRANT))
    socket.on('data', (chunk) => (received += chunk.toString('latin1')))
  })
  const error = await rejectionOf(clientOf(url).verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_UNREACHABLE' })
  expect(received).not.toContain(ASK.token)
})

test('a handshake that never ends is given up after connectTimeoutMs', async () => {
  let connections = 0
  const url = await rawServer(() => {
    connections += 1
  })
  const client = clientOf(url, { connectTimeoutMs: 100, totalTimeoutMs: 10_000, maxAttempts: 1 })
  const error = await rejectionOf(client.verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_UNREACHABLE' })
  expect(String(error)).toContain('UND_ERR_CONNECT_TIMEOUT')
  expect(connections).toBe(1)
})

tls('a handshake that ends after the deadline does not let the token out any more', async () => {
  const identity = selfSigned('right', 'IP:127.0.0.1')
  const server = await onTls(identity)
  let closed = 0
  let goOn = (): void => {}
  const url = await rawServer((socket) => {
    socket.on('close', () => (closed += 1))
    goOn = () => {
      const relay = connect(Number(new URL(server.url).port), '127.0.0.1')
      relay.on('error', () => {})
      socket.pipe(relay).pipe(socket)
    }
  })
  const client = clientOf(url, { ca: identity.cert, totalTimeoutMs: 500 })
  const error = await rejectionOf(client.verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_TIMEOUT' })
  expect(closed).toBe(0)
  goOn()
  await expect.poll(() => closed).toBe(1)
  expect(server.received).toBe('')
})
