import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { pathOf } from '../installed.ts'

/** What surrounds a peer while it runs; all of it on 127.0.0.1. */
export interface PeerPlace {
  /** Where it listens. */
  readonly port: string
  readonly upstreamPort: string
  /** Of the server that it asks about tokens. */
  readonly authPort: string
  /** Its own, for configuration and state; in memory where the system has such a file system. */
  readonly directory: string
  /** Who runs it. */
  readonly user: string
}

/** A gateway of somebody else. */
export interface Peer {
  readonly name: string
  /** Templates beside this file that are filled in for it. */
  readonly files: readonly string[]
  /** Whether it asks a gateway, as front proxies do. @default false: the introspection server */
  readonly asksGateway?: true
  /** Brings here what can be brought; answers why it cannot run, or null. */
  missing(): Promise<string | null>
  command(place: PeerPlace): { readonly command: string; readonly args: readonly string[] }
}

const NODE_PEERS = join(import.meta.dirname, 'node')

/**
 * All of them, each tuned as its own documentation advises; one process or thread that does the work, if it can be
 * told.
 */
export const PEERS: readonly Peer[] = [
  nginxPeer('nginx, auth_request + proxy_cache', 'nginx-auth-request.conf'),
  { ...nginxPeer('forward auth, nginx', 'nginx-forward-auth.conf'), asksGateway: true },
  {
    name: 'HAProxy, Lua verdict table',
    files: ['haproxy.cfg', 'haproxy-verdicts.lua'],
    missing: async () => withoutProgram('haproxy'),
    command: ({ directory }) => ({
      command: pathOf('haproxy') ?? '',
      args: ['-db', '-q', '-f', join(directory, 'haproxy.cfg')],
    }),
  },
  {
    name: 'Caddy, forward_auth',
    files: ['Caddyfile'],
    missing: async () => withoutProgram('caddy'),
    command: ({ directory }) => ({
      command: pathOf('caddy') ?? '',
      args: ['run', '--config', join(directory, 'Caddyfile'), '--adapter', 'caddyfile'],
    }),
  },
  nodePeer('@fastify/http-proxy, cached check', 'fastify-http-proxy.mjs'),
  nodePeer('hono/proxy, cached check', 'hono-proxy.mjs'),
]

function nginxPeer(name: string, file: string): Peer {
  return {
    name,
    files: [file],
    missing: async () => withoutProgram('nginx'),
    command: ({ directory }) => ({
      command: pathOf('nginx') ?? '',
      args: ['-p', directory, '-e', 'stderr', '-c', join(directory, file)],
    }),
  }
}

function nodePeer(name: string, file: string): Peer {
  return {
    name,
    files: [],
    missing: async () => {
      nodePeersInstalled ??= installNodePeers()
      return nodePeersInstalled
    },
    command: ({ port, upstreamPort, authPort }) => ({
      command: process.execPath,
      args: [join(NODE_PEERS, file), port, local(upstreamPort), local(authPort)],
    }),
  }
}

const local = (port: string): string => `http://127.0.0.1:${port}`

let nodePeersInstalled: Promise<string | null> | undefined

/** They are packages of their own, so that nobody needs them who does not measure them. */
async function installNodePeers(): Promise<string | null> {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  if (existsSync(join(NODE_PEERS, 'node_modules', '.package-lock.json'))) return null
  try {
    await promisify(execFile)('npm', args, { cwd: NODE_PEERS, timeout: 60_000 })
    return null
  } catch {
    return '`npm ci` in bench/peers/node failed'
  }
}

function withoutProgram(program: string): string | null {
  return pathOf(program) === null ? `${program} is not installed` : null
}
