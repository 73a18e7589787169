import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { startOnegate } from '../cli/onegate-process.ts'
import { ALICE } from '../helpers/onezone.ts'

/** What came back on one connection, and what it brought about. */
export interface Outcome {
  /** Status of each response, in order. */
  readonly statuses: readonly number[]
  /** Everything that was received. */
  readonly text: string
  /** Whether the gateway ended the connection. */
  readonly closed: boolean
  /** What the upstream was sent meanwhile. */
  readonly up: string
  /** Heads of requests in that. */
  readonly upHeads: readonly string[]
  /** Questions to Onezone meanwhile. */
  readonly questions: number
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
  /** Sends bytes on a connection of their own, and waits until nothing more comes. */
  send(bytes: string | readonly string[], port?: number): Promise<Outcome>
  /** Everything that the process wrote. */
  written(): string
  isAlive(): boolean
  close(): Promise<void>
}

const QUIET_MS = 150
const LONGEST_MS = 8_000

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
  - { id: small, path: /small/**, token: none, maxBodyBytes: 10, upstream: '${upstream}' }
`

export async function startSecurityBench(): Promise<SecurityBench> {
  const onezone = await createDevOnezone({})
  let up = ''
  const sockets = new Set<Socket>()
  const upstream = createServer((socket) => {
    sockets.add(socket)
    let pending = ''
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      up += chunk.toString('latin1')
      pending += chunk.toString('latin1')
      for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
        const head = pending.slice(0, end)
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
        const last = /^transfer-encoding/im.test(head)
          ? pending.indexOf('0\r\n\r\n', end) + 5
          : end + 4 + length
        if (pending.length < last || last === 4) return
        pending = pending.slice(last)
        socket.write(answerTo(head))
      }
    })
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const directory = mkdtempSync(join(tmpdir(), 'onegate-security-'))
  const file = join(directory, 'onegate.yaml')
  const { port: upstreamPort } = upstream.address() as AddressInfo
  writeFileSync(file, config(onezone.url, `http://127.0.0.1:${upstreamPort}`))
  const onegate = startOnegate(['serve', '--config', file, '--json'])
  let printed = ''
  onegate.child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const { gateway, admin } = await onegate.ready<{ gateway: string; admin: string }>()
  const port = Number(new URL(gateway).port)
  const token = onezone.createTemporaryToken({ subject: ALICE })
  let others = 0

  async function send(bytes: string | readonly string[], to = port): Promise<Outcome> {
    const upBefore = up.length
    const before = onezone.calls().verifyAccessToken
    const { text, closed } = await exchange(to, typeof bytes === 'string' ? [bytes] : bytes)
    const sent = up.slice(upBefore)
    return {
      statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
      text,
      closed,
      up: sent,
      upHeads: sent.split('\r\n\r\n').filter((part) => / HTTP\/1\.1\r\n/.test(part)),
      questions: onezone.calls().verifyAccessToken - before,
    }
  }

  return {
    port,
    adminPort: Number(new URL(admin).port),
    onezone,
    authenticated: `Host: gw.test\r\nAuthorization: Bearer ${token}\r\n`,
    token,
    newToken: () =>
      onezone.createNamedToken({ subject: ALICE, name: `other ${(others += 1)}` }).token,
    send,
    written: () => printed + onegate.stderr(),
    isAlive: () => onegate.child.exitCode === null && onegate.child.signalCode === null,
    async close() {
      await onegate.stop()
      for (const socket of sockets) socket.destroy()
      upstream.close()
      await onezone.close()
      rmSync(directory, { recursive: true })
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

function exchange(
  port: number,
  parts: readonly string[],
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    let text = ''
    let quiet: NodeJS.Timeout | undefined
    const socket = connect({ port, host: '127.0.0.1' })
    const finish = (closed: boolean): void => {
      clearTimeout(quiet)
      clearTimeout(longest)
      socket.destroy()
      resolve({ text, closed })
    }
    const longest = setTimeout(finish, LONGEST_MS, false)
    socket.on('error', () => {})
    socket.on('close', () => finish(true))
    socket.on('end', () => finish(true))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      clearTimeout(quiet)
      quiet = setTimeout(finish, QUIET_MS, false)
    })
    for (const part of parts) socket.write(part, 'latin1')
  })
}
