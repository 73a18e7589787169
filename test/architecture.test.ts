import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

/**
 * Who may import whom. A room is a folder of `src`, or a file at its root. Anything absent is forbidden; arrows go down
 * the ranks only; rooms of one rank never meet.
 */
interface Row {
  readonly rank: number
  readonly rooms: readonly string[]
  readonly packages: readonly string[]
  /** `node:` modules; `any` for rooms that live on the platform. */
  readonly node: readonly string[] | 'any'
}

const row = (
  rank: number,
  rooms: string,
  packages: string = '',
  node: readonly string[] | 'any' = [],
): Row => ({ rank, rooms: words(rooms), packages: words(packages), node })

const TABLE: Record<string, Row> = {
  errors: row(-1, ''),
  clock: row(-1, ''),
  logger: row(-2, ''),
  // Beside the clock: whatever waits can be made to go by the same fake time.
  schedule: row(-1, '', '', ['timers']),
  observer: row(-1, 'logger'),
  'bounded-map': row(-1, '', 'lru-cache'),
  'short-stays': row(-1, ''),
  'file-watch': row(-1, '', '', ['crypto', 'fs/promises']),
  // What the proxy uses of a request and its response, so that those of HTTP/2 are made without knowing the proxy.
  'http-message': row(-1, ''),
  'wall-clock-step': row(0, 'clock'),
  token: row(0, 'errors', '', ['buffer', 'crypto']),
  // HTTP and JSON as every client of an API here does them; below the clients, so that none has a copy of its own.
  'http-client': row(0, 'errors clock', 'undici'),
  onezone: row(1, 'errors clock token http-client'),
  'token-lookup': row(1, 'errors http-client'),
  'dev-onezone': row(1, 'errors clock token', '', 'any'),
  'dev-token-lookup': row(1, 'clock', '', 'any'),
  // The two servers to develop against are one entry of the package.
  dev: row(2, 'dev-onezone dev-token-lookup'),
  verifier: row(2, 'errors clock token http-client onezone token-lookup'),
  // What is remembered of single tokens, and what is known of families, do not know each other: verification joins them.
  cache: row(3, 'bounded-map clock token verifier'),
  revocation: row(3, 'bounded-map errors clock logger observer schedule token onezone'),
  verification: row(
    4,
    'bounded-map errors clock logger observer schedule wall-clock-step token http-client verifier cache revocation',
  ),
  authenticator: row(
    5,
    'bounded-map errors clock logger observer token verifier',
    'ipaddr.js lru-cache',
    ['net'],
  ),
  // Which upstream, and over which connection: beside the question who may, which it never asks.
  upstream: row(5, 'clock logger http-client', 'undici', 'any'),
  middleware: row(6, 'errors logger verifier verification authenticator', 'hono'),
  proxy: row(
    6,
    'errors clock logger observer schedule wall-clock-step http-message verifier authenticator upstream',
    'hono',
    'any',
  ),
  metrics: row(
    7,
    'http-client verifier cache revocation verification authenticator proxy',
    'prom-client',
  ),
  // What an operator may look into and take back; the host names that count as loopback are http-client's rule.
  admin: row(7, 'logger http-client verification authenticator proxy', 'prom-client hono', [
    'crypto',
    'http',
    'net',
  ]),
  // What a TLS listener shows, and how it changes: below config, which tries the files that it names.
  tls: row(6, 'logger', '', 'any'),
  // Connections that speak HTTP/2, made into requests and responses like those of HTTP/1.1: what becomes of them it leaves
  // to whoever listens.
  http2: row(6, 'clock http-message', '', 'any'),
  // Above the rooms that settings are for: it checks them by those rooms' own rules, so that no rule has a twin.
  config: row(
    7,
    'errors token http-client onezone token-lookup verification authenticator upstream proxy tls',
    'yaml zod',
    'any',
  ),
  listener: row(7, 'short-stays http2 tls', '@hono/node-server', 'any'),
  // What a gateway works by and can change while it runs. Gateways are put together from it.
  // What the processes of one gateway say to each other. What they do is not its business.
  cluster: row(8, 'errors clock logger schedule token verifier verification', '', [
    'child_process',
    'events',
    'net',
  ]),
  serving: row(
    8,
    'errors clock logger file-watch verification authenticator proxy metrics admin tls config listener',
    '',
    'any',
  ),
  gateway: row(9, 'clock logger verification metrics admin config serving', '', [
    'timers/promises',
  ]),
  // Both give the timers of the system to what they put together from the cluster.
  'clustered-gateway': row(
    9,
    'clock logger schedule verification metrics config cluster serving',
    '',
    ['timers/promises'],
  ),
  'worker-gateway': row(
    9,
    'clock logger schedule verifier verification metrics config cluster serving',
  ),
  cli: row(
    10,
    'errors clock logger file-watch token onezone config cluster gateway clustered-gateway worker-gateway dev-onezone dev-token-lookup',
    'pino',
    'any',
  ),
  index: row(
    10,
    'errors clock logger token onezone verifier cache verification authenticator middleware',
  ),
}

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '')
}

