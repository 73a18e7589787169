import { join } from 'node:path'

/** A gateway of somebody else. */
export interface Peer {
  readonly name: string
  /** Templates beside this file that are filled in for it. */
  readonly files: readonly string[]
  /** Whether it asks a gateway, as front proxies do. @default false: the introspection server */
  readonly asksGateway?: true
  /** What it is run by; `node`: with the packages of `NODE_PEERS`. */
  readonly program: string
  /** Templates too. */
  readonly args: readonly string[]
}

/** They are packages of their own, so that nobody needs them who does not measure them. */
export const NODE_PEERS: string = join(import.meta.dirname, 'node')

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
    program: 'haproxy',
    args: ['-db', '-q', '-f', '{{directory}}/haproxy.cfg'],
  },
  {
    name: 'Caddy, forward_auth',
    files: ['Caddyfile'],
    program: 'caddy',
    args: ['run', '--config', '{{directory}}/Caddyfile', '--adapter', 'caddyfile'],
  },
  nodePeer('@fastify/http-proxy, cached check', 'fastify-http-proxy.mjs'),
  nodePeer('hono/proxy, cached check', 'hono-proxy.mjs'),
]

function nginxPeer(name: string, file: string): Peer {
  const args = ['-p', '{{directory}}', '-e', 'stderr', '-c', `{{directory}}/${file}`]
  return { name, files: [file], program: 'nginx', args }
}

function nodePeer(name: string, file: string): Peer {
  const servers = ['http://127.0.0.1:{{upstreamPort}}', 'http://127.0.0.1:{{authPort}}']
  const args = [join(NODE_PEERS, file), '{{port}}', ...servers]
  return { name, files: [], program: 'node', args }
}
