import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import type { Child } from '../child.ts'
import { startServer } from '../child.ts'
import type { Peer, PeerPlace } from './peers.ts'

/** A peer that accepts connections. */
export interface RunningPeer extends Child {
  /** Base URL. */
  readonly url: string
}

/**
 * Fills in a peer's configuration and starts it.
 *
 * @param place What is around it; `directory` is that of all peers, each gets one below it.
 * @throws {Error} with what it wrote, if it does not start.
 */
export async function startPeer(
  peer: Peer,
  place: Omit<PeerPlace, 'port' | 'user'>,
): Promise<RunningPeer> {
  const directory = join(place.directory, peer.name.replaceAll(/\W+/g, '-'))
  mkdirSync(directory)
  // Servers that give up their rights must still get there.
  chmodSync(directory, 0o755)
  const port = String(await freePort())
  const here: PeerPlace = { ...place, directory, port, user: userInfo().username }
  for (const file of peer.files) {
    const template = readFileSync(join(import.meta.dirname, file), 'utf8')
    writeFileSync(join(directory, file), fillIn(template, { ...here, shipped: shippedFor(here) }))
  }
  const child = await startServer({
    name: peer.name,
    ...peer.command(here),
    port: Number(port),
    directory,
    // GOMAXPROCS: one worker, like everybody else. HOME and the like: nothing is left behind elsewhere.
    env: { NODE_ENV: 'production', GOMAXPROCS: '1', HOME: directory, XDG_DATA_HOME: directory },
  })
  return { ...child, url: `http://127.0.0.1:${port}` }
}

/** What `deploy/` has for nginx that asks onegate, with the addresses of here. */
function shippedFor({ port, upstreamPort, authPort }: PeerPlace): string {
  return readFileSync(join(import.meta.dirname, '../../deploy/nginx/forward-auth.conf'), 'utf8')
    .replace(':8080;', `:${port};`)
    .replace(':8181;', `:${authPort};`)
    .replace(':3000;', `:${upstreamPort};`)
}

/**
 * Replaces each `{{name}}` of a template.
 *
 * @throws {Error} if there is a name without a value.
 */
export function fillIn(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`There is no value for {{${name}}}.`)
    return value
  })
}

/** A port that nobody listens on; whoever is told so must be quick. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
