import { chmod, unlink } from 'node:fs/promises'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'

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
      const local = 'path' in each
      const server = createServer({
        allowHalfOpen: true,
        noDelay: true,
        pauseOnConnect: paused,
      })
      server.on('connection', (socket: Socket) => onConnection(socket, local))
      await bind(server, each)
      servers.push(server)
      const { port } = local ? { port: 0 } : (server.address() as AddressInfo)
      addresses.push(local ? each : { host: each.host, port })
    }
  } catch (error) {
    close()
    throw error
  }
  return { addresses, close }
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
