import type { Socket } from 'node:net'

import type { IncomingSocket } from './http-message.ts'
import { connectionName } from './proxy-protocol.ts'

/** The connections on which no request has come yet. */
export interface SilentConnections {
  /** Takes a new connection into account. */
  add(socket: Socket): void
  /** Takes a connection out again, because a request has come. */
  heard(socket: IncomingSocket): void
  /** Finds a connection by its name. */
  find(name: string): Socket | undefined
  /** Ends all of them. */
  end(): void
}

/** Options of {@link createSilentConnections}. */
export interface SilentConnectionsOptions {
  /** How long a connection may take. */
  readonly silenceMs: number
  /** Whether requests come on other sockets than their connections do, as with TLS: then these have names. */
  readonly tls: boolean
}

/** Makes what ends connections that send no request head in time. */
export function createSilentConnections(options: SilentConnectionsOptions): SilentConnections {
  const { silenceMs, tls } = options
  const keyOf = (socket: IncomingSocket): string | IncomingSocket =>
    tls ? connectionName(socket) : socket
  const silent = new Map<string | IncomingSocket, { socket: Socket; timer: NodeJS.Timeout }>()
  /** Sockets that requests have come on: most requests are not the first one. */
  const known = new WeakSet<IncomingSocket>()
  const forget = (key: string | IncomingSocket): void => {
    clearTimeout(silent.get(key)?.timer)
    silent.delete(key)
  }
  return {
    add(socket) {
      const key = keyOf(socket)
      const timer = setTimeout(() => socket.destroy(), silenceMs)
      silent.set(key, { socket, timer: timer.unref() })
      socket.once('close', () => forget(key))
    },
    heard(socket) {
      if (known.has(socket)) return
      known.add(socket)
      forget(keyOf(socket))
    },
    find: (name) => silent.get(name)?.socket,
    end() {
      for (const { socket } of silent.values()) socket.destroy()
    },
  }
}
