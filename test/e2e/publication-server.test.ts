import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { expect, test } from 'vitest'

import { judgeData } from '../../src/authenticator/data-enforcement.ts'
import { compileDataMapping } from '../../src/authenticator/index.ts'
import { readDataScope } from '../../src/token/index.ts'
import { startGateway } from '../helpers/gateway.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { temporaryDirectory } from '../helpers/programs.ts'

const CAVEATS = [
  { type: 'data.readonly' },
  { type: 'data.path', whitelist: [Buffer.from('/space1/dir').toString('base64')] },
] as const
const DATA = { from: '/files/:space/**', path: '/:space/**', query: ['download'] }

/** Where a server that is careless in every usual way finds the file of a path: each a reading of its own. */
const READINGS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => decodeAll(path, 1),
  (path) => decodeAll(path, 2),
  (path) => decodeAll(path, 1).replaceAll('\\', '/'),
  (path) => decodeAll(path, 1).split('\0', 1)[0] ?? '',
  (path) => new URL(path, 'http://a').pathname,
]

function decodeAll(path: string, times: number): string {
  let text = path
  for (let i = 0; i < times; i += 1) {
    text = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  }
  return text
}

const isInside = (file: string): boolean => {
  const found = resolve('/', `.${file}`)
  return found === '/files/space1/dir' || found.startsWith('/files/space1/dir/')
}

const HEADS = ['/files/space1/dir', '/files/space1', '/files/other', '/files'] as const
const NAMES = ['dir', 'a', 'b.txt', 'space1', 'x%20y', '%C3%BC', 'a;b', "a'b"] as const
const TRAPS = [
  ['..', '.', '', '%2e%2e', '%2E.', '%252e%252e', '..%2f', '%5c..', '%00', '..%00', 'dir%2f..'],
  ['DIR', 'dir%20', '%c0%ae%c0%ae', '..;', '..%5c..', '%2f', '%25', '%', '~', '....', '%u002e'],
].flat()
const METHODS = ['GET', 'GET', 'HEAD', 'PUT', 'DELETE'] as const

/** The same choices at every run (mulberry32). */
function chooser(seed: number) {
  let state = seed
  const below = (most: number): number => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % most
  }
  return { below, pick: (list: readonly string[]) => list[below(list.length)] ?? '' }
}

test('of a hundred thousand paths, none that is allowed is read outside of the directory', () => {
  // The decision itself: to word a hundred thousand refusals would take the time.
  const mapping = compileDataMapping(DATA)
  const scope = readDataScope(CAVEATS)
  const { pick, below } = chooser(14)
  const counts = { runs: 0, allowed: 0, outside: 0, writes: 0 }
  for (; counts.runs < 100_000; counts.runs += 1) {
    const more = Array.from({ length: below(6) }, () => pick(below(8) < 5 ? NAMES : TRAPS))
    const path = [pick(HEADS), ...more].join('/')
    const method = pick(METHODS)
    const request = { rawHeaders: [], remoteAddress: undefined, secure: true, method, path }
    if (scope === null || judgeData(scope, mapping, request) !== null) continue
    counts.allowed += 1
    if (method === 'PUT' || method === 'DELETE') counts.writes += 1
    if (!READINGS.every((read) => isInside(read(path)))) counts.outside += 1
  }
  expect(counts).toMatchObject({ runs: 100_000, outside: 0, writes: 0 })
  expect(counts.allowed).toBeGreaterThan(1_000)
})

test('a server of static files shows what is inside, and nothing else', async () => {
  const root = temporaryDirectory('published')
  mkdirSync(join(root, 'files/space1/dir/sub'), { recursive: true })
  writeFileSync(join(root, 'files/space1/dir/sub/a.txt'), 'inside')
  writeFileSync(join(root, 'files/space1/secret.txt'), 'outside')
  symlinkSync(join(root, 'files/space1/secret.txt'), join(root, 'files/space1/dir/link.txt'))
  const asked: string[] = []
  const server = await startHttpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const { pathname } = new URL(request.url ?? '', 'http://a')
    try {
      response.end(readFileSync(join(root, decodeURIComponent(pathname))))
    } catch {
      response.writeHead(404).end()
    }
  })
  const onezone = await startOnezone()
  const gateway = await startGateway({
    onezoneUrl: onezone.url,
    yaml: `
onezone: { connectTimeoutMs: 10000, totalTimeoutMs: 10000 }
routes:
  - path: /files/:space/**
    upstream: '${server.url}'
    caveats: { data: enforce }
    data: { path: /:space/**, query: [download] }
`,
  })
  const token = onezone.createTemporaryToken({ subject: ALICE, caveats: [...CAVEATS] })
  const ask = async (path: string, method = 'GET') => {
    const init = { method, headers: { 'X-Auth-Token': token } }
    const response = await fetch(`${gateway.url}/files/space1/${path}`, init)
    const body = await response.text()
    const { code = body } = (body.startsWith('{') ? JSON.parse(body) : {}) as { code?: string }
    return `${response.status} ${code}`.trim()
  }
  expect(await ask('dir/sub/a.txt')).toBe('200 inside')
  expect(await ask('dir/sub/a.txt?download=1')).toBe('200 inside')
  expect(await ask('dir/none.txt')).toBe('404')
  // What the promise leaves out: the gateway does not follow links.
  expect(await ask('dir/link.txt')).toBe('200 outside')
  const allowed = asked.length
  expect(await ask('secret.txt')).toBe('403 data_path_outside')
  expect(await ask('')).toBe('403 data_path_outside')
  expect(await ask('dir/%252e%252e/secret.txt')).toBe('400 request_invalid')
  expect(await ask('dir/sub/a.txt', 'PUT')).toBe('403 data_readonly')
  expect(await ask('dir/sub/a.txt', 'DELETE')).toBe('403 data_readonly')
  expect(await ask('dir/sub/a.txt?file=/x')).toBe('403 caveat_not_enforced')
  expect(asked).toHaveLength(allowed)
})
