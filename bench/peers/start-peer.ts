import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import type { Child } from '../child.ts'
import { startServer } from '../child.ts'
import { pathOf } from '../installed.ts'
import type { Peer } from './peers.ts'
import { NODE_PEERS } from './peers.ts'

/** What surrounds a peer; all of it on 127.0.0.1. */
export interface PeerPlace {
  readonly upstreamPort: string
  /** Of the server that it asks about tokens. */
  readonly authPort: string
  /** For configurations and state; in memory where the system has such a file system. Each peer gets one below it. */
  readonly directory: string
}

/** A peer that accepts connections. */
export interface RunningPeer extends Child {
  /** Base URL. */
  readonly url: string
}

/**
 * Fills in a peer's configuration and starts it.
 *
 * @throws {Error} with what it wrote, if it does not start; with what is missing, if it cannot.
 */
export async function startPeer(peer: Peer, place: PeerPlace): Promise<RunningPeer> {
  const { name, program, files, args } = peer
  if (program === 'node') installNodePeers()
  const command = program === 'node' ? process.execPath : pathOf(program)
  if (command === null) throw new Error(`${program} is not installed`)
  const directory = join(place.directory, name.replaceAll(/\W+/g, '-'))
  mkdirSync(directory)
  // Servers that give up their rights must still get there.
  chmodSync(directory, 0o755)
  const port = String(await freePort())
  const here = { ...place, directory, port, user: userInfo().username }
  const shipped = shippedFor(here)
  for (const file of files) {
    const template = readFileSync(join(import.meta.dirname, file), 'utf8')
    writeFileSync(join(directory, file), fillIn(template, { ...here, shipped }))
  }
  const child = await startServer({
    name,
    command,
    args: args.map((arg) => fillIn(arg, here)),
    port: Number(port),
    directory,
    // GOMAXPROCS: one worker, like everybody else. HOME and the like: nothing is left behind elsewhere.
    env: { NODE_ENV: 'production', GOMAXPROCS: '1', HOME: directory, XDG_DATA_HOME: directory },
  })
  return { ...child, url: `http://127.0.0.1:${port}` }
}

function installNodePeers(): void {
  if (existsSync(join(NODE_PEERS, 'node_modules', '.package-lock.json'))) return
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  try {
    execFileSync('npm', args, { cwd: NODE_PEERS, timeout: 60_000, stdio: 'ignore' })
  } catch (error) {
    throw new Error('`npm ci` in bench/peers/node failed', { cause: error })
  }
}

/** What `deploy/` has for nginx that asks onegate, with the addresses of here. */
function shippedFor({
  port,
  upstreamPort,
  authPort,
}: PeerPlace & { readonly port: string }): string {
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