function roomOf(file: string): string {
  return (file.split('/')[0] ?? '').replace(/\.ts$/, '')
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  const statements = text.matchAll(
    /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm,
  )
  return [...statements].map((match) => match[1] ?? match[2] ?? '')
}

function objectionTo(file: string, specifier: string): string | null {
  const room = roomOf(file)
  const rule = TABLE[room]
  if (rule === undefined) return `room "${room}" has no row in the table`
  if (specifier.startsWith('node:')) {
    const name = specifier.slice('node:'.length)
    return rule.node === 'any' || rule.node.includes(name)
      ? null
      : `${room} may not use ${specifier}`
  }
  if (!specifier.startsWith('.')) {
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    return rule.packages.includes(name) ? null : `${room} may not use the package ${name}`
  }
  const target = relative(SRC, resolve(SRC, dirname(file), specifier))
  if (target.startsWith('..')) return `${specifier} leaves src`
  if (roomOf(target) === room) return null
  return rule.rooms.includes(roomOf(target)) ? null : `${room} may not import ${roomOf(target)}`
}

describe('the house', () => {
  test.each(FILES)('%s imports only what its room may', (file) => {
    expect(TABLE[roomOf(file)], `room "${roomOf(file)}" has no row in the table`).toBeDefined()
    expect(
      importsOf(file)
        .map((specifier) => objectionTo(file, specifier))
        .filter(Boolean),
    ).toEqual([])
  })

  test('the table lists only rooms that exist, and its arrows go down the ranks', () => {
    for (const [room, { rank, rooms }] of Object.entries(TABLE)) {
      expect(
        FILES.some((file) => roomOf(file) === room),
        `room "${room}" does not exist`,
      ).toBe(true)
      for (const target of rooms) {
        expect(TABLE[target]?.rank, `${room} → ${target} goes up or sideways`).toBeLessThan(rank)
      }
    }
  })

  test('rooms are one level deep and no file passes the ceiling of 350 lines', () => {
    for (const file of FILES) {
      expect(file.split('/').length, file).toBeLessThanOrEqual(2)
      expect(readFileSync(join(SRC, file), 'utf8').split('\n').length, file).toBeLessThanOrEqual(
        351,
      )
    }
  })

  test('no file or folder is a drawer', () => {
    const drawers = /^(?:utils?|helpers?|common|core|misc|manager|service|types)(?:\.ts)?$/
    for (const file of FILES) {
      expect(
        file.split('/').filter((part) => drawers.test(part)),
        file,
      ).toEqual([])
    }
  })

  test('the checker sees every form of import', () => {
    expect(objectionTo('token/x.ts', '../verifier/index.ts')).toMatch('may not import verifier')
    expect(objectionTo('token/x.ts', 'undici')).toMatch('may not use the package undici')
    expect(objectionTo('token/x.ts', 'node:fs')).toMatch('may not use node:fs')
    expect(objectionTo('cache/x.ts', '../revocation/index.ts')).toMatch('may not import revocation')
    expect(objectionTo('drawer/x.ts', '../token/index.ts')).toMatch('no row')
  })
})
