import { X509Certificate } from 'node:crypto'
import type { ServerOptions as HttpOptions } from 'node:http'
import type { Server, ServerOptions } from 'node:https'
import { createServer } from 'node:https'
import type { SecureContext, TLSSocket } from 'node:tls'
import { createSecureContext } from 'node:tls'

import type { TlsMaterial } from './tls-files.ts'
import { OLDEST_TLS } from './tls-files.ts'

/**
 * Whether clients must show a certificate. `request`: those that show none pass, those whose certificate is not valid
 * do not; `require`: neither does.
 */
export type ClientAuth = 'none' | 'request' | 'require'

/** What {@link createTlsServer} does beyond HTTP. */
export interface TlsServerOptions {
  readonly material: TlsMaterial
  readonly clientAuth: ClientAuth
  /** How long a handshake may take, in milliseconds. */
  readonly handshakeTimeoutMs: number
  /** Told of each handshake that fails. @default nobody is */
  readonly onHandshakeFailure?: (() => void) | undefined
  /** Takes the connections whose clients want HTTP/2. @default nobody: it is not offered */
  readonly onHttp2?: ((socket: TLSSocket) => void) | undefined
  /** Told of a client that speaks HTTP without TLS, before its connection is ended. @default nobody is told */
  readonly onPlainHttp?: ((socket: TLSSocket) => void) | undefined
}

/** Makes a server of HTTP/1.1 over TLS 1.2 or newer. A handshake that fails ends its connection. */
export function createTlsServer(http: HttpOptions, options: TlsServerOptions): Server {
  const { material, clientAuth, handshakeTimeoutMs, onHandshakeFailure, onHttp2 } = options
  const { onPlainHttp } = options
  const server: Server = createServer({
    ...http,
    ...contextOf(material),
    SNICallback: (name, choose) => choose(null, chosenFor(server, name)),
    ALPNProtocols: onHttp2 === undefined ? ['http/1.1'] : ['h2', 'http/1.1'],
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: clientAuth !== 'none',
    // Node's own check cannot tell a certificate that is not valid from none, so `request` checks below.
    rejectUnauthorized: clientAuth === 'require',
  })
  named.set(server, namedContexts(material))
  // Node would have it answered like a request that cannot be read, in plain HTTP or into a handshake that is over.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, socket: TLSSocket) => {
    if (code === 'ERR_SSL_HTTP_REQUEST') onPlainHttp?.(socket)
    socket.destroy()
    onHandshakeFailure?.()
  })
  divert(server, onHttp2)
  if (clientAuth === 'request') {
    server.prependListener('secureConnection', (socket: TLSSocket) => {
      if (!socket.authorized && socket.getPeerX509Certificate() !== undefined) socket.destroy()
    })
  }
  return server
}

/** The event of such a server for each connection on which HTTP/1.1 is to be spoken; it listens itself, too. */
export const HTTP1_CONNECTION = 'http1Connection'

/**
 * Hands over connections on which HTTP/2 was agreed, and tells of all others by their own event. Not by
 * `createSecureServer` of node:http2: its HTTP/1.1 is not the same as that of node:https.
 */
function divert(server: Server, onHttp2: TlsServerOptions['onHttp2']): void {
  for (const serve of server.listeners('secureConnection')) {
    server.on(HTTP1_CONNECTION, serve as (socket: TLSSocket) => void)
  }
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (onHttp2 !== undefined && socket.alpnProtocol === 'h2') return onHttp2(socket)
    // As without TLS: who has sent its last byte may still read the answer.
    socket.allowHalfOpen = true
    server.emit(HTTP1_CONNECTION, socket)
  })
}

/** Gives new connections another certificate; those that are open keep theirs. */
export function changeMaterial(server: Server, material: TlsMaterial): void {
  server.setSecureContext(contextOf(material))
  named.set(server, namedContexts(material))
}

function contextOf({
  cert,
  key,
  clientCa,
}: Omit<TlsMaterial, 'validUntilMs' | 'others'>): ServerOptions {
  return { cert, key, ca: clientCa, minVersion: OLDEST_TLS }
}

/** What is shown to those who ask for a name. */
interface NamedContext {
  readonly certificate: X509Certificate
  readonly context: SecureContext
}

const named = new WeakMap<Server, readonly NamedContext[]>()

/** The first certificate is among them, so that one that is for a name comes before one that is for many. */
function namedContexts(material: TlsMaterial): readonly NamedContext[] {
  if (material.others.length === 0) return []
  return [material, ...material.others].map((pair) => ({
    certificate: new X509Certificate(pair.cert),
    context: createSecureContext(contextOf({ ...material, ...pair })),
  }))
}

function chosenFor(server: Server, name: string): SecureContext | undefined {
  const fitting = named.get(server)?.filter(({ certificate }) => certificate.checkHost(name))
  // Not by a wildcard where there is one for the name itself.
  const exact = fitting?.find(({ certificate }) =>
    certificate.checkHost(name, { wildcards: false }),
  )
  return (exact ?? fitting?.[0])?.context
}
