import type { LookupFunction, NetConnectOpts } from 'node:net'
import { isIP, Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { connect as connectTls, createSecureContext } from 'node:tls'

import type { ResponseLimits } from './response-head.ts'
import type { UpstreamTls } from './upstream-options.ts'

/** Where a connection goes. */
export interface ConnectionTarget {
  readonly host: string
  readonly port: number
  /** Of a Unix socket, in place of host and port. @default null */
  readonly socketPath?: string | null | undefined
  /** How TLS is spoken there. @default null: it is not */
  readonly secure?: SecureTarget | null | undefined
  readonly connectMs: number
  /** Looks the host up. @default as the system does */
  readonly lookup?: LookupFunction | undefined
  /** How much of an answer may come before its body. @default RESPONSE_LIMITS */
  readonly limits?: ResponseLimits | undefined
}

/** How TLS is spoken with one upstream; what its connections have in common is made once. */
export class SecureTarget {
  /** What the last handshake left to shorten the next one. */
  session: Buffer | undefined
  readonly #tls: UpstreamTls
  #context: SecureContext | null = null

  constructor(tls: UpstreamTls) {
    this.#tls = tls
  }

  get context(): SecureContext {
    const { ca, cert, key } = this.#tls
    return (this.#context ??= createSecureContext({ ca, cert, key }))
  }

  /** The name that is asked for, and that the certificate is checked for; none for an address. */
  serverName(host: string): string | undefined {
    return this.#tls.serverName ?? (isIP(host) === 0 ? host : undefined)
  }
}

/** Options of {@link openUpstreamSocket}. */
export interface UpstreamSocketOptions {
  /** Where to read to; used again when `onRead` returns. */
  readonly buffer: Uint8Array
  /**
   * Whether it is read as a stream, so that it can be given to somebody else, who finds it flowing when the last
   * listener to `data` is gone; then what `onRead` returns means nothing. @default false
   */
  readonly asStream?: boolean | undefined
  /** Told how many bytes came. @returns Whether to go on reading. */
  readonly onRead: (count: number) => boolean
  /** Told when requests can be sent. */
  readonly onConnect: () => void
  /** Told of a write that failed, while such are borne. */
  readonly onWriteError: (error: Error) => void
}

/** So that a peer that has vanished is noticed under a response that never ends. */
const PROBE_AFTER_MS = 60_000

type Done = (error?: Error | null) => void

/**
 * A socket that can still be read after a write to it has failed. Node destroys its own in that case, and with it the
 * answer that an upstream gave before it would not hear the rest of an upload (RFC 9112 §9.6).
 */
export interface UpstreamSocket extends Socket {
  /** Whether a write that fails from now on is told, and leaves the socket to be read and destroyed by its owner. */
  bearsWriteErrors: boolean
}

/** Connects, with TLS where the target has it. */
export function openUpstreamSocket(
  target: ConnectionTarget,
  options: UpstreamSocketOptions,
): UpstreamSocket {
  const { host, port, socketPath, lookup } = target
  const { buffer, asStream = false, onRead, onConnect } = options
  const all: NetConnectOpts = {
    ...(typeof socketPath === 'string' ? { path: socketPath } : { host, port, lookup }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    ...(!asStream && { onread: { buffer, callback: onRead } }),
  }
  const { secure = null } = target
  if (secure === null) {
    const plain = withBearing(new Socket(all), options)
    if (asStream) readAsStream(plain, options)
    plain.once('connect', onConnect)
    plain.connect(all)
    return plain
  }
  const socket = connectTls({
    ...all,
    secureContext: secure.context,
    servername: secure.serverName(host) ?? '',
    session: secure.session,
    ALPNProtocols: ['http/1.1'],
    // Said outright, it beats NODE_TLS_REJECT_UNAUTHORIZED=0.
    rejectUnauthorized: true,
  })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, PROBE_AFTER_MS)
  socket.on('session', (session: Buffer) => (secure.session = session))
  socket.once('secureConnect', onConnect)
  if (asStream) readAsStream(socket, options)
  return withBearing(socket, options)
}

function readAsStream(socket: Socket, { buffer, onRead }: UpstreamSocketOptions): void {
  socket.on('data', (part: Buffer) => {
    if (part.length > buffer.length) {
      // A stream that flows would tell at once what is put back.
      socket.pause().unshift(part.subarray(buffer.length))
      socket.resume()
    }
    onRead(part.copy(buffer))
  })
}

function withBearing(socket: Socket, { onWriteError }: UpstreamSocketOptions): UpstreamSocket {
  const bearing = Object.assign(socket, { bearsWriteErrors: false })
  // Not bound: a bound function would cost with each write.
  // oxlint-disable-next-line typescript/unbound-method -- called on the socket that they belong to
  const { _write: write, _writev: writev } = socket
  /** A write that is never done: what waits behind it is never sent. */
  const bear =
    (done: Done): Done =>
    (error) => {
      if (error === undefined || error === null) done()
      else onWriteError(error)
    }
  bearing._write = (chunk: unknown, encoding, done: Done) =>
    write.call(socket, chunk, encoding, bearing.bearsWriteErrors ? bear(done) : done)
  bearing._writev = (chunks, done: Done) =>
    writev?.call(socket, chunks, bearing.bearsWriteErrors ? bear(done) : done)
  return bearing
}
