import { Server } from 'node:net'
import type { Socket } from 'node:net'

import type { Schedule } from '../clock.ts'
import type { ListenOn } from '../listener/index.ts'
import { acceptOn, acceptWith, untilNoMore } from '../listener/index.ts'
import type { Logger } from '../logger.ts'
import type { Channel } from './message.ts'
import { drop, idOf } from './message.ts'

/**
 * Listening sockets on which the workers accept by themselves: a connection that this process accepts and sends on
 * costs more than its request. On those of TCP this process accepts, too, until all workers that there are do, and
 * again when there is none; on Unix sockets always. A connection goes to whichever worker is free to take it. They are
 * not made to have equally many: one with a hundred that are idle can carry as much as one that has none.
 */
export interface SharedSockets {
  /** Where is listened, in the order that was given, with the ports that these are in the end. */
  readonly addresses: readonly ListenOn[]
  /** Lets a worker accept, too. Calling what it returns says that the worker has ended. */
  share(channel: Channel): () => void
  /** This process accepts who has connected by now, and no more. */
  close(): Promise<void>
}

/** Options of {@link openSharedSockets}. */
export interface SharedSocketsOptions {
  readonly on: readonly ListenOn[]
  /** Gets each connection that this process accepts; nothing of it has been read. `local`: it is of a Unix socket. */
  readonly onConnection: (socket: Socket, local: boolean) => void
  readonly schedule: Schedule
  readonly logger: Logger
}

/** How long until it is tried again to listen where the last worker has ended and left nothing that listens. */
const REOPEN_MS = 500

/**
 * Listens.
 *
 * @throws {Error} the system's own (`EADDRINUSE`, `EACCES` …), with `code`.
 */
export async function openSharedSockets(options: SharedSocketsOptions): Promise<SharedSockets> {
  const { onConnection, schedule, logger } = options
  let accepted = 0
  const accept = {
    onConnection(socket: Socket, local: boolean) {
      accepted += 1
      onConnection(socket, local)
    },
    // Nothing is read here, so that the worker finds everything.
    paused: true,
  }
  const opened = await acceptOn(options.on, accept)
  const isShared = (at: number): boolean => !('path' in (opened.addresses[at] ?? {}))
  const addresses = opened.addresses.filter((_, at) => isShared(at))
  /** Those on which this process accepts; null where only workers do. */
  const here: (Server | null)[] = opened.servers.filter((_, at) => isShared(at))
  /** Workers that accept no more, and answer those whom they have let in when no other does either. */
  const leaving = new Set<Channel>()
  /** Whether each worker accepts yet. */
  const accepts = new Map<Channel, boolean>()
  let isClosed = false
  let isReopening = false

  const isHere = (): boolean => !here.includes(null)
  const those = (accepting: boolean): Channel[] =>
    [...accepts].filter(([, does]) => does === accepting).map(([channel]) => channel)

  function give(channel: Channel): void {
    here.forEach((server, index) => {
      if (server !== null) channel.send({ kind: 'listen', index, of: here.length }, server)
    })
  }

  /** Leaves them to the workers, once all that there are accept. */
  function leave(): void {
    if (accepts.size === 0 || those(false).length > 0) return
    here.forEach((server, index) => {
      server?.close()
      here[index] = null
    })
  }

  /** Sees to it that workers which do not accept yet can, and that somebody does. */
  function provide(): void {
    if (isHere()) return leave()
    const lenders = those(true)
    if (lenders.length === 0) return void reopen()
    if (those(false).length > 0) for (const lender of lenders) lender.send({ kind: 'lend' })
  }

  /** While another accepts, who is answered would only come to it, in the moment in which that one stops, too. */
  function letGo(): void {
    const areAll = [...accepts.keys()].every((channel) => leaving.has(channel))
    if (isClosed && !areAll) return
    for (const channel of leaving) channel.send({ kind: 'allLeft' })
  }

  function takeBack(index: number, lent: Server): void {
    const wanted = !isClosed && here[index] === null && those(false).length > 0
    if (!wanted) return drop(lent)
    here[index] = acceptWith(lent, accept)
    if (isHere()) those(false).forEach(give)
  }

  /** Listens anew: with the last worker the sockets have gone. */
  async function reopen(): Promise<void> {
    if (isReopening) return
    isReopening = true
    for (const [index, address] of addresses.entries()) {
      if (here[index] !== null) continue
      try {
        const reopened = await acceptOn([address], accept)
        if (isClosed) reopened.close()
        else here[index] = reopened.servers[0] ?? null
      } catch (error) {
        logger.error({ err: error, retryMs: REOPEN_MS }, 'cannot listen again; it is tried again')
      }
    }
    isReopening = false
    if (isClosed) return
    if (isHere()) those(false).forEach(give)
    else schedule(REOPEN_MS, () => isClosed || provide())
  }

  return {
    addresses: opened.addresses,
    share(channel) {
      accepts.set(channel, false)
      channel.on('accepting', () => {
        if (!accepts.has(channel)) return
        accepts.set(channel, true)
        leave()
      })
      channel.on('left', () => {
        leaving.add(channel)
        letGo()
      })
      channel.on('lent', (message, handle) => {
        if (handle instanceof Server) takeBack(idOf({ id: message['index'] }) ?? -1, handle)
        else if (handle !== null) drop(handle)
      })
      if (isHere()) give(channel)
      else provide()
      return () => {
        accepts.delete(channel)
        leaving.delete(channel)
        if (isClosed) letGo()
        else provide()
      }
    },
    async close() {
      isClosed = true
      await untilNoMore(() => accepted, 0)
      opened.close()
      for (const server of here) server?.close()
    },
  }
}

/** How long a worker that accepts no more waits for the others that stop with it, in milliseconds. */
const OTHERS_MS = 500

/**
 * The worker's side: accepts on each socket that it is sent, and lends it. Calling what it returns ends that; it
 * settles when all workers that stop with this one have left, too.
 */
export function acceptShared(
  channel: Channel,
  take: (socket: Socket, local: boolean) => void,
): () => Promise<void> {
  const servers = new Map<unknown, Server>()
  let isClosed = false
  channel.on('listen', ({ index, of }, handle) => {
    if (handle === null) return
    if (!(handle instanceof Server) || isClosed || servers.has(index)) return drop(handle)
    servers.set(index, acceptWith(handle, { onConnection: take }))
    if (servers.size === of) channel.send({ kind: 'accepting' })
  })
  channel.on('lend', () => {
    if (isClosed) return
    for (const [index, server] of servers) channel.send({ kind: 'lent', index }, server)
  })
  return () =>
    new Promise((resolve) => {
      isClosed = true
      for (const server of servers.values()) server.close()
      channel.on('allLeft', () => resolve())
      channel.send({ kind: 'left' })
      setTimeout(resolve, OTHERS_MS).unref()
    })
}
