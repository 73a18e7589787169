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
  // Whether a value is a JSON object, and which word was meant: every room that reads what others wrote asks so.
  json: row(-2, ''),
  suggestion: row(-2, ''),
  // What is remembered of a request's text must not keep all of it: every room that remembers some copies it by this.
  'kept-text': row(-2, '', '', ['buffer']),
  // Names of header fields, which both sides of the data plane read again and again.
  'field-line': row(-1, ''),
  'name-table': row(-1, 'kept-text'),
  // What options of factories may be: every factory refuses what it does not know.
  'option-shape': row(-1, 'suggestion'),
  'package-version': row(-1, 'json', '', ['module']),
  errors: row(-1, ''),
  clock: row(-2, '', '', ['perf_hooks', 'timers']),
  // Every room in which all routes are gone through at once lets requests go first now and then.
  slices: row(-2, '', '', ['timers/promises']),
  // Which of thousands of routes say the same as before, or as others.
  'same-data': row(-2, '', '', ['util']),
  logger: row(-2, ''),
  // What a log says of an error, and a problem of a setting: never a token.
  'error-facts': row(-2, ''),
  // For doors in other people's apps, where no logger is named.
  'console-logger': row(-1, 'error-facts logger'),
  'bounded-map': row(-1, '', 'lru-cache'),
  'token-bucket': row(-1, 'clock'),
  // Whom an address stands for is one question, whether connections are counted or questions.
  'client-network': row(-2, ''),
  // Which names cannot have been bent to this machine: asked by every listener that asks for no credential.
  'loopback-host': row(-2, ''),
  // Every room that writes what a stranger can cause writes it through this.
  'limited-log': row(-1, 'clock'),
  // The log of a process and its access log are written by the same rule: never wait, and count what is lost.
  'line-sink': row(-1, '', '', ['fs', 'net']),
  'wall-clock-step': row(-1, 'clock'),
  // The listener says it of a connection, and `trustedProxies` of the authenticator name it.
  'unix-peer': row(-2, ''),
  token: row(0, 'errors json option-shape', '', ['buffer', 'crypto']),
  // HTTP and JSON as every client of an API here does them; below the clients, so that none has a copy of its own.
  'http-client': row(0, 'errors clock json loopback-host option-shape token-bucket', 'undici', [
    'dns',
    'net',
  ]),
  onezone: row(1, 'errors clock token http-client json option-shape'),
  'token-lookup': row(1, 'errors http-client json option-shape'),
  'dev-onezone': row(1, 'errors clock token json loopback-host option-shape', '', 'any'),
  'dev-token-lookup': row(1, 'clock json loopback-host option-shape', '', 'any'),
  // The two servers to develop against are one entry of the package, with the verification that an app under test is
  // given so that it knows at once what its Onezone did: a server alone could not tell it, and no app should have to.
  dev: row(5, 'dev-onezone dev-token-lookup verification'),
  verifier: row(
    2,
    'client-network errors clock token http-client onezone token-lookup json option-shape',
  ),
  revocation: row(3, 'bounded-map errors clock logger token onezone'),

  // What several gateways know, in Valkey or Redis: names, ages and messages. What a fact means it does not know; the
  // verification joins it with the ledger.
  store: row(
    3,
    'bounded-map clock logger loopback-host option-shape token token-bucket',
    'ioredis',
    ['crypto'],
  ),
  // Tokens of identity providers, exchanged at Onezone: beside the revocations, of which it knows nothing.
  'identity-provider': row(
    3,
    'bounded-map client-network clock errors http-client json onezone option-shape token token-bucket verifier',
    '',
    ['crypto'],
  ),
  verification: row(
    4,
    'identity-provider onezone bounded-map client-network errors clock logger wall-clock-step token http-client verifier revocation store json option-shape token-bucket',
    '',
    ['v8'], // how full the heap is: then strangers wait
  ),
  // What a TLS listener shows, and how it changes: below config, which tries the files that it names.
  tls: row(4, 'logger', '', 'any'),
  // Connections in. Below the doors, which are what it says a door is; it knows none of them, and no framework.
  listener: row(
    5,
    'client-network clock field-line name-table tls token-bucket unix-peer',
    '',
    'any',
  ),
  // The decision as a signed JWT: below the authenticator, whose identity fields it adds to.
  assertion: row(4, 'clock json option-shape token', 'jose', ['crypto']),
  // Doors in other people's apps have one policy each, and open the verification that it needs.
  authenticator: row(
    5,
    'assertion bounded-map console-logger errors clock json kept-text limited-log logger same-data token unix-peer verifier identity-provider verification option-shape',
    'ipaddr.js lru-cache',
    ['crypto', 'net'], // ids of requests are made of random bytes
  ),
  // Which upstream, and over which connection: beside the question who may, which it never asks.
  upstream: row(
    5,
    'client-network clock field-line kept-text name-table logger http-client option-shape',
    '',
    'any',
  ),
  // One strict reading of a request, and the route that it takes, for every door that has routes.
  routing: row(6, 'authenticator kept-text listener slices', '', ['crypto', 'http', 'net', 'url']),
  middleware: row(7, 'authenticator option-shape', 'hono'),
  // Of Hono it uses the types of a handler, in `onedataProxy` alone.
  proxy: row(
    7,
    'bounded-map client-network clock field-line limited-log logger slices token-bucket wall-clock-step listener authenticator routing upstream option-shape',
    'hono',
    'any',
  ),
  // Beside the proxy: the same routes and authenticator for requests that others carry.
  'forward-auth': row(
    7,
    'assertion clock limited-log logger listener authenticator routing slices token',
    '',
    ['crypto', 'http2', 'net'],
  ),
  // What is remembered of requests that have ended.
  'access-log': row(8, 'bounded-map json kept-text line-sink logger option-shape proxy token'),
  metrics: row(
    8,
    'forward-auth http-client verifier revocation verification authenticator proxy json option-shape slices',
    'prom-client',
  ),
  // Requests as OpenTelemetry shows them, where the process has its SDK.
  tracing: row(8, 'authenticator http-client package-version proxy', '@opentelemetry/api'),
  // What an operator may look into and take back.
  // Its door is a Hono app.
  admin: row(
    8,
    'assertion logger loopback-host verification authenticator listener proxy json option-shape',
    'prom-client hono @hono/node-server',
    ['crypto', 'fs', 'http', 'net'], // its page is served from files
  ),
  // What an operator sees at a glance: the figures of the metrics, what they were of late, and what they mean.
  state: row(9, 'clock metrics package-version slices'),
  // Runs in browsers, with a tsconfig of its own: of the gateway it knows the shape of one document.
  page: row(10, 'state'),
  // Above the rooms that settings are for: it checks them by those rooms' own rules, so that no rule has a twin.
  config: row(
    9,
    'access-log assertion error-facts errors token http-client onezone token-lookup identity-provider verification authenticator listener routing same-data slices upstream proxy tls json suggestion option-shape',
    'yaml zod',
    'any',
  ),
  // What the processes of one gateway say to each other. What they do is not its business. Connections are accepted by
  // the listener's rule.
  cluster: row(
    8,
    'errors clock identity-provider logger token verifier verification listener json',
    '',
    // Files, for what the system says of a worker that does not answer.
    ['child_process', 'events', 'fs', 'net'],
  ),
  // The process: what it works by, what of that can change while it runs, and who carries its traffic.
  gateway: row(
    10,
    'access-log assertion errors clock limited-log logger slices verifier verification authenticator proxy forward-auth metrics tracing state admin tls config listener cluster package-version option-shape',
    '',
    'any',
  ),
  cli: row(
    11,
    // Links to token forms, and which tokens pass where, are the authenticator's to know.
    'error-facts errors clock line-sink logger loopback-host token onezone authenticator config cluster gateway state dev-onezone dev-token-lookup json suggestion package-version',
    'pino yaml',
    'any',
  ),
  index: row(
    10,
    'errors clock logger token onezone verifier identity-provider verification authenticator middleware',
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

  test('the listener and the proxy know no framework, but for the handler that is made for one', () => {
    const knowing = FILES.filter(
      (file) =>
        ['listener', 'proxy'].includes(roomOf(file)) &&
        importsOf(file).some((specifier) => /^@?hono(?:$|\/)/.test(specifier)),
    )
    expect(knowing).toEqual(['proxy/onedata-proxy.ts'])
    const text = readFileSync(join(SRC, 'proxy/onedata-proxy.ts'), 'utf8')
    expect(text.match(/^import .*hono.*$/gm)).toEqual(["import type { Handler } from 'hono'"])
  })

  test('rooms are one level deep and no file passes the ceiling of 350 lines', () => {
    for (const file of FILES) {
      expect(file.split('/').length, file).toBeLessThanOrEqual(2)
      expect(readFileSync(join(SRC, file), 'utf8').split('\n').length, file).toBeLessThanOrEqual(
        351,
      )
    }
  })

  test('no file imports itself by way of others, types included', () => {
    const imported = new Map(
      FILES.map((file) => [
        file,
        importsOf(file)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => relative(SRC, resolve(SRC, dirname(file), specifier))),
      ]),
    )
    const circles: string[] = []
    const done = new Set<string>()
    const visit = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) {
        circles.push([...way.slice(way.indexOf(file)), file].join(' → '))
        return
      }
      if (done.has(file)) return
      for (const next of imported.get(file) ?? []) visit(next, [...way, file])
      done.add(file)
    }
    for (const file of FILES) visit(file, [])
    expect(circles).toEqual([])
  })

  test('undici is loaded when it is needed, and not when a gateway starts', () => {
    const eager = FILES.filter((file) =>
      /^import (?!type )[^'"]*from 'undici'/m.test(readFileSync(join(SRC, file), 'utf8')),
    )
    expect(eager).toEqual([])
  })

  test('no line of prose passes 120 columns', () => {
    const long = FILES.flatMap((file) =>
      readFileSync(join(SRC, file), 'utf8')
        .split('\n')
        .map((line, index) => ({ line, place: `${file}:${index + 1}` }))
        .filter(({ line }) => line.length > 120 && /^\s*(?:\*|\/\/|\/\*)/.test(line))
        .map(({ place }) => place),
    )
    expect(long).toEqual([])
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
    expect(objectionTo('verifier/x.ts', '../revocation/index.ts')).toMatch(
      'may not import revocation',
    )
    expect(objectionTo('drawer/x.ts', '../token/index.ts')).toMatch('no row')
  })
})
