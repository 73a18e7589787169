import { chmod, unlink } from 'node:fs/promises'
import type { AddressInfo, Socket } from 'node:net'
import type { Server } from 'node:net'
import { connect, createServer } from 'node:net'

/** A TCP address, or the file of a Unix socket. */
export type ListenOn =
  | { readonly host: string; readonly port: number }
  | {
      readonly path: string
      /** Who may connect, as `chmod` has it. @default what the umask leaves */
      readonly mode?: number | undefined
    }

/** Sockets on which connections are accepted. */
export interface Accepting {
  /** Where that is, in the order that was given, each with the port that it has in the end. */
  readonly addresses: readonly ListenOn[]
  /** The sockets, in the same order: another process that is sent one can accept on it, too. */
  readonly servers: readonly Server[]
  /** Accepts no more; connections stay open. */
  close(): void
}

/** Options of {@link acceptOn}. */
export interface AcceptOptions {
  /** Gets each connection. `local`: it came over a Unix socket. */
  readonly onConnection: (socket: Socket, local: boolean) => void
  /** Whether connections are not read from, so that they can be given to another process. @default false */
  readonly paused?: boolean | undefined
}

/**
 * How many connections may wait to be accepted; the system has a limit of its own (`net.core.somaxconn`). With the 511
 * of Node, some of a thousand clients that come at once try again after a second.
 */
const BACKLOG = 4_096

/**
 * Listens on one or more addresses, or on none of them if one of them cannot be had.
 *
 * @throws {Error} the system's own (`EADDRINUSE`, `EACCES` …), with `code`.
 */
export async function acceptOn(
  on: readonly ListenOn[],
  { onConnection, paused = false }: AcceptOptions,
): Promise<Accepting> {
  const servers: Server[] = []
  const addresses: ListenOn[] = []
  const close = (): void => servers.forEach((server) => server.close())
  try {
    for (const each of on) {
      const server = createAcceptor('path' in each, { onConnection, paused })
      await bind(server, each)
      servers.push(server)
      addresses.push('path' in each ? each : { host: each.host, port: portOf(server) })
    }
  } catch (error) {
    close()
    throw error
  }
  return { addresses, servers, close }
}

/**
 * Accepts on a TCP socket that another process has sent. Each connection comes to whichever of the processes that do
 * takes it first, so that one which is busy, or stands still, gets none.
 */
export function acceptWith(shared: Server, options: AcceptOptions): Server {
  const server = createAcceptor(false, options)
  // The backlog is the socket's, so that of Node would become that of all.
  return server.listen(shared, BACKLOG)
}

function createAcceptor(local: boolean, { onConnection, paused = false }: AcceptOptions): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: paused })
  return server.on('connection', (socket: Socket) => onConnection(socket, local))
}

/** The port on which a server listens; 0: it has none. */
function portOf(server: Server): number {
  return (server.address() as AddressInfo | null)?.port ?? 0
}

/** Lets a server listen; on a Unix socket also where the file of one is left behind. */
export async function bind(server: Server, on: ListenOn): Promise<void> {
  if ('path' in on) await removeDeadSocket(on.path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const wanted = 'path' in on ? { path: on.path } : { host: on.host, port: on.port }
    server.listen({ ...wanted, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  if ('path' in on && on.mode !== undefined) await chmod(on.path, on.mode)
}

/** Removes the file of a socket that a process has left behind which did not end in order. */
async function removeDeadSocket(path: string): Promise<void> {
  const code = await new Promise<string>((resolve) => {
    const socket = connect({ path }, () => {
      socket.destroy()
      resolve('')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
  if (code === 'ECONNREFUSED') await unlink(path)
}

/** Writes an address as a base URL, without a slash at its end; `unix:` and the file for a Unix socket. */
export function urlOf(on: ListenOn, scheme: 'http' | 'https'): string {
  if ('path' in on) return `unix:${on.path}`
  return `${scheme}://${on.host.includes(':') ? `[${on.host}]` : on.host}:${on.port}`
}
