import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { ALICE } from '../helpers/onezone.ts'
import { startGatewayProcess } from './gateway-process.ts'
import { startPeer } from './peers.ts'
import type { ExchangeOptions, Received } from './raw-exchange.ts'
import { ask, exchange } from './raw-exchange.ts'

/** What came back on one connection, and what it brought about. */
export interface Outcome extends Received {
  /** What the upstream was sent meanwhile. */
  readonly up: string
  /** Heads of requests in that. */
  readonly upHeads: readonly string[]
  /** Questions to Onezone meanwhile. */
  readonly questions: number
}

/** What is waited for, and where. */
export interface SendOptions extends ExchangeOptions {
  /** @default that of the gateway */
  readonly port?: number | undefined
}

/** One gateway process between raw sockets, for all cases. */
export interface SecurityBench {
  readonly port: number
  readonly adminPort: number
  readonly onezone: DevOnezone
  /** `Host`, and a token of alice's. */
  readonly authenticated: string
  readonly token: string
  /** Another good one. */
  newToken(): string
  /** Sends bytes on a connection of their own, and waits for so many responses, or for its end. */
  send(bytes: string | readonly string[], options?: SendOptions): Promise<Outcome>
  /** Sends a request whose connection ends with its response. */
  ask(request: string): Promise<Received>
  /** Everything that the process wrote. */
  written(): string
  isAlive(): boolean
  close(): Promise<void>
}

const config = (onezone: string, upstream: string): string => `
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
onezone: { url: '${onezone}' }
shutdown: { drainMs: 0 }
verdicts: { maxStalenessMs: 300000 }
accessLog: { only: all }
routes:
  - { id: pub, path: /pub/**, token: none, upstream: '${upstream}' }
  - { id: app, path: /app/**, upstream: '${upstream}' }
  - { id: fwd, path: /fwd/**, forwardToken: true, upstream: '${upstream}' }
  - { id: admin, path: /admin/**, subjects: { ids: [bob] }, upstream: '${upstream}' }
  - { id: hosted, path: /hosted/**, hosts: [gw.test], token: none, upstream: '${upstream}' }
  - { id: base, path: /base/**, token: none, upstream: '${upstream}/inner' }
  - { id: getonly, path: /getonly/**, methods: [GET], token: none, upstream: '${upstream}' }
  - { id: rest, path: /rest/**, interface: rest, upstream: '${upstream}' }
  - { id: oneclient, path: /oneclient/**, interface: oneclient, upstream: '${upstream}' }
  - { id: ws, path: /ws/**, credentials: [websocket-protocol], upstream: '${upstream}' }
  - { id: small, path: /small/**, token: none, maxBodyBytes: 10, upstream: '${upstream}' }
`

export async function startSecurityBench(): Promise<SecurityBench> {
  const onezone = await createDevOnezone({})
  const upstream = await startPeer(
    ({ head }, socket) => void socket.write(answerTo(head), 'latin1'),
  )
  const gateway = await startGatewayProcess(
    config(onezone.url, `http://127.0.0.1:${upstream.port}`),
  )
  const token = onezone.createTemporaryToken({ subject: ALICE })
  let others = 0

  return {
    port: gateway.port,
    adminPort: gateway.adminPort,
    onezone,
    authenticated: `Host: gw.test\r\nAuthorization: Bearer ${token}\r\n`,
    token,
    newToken: () =>
      onezone.createNamedToken({ subject: ALICE, name: `other ${(others += 1)}` }).token,
    async send(bytes, { port = gateway.port, ...options } = {}) {
      const upBefore = upstream.received.length
      const before = onezone.calls().verifyAccessToken
      const received = await exchange(port, bytes, options)
      const up = upstream.received.slice(upBefore)
      return {
        ...received,
        up,
        upHeads: up.split('\r\n\r\n').filter((part) => / HTTP\/1\.1\r\n/.test(part)),
        questions: onezone.calls().verifyAccessToken - before,
      }
    },
    ask: (request) => ask(gateway.port, request),
    written: () => gateway.written(),
    isAlive: () => gateway.isAlive(),
    async close() {
      await gateway.stop()
      upstream.close()
      await onezone.close()
    },
  }
}

/** Odd answers are asked for by the path. */
function answerTo(head: string): string {
  const what = /\/answer\/([a-z]+)/.exec(head.split('\r\n')[0] ?? '')?.[1] ?? ''
  const body = 'Content-Length: 2\r\n\r\nok'
  const odd: Readonly<Record<string, string>> = {
    nominated: `HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nX-Secret: s\r\n${body}`,
    identity: `HTTP/1.1 200 OK\r\nX-Onedata-Subject-Id: other\r\n${body}`,
    twice: `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok`,
    both: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nok`,
    garbage: 'SSH-2.0-OpenSSH\r\n\r\n',
    folded: `HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n${body}`,
    unasked: 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    redirect: `HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\n${body}`,
  }
  return odd[what] ?? `HTTP/1.1 200 OK\r\n${body}`
}
