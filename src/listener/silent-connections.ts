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

/**
 * Makes what ends connections that send no request head in time.
 *
 * @param silenceMs How long a connection may take, in milliseconds.
 */
export function createSilentConnections(silenceMs: number): SilentConnections {
  // By address and port, because with TLS a request comes on another socket than its connection.
  const silent = new Map<string, { socket: Socket; timer: NodeJS.Timeout }>()
  /** Sockets that requests have come on: most requests are not the first one. */
  const known = new WeakSet<IncomingSocket>()
  const forget = (name: string): void => {
    clearTimeout(silent.get(name)?.timer)
    silent.delete(name)
  }
  return {
    add(socket) {
      const name = connectionName(socket)
      const timer = setTimeout(() => socket.destroy(), silenceMs)
      silent.set(name, { socket, timer: timer.unref() })
      socket.once('close', () => forget(name))
    },
    heard(socket) {
      if (known.has(socket)) return
      known.add(socket)
      forget(connectionName(socket))
    },
    find: (name) => silent.get(name)?.socket,
    end() {
      for (const { socket } of silent.values()) socket.destroy()
    },
  }
}
