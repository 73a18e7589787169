import { once } from 'node:events'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { connect } from 'node:http2'
import { connect as connectTls } from 'node:tls'

import { onTestFinished } from 'vitest'

import type { Listener } from '../../src/listener/index.ts'
import { openListener } from '../../src/listener/index.ts'
import type { TlsMaterial } from '../../src/tls/index.ts'
import type { Identity } from './certificates.ts'
import { createAuthority } from './certificates.ts'
import type { Field } from './http2-frames.ts'
import { data, headers, openFrameClient } from './http2-frames.ts'
import type { RigOptions, RigProxy, RigRoute } from './proxy-rig.ts'
import { createRigProxy, TOKEN, WITHOUT_LANE } from './proxy-rig.ts'
import { readResponse } from './raw-client.ts'

export interface Http2Rig extends RigProxy {
  readonly port: number
  readonly url: string
  readonly listener: Listener
}

/** One for all: no test of these is about it, and to make one takes three processes. */
let certificate: Identity | null = null

/** A proxy behind a listener that speaks HTTP/2 and HTTP/1.1, until the test ends. */
export async function startHttp2Rig(
  routes: readonly RigRoute[],
  options: RigOptions = {},
): Promise<Http2Rig> {
  const made = createRigProxy(routes, options)
  const listener = await openListener({
    on: { host: '127.0.0.1', port: 0 },
    door: made.proxy,
    tls: { material: anyMaterial(), clientAuth: 'none', http2: true },
    fastLane: !WITHOUT_LANE,
  })
  onTestFinished(async () => {
    await listener.drain(0)
    await made.proxy.close()
  })
  return { ...made, listener, url: listener.url, port: Number(new URL(listener.url).port) }
}

/** A certificate that nobody looks at. */
export function anyMaterial(): TlsMaterial {
  certificate ??= createAuthority('gateway').issue('gateway')
  return { ...certificate, clientCa: undefined, others: [], validUntilMs: Infinity }
}

/** A client of HTTP/2 as people use it, until the test ends. */
export function openHttp2(url: string): ClientHttp2Session {
  const session = connect(url, { rejectUnauthorized: false })
  session.on('error', () => {})
  onTestFinished(() => session.destroy())
  return session
}

export interface Http2Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Code by which the stream ended; 0: well. */
  readonly code: number
}

/** Reads what comes on a stream until it closes. */
export async function readAnswer(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const chunks: Buffer[] = []
  let head: IncomingHttpHeaders = {}
  stream.on('error', () => {})
  stream.on('response', (received) => (head = received))
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve) => stream.once('close', resolve))
  const status = Number((head as Record<string, unknown>)[':status'] ?? 0)
  return { status, headers: head, body: Buffer.concat(chunks), code: stream.rstCode }
}

/** One request, in the words of neither protocol. */
export interface AnyRequest {
  /** @default GET */
  readonly method?: string
  readonly path: string
  /** @default gw.test */
  readonly host?: string
  readonly fields?: readonly Field[]
  readonly body?: string
}

export interface AnyAnswer {
  readonly status: number
  readonly code: string | null
  readonly body: string
}

export const AUTHORIZED: Field = ['authorization', `Bearer ${TOKEN}`]

/** The heads of two authenticated requests. */
export const GET: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'gw.test'],
  [':path', '/x'],
  AUTHORIZED,
]
export const POST: readonly Field[] = [[':method', 'POST'], ...GET.slice(1)]

/** Sends a request over TLS by HTTP/1.1, each byte as it is given. */
export async function askHttp1(port: number, request: AnyRequest): Promise<AnyAnswer> {
  const { method = 'GET', path, host = 'gw.test', fields = [], body } = request
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  let received = ''
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close']
  for (const [name, value] of fields) lines.push(`${name}: ${value}`)
  const counted = fields.some(([name]) => name === 'content-length')
  if (body !== undefined && !counted) lines.push('Transfer-Encoding: chunked')
  const sent = body === undefined || counted ? (body ?? '') : chunked(body)
  socket.write(`${lines.join('\r\n')}\r\n\r\n${sent}`, 'latin1')
  await new Promise<void>((resolve) => socket.once('close', resolve))
  const { status, body: answer } = readResponse(
    received.replace(/^HTTP\/1\.1 1\d\d [^]*?\r\n\r\n/, ''),
  )
  return { status, code: codeOf(answer), body: answer }
}

/** Sends the same by HTTP/2. */
export async function askHttp2(port: number, request: AnyRequest): Promise<AnyAnswer> {
  const { method = 'GET', path, host = 'gw.test', fields = [], body } = request
  const client = await openFrameClient({ port })
  const pseudo: Field[] = [
    [':method', method],
    [':scheme', 'https'],
    [':authority', host],
    [':path', path],
  ]
  const all =
    method === 'CONNECT' ? [pseudo[0] ?? AUTHORIZED, [':authority', path] as const] : pseudo
  if (body === undefined) client.send(headers(1, [...all, ...fields]))
  else client.send(headers(1, [...all, ...fields], 0), data(1, body))
  const { statuses, body: answer } = await client.over(1)
  client.socket.destroy()
  return {
    status: statuses.find((status) => status >= 200) ?? 0,
    code: codeOf(answer),
    body: answer,
  }
}

function chunked(body: string): string {
  return `${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`
}

function codeOf(body: string): string | null {
  return /"code":"(\w+)"/.exec(body)?.[1] ?? null
}
