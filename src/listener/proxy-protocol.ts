import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

import { UNIX_PEER } from '../unix-peer.ts'
import { readProxyHead } from './proxy-head.ts'

/** How connections of proxies begin that speak the PROXY protocol. */
export interface ProxyProtocolOptions {
  /** Whether the peer of a socket is such a proxy. All others are served as though there were none. */
  readonly isProxy: (remoteAddress: string | undefined) => boolean
  /** Told of a connection of such a proxy that does not begin with a head, or not in time. It is ended. */
  readonly onUnreadable: () => void
}

/** How long a proxy may take to send its head, in milliseconds. It has it when it connects. */
const HEAD_MS = 5_000

/** Finds out who is at the other end of connections. */
export interface Peers {
  /**
   * Reads who it is, where a proxy says so first.
   *
   * @param proceed Called with the socket when its address is that of the client, and nothing of the client was lost.
   */
  introduce(socket: Socket, local: boolean, proceed: () => void): void
  /** Gives a TLS connection the address of the connection below. */
  adopt(socket: TLSSocket): void
  /** The name by which the connection below is known. */
  nameOf(socket: TLSSocket): string
}

interface Peer {
  readonly remoteAddress: string | undefined
  readonly remotePort: number
}

/** Makes the peers of one listener. */
export function createPeers(protocol: ProxyProtocolOptions | null): Peers {
  /** Who those are that are not who their sockets say, by what these say. */
  const claimed = new Map<string, Peer>()
  // In place of a port, by which connections are told apart.
  let last = 0

  function claim(socket: Socket, remoteAddress: string | undefined): void {
    const name = connectionName(socket)
    last -= 1
    const peer = { remoteAddress, remotePort: last }
    become(socket, peer)
    if (socket.destroyed) return
    claimed.set(name, peer)
    socket.once('close', () => claimed.delete(name))
  }

  return {
    introduce(socket, local, proceed) {
      if (local) become(socket, { remoteAddress: UNIX_PEER, remotePort: (last -= 1) })
      if (protocol === null || !protocol.isProxy(socket.remoteAddress)) return proceed()
      awaitHead(socket, protocol, (address) => {
        // An empty one is unknown, and no address that could be trusted.
        if (address !== null) claim(socket, address === '' ? undefined : address)
        proceed()
      })
    },
    adopt(socket) {
      const peer = claimed.get(connectionName(socket))
      if (peer !== undefined) become(socket, peer)
    },
    nameOf(socket) {
      const name = connectionName(socket)
      const peer = claimed.get(name)
      return peer === undefined ? name : connectionName(peer)
    },
  }
}

/** Tells connections apart that are open at the same time. */
export function connectionName(peer: {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}): string {
  return `${peer.remoteAddress} ${peer.remotePort}`
}

function become(socket: Socket, { remoteAddress, remotePort }: Peer): void {
  Object.defineProperties(socket, {
    remoteAddress: { value: remoteAddress },
    remotePort: { value: remotePort },
  })
}

function awaitHead(
  socket: Socket,
  { onUnreadable }: ProxyProtocolOptions,
  onAddress: (address: string | null) => void,
): void {
  let received: Buffer = Buffer.alloc(0)
  const refuse = (): void => {
    leave()
    socket.on('error', ignore)
    socket.destroy()
    onUnreadable()
  }
  const timer = setTimeout(refuse, HEAD_MS)
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk])
    const head = readProxyHead(received)
    if (head === 'more') return
    if (head === 'malformed') return refuse()
    leave()
    socket.pause()
    // Not in the turn of a read, of which Node would see the rest.
    process.nextTick(() => {
      if (socket.destroyed) return
      if (head.length < received.length) socket.unshift(received.subarray(head.length))
      onAddress(head.address)
    })
  }
  const leave = (): void => {
    clearTimeout(timer)
    socket.off('data', onData).off('end', onEnd).off('close', leave).off('error', ignore)
  }
  // A proxy that only looks whether there is a listener says nothing.
  const onEnd = (): void => {
    leave()
    socket.destroy()
  }
  socket.on('data', onData).on('end', onEnd).on('close', leave).on('error', ignore)
  // Who is let in while it is time to stop waits paused.
  socket.resume()
}

/** What breaks a connection closes it, too. */
function ignore(): void {}
