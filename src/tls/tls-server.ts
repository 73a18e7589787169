import type { ServerOptions as HttpOptions } from 'node:http'
import type { Server, ServerOptions } from 'node:https'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'

import type { TlsMaterial } from './tls-files.ts'
import { OLDEST_TLS } from './tls-files.ts'

/**
 * Whether clients must show a certificate. `request`: those that show none pass, those whose certificate is not valid do
 * not; `require`: neither does.
 */
export type ClientAuth = 'none' | 'request' | 'require'

/** What {@link createTlsServer} does beyond HTTP. */
export interface TlsServerOptions {
  readonly material: TlsMaterial
  readonly clientAuth: ClientAuth
  /** How long a handshake may take, in milliseconds. */
  readonly handshakeTimeoutMs: number
}

/** Makes a server of HTTP/1.1 over TLS 1.2 or newer. A handshake that fails ends its connection without a word. */
export function createTlsServer(http: HttpOptions, options: TlsServerOptions): Server {
  const { material, clientAuth, handshakeTimeoutMs } = options
  const server = createServer({
    ...http,
    ...contextOf(material),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: clientAuth !== 'none',
    // Node's own check cannot tell a certificate that is not valid from none, so `request` checks below.
    rejectUnauthorized: clientAuth === 'require',
  })
  // Node would have it answered like a request that cannot be read, in plain HTTP or into a handshake that is over.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy())
  if (clientAuth === 'request') {
    server.prependListener('secureConnection', (socket: TLSSocket) => {
      if (!socket.authorized && socket.getPeerX509Certificate() !== undefined) socket.destroy()
    })
  }
  return server
}

/** Gives new connections another certificate; those that are open keep theirs. */
export function changeMaterial(server: Server, material: TlsMaterial): void {
  server.setSecureContext(contextOf(material))
}

function contextOf({ cert, key, clientCa }: TlsMaterial): ServerOptions {
  return { cert, key, ca: clientCa, minVersion: OLDEST_TLS }
}
