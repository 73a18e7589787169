import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'

import { createAuthenticator } from '../../src/authenticator/index.ts'
import { assembleJudge, createForwardAuth, DIALECT_NAMES } from '../../src/forward-auth/index.ts'
import type { Door } from '../../src/listener/index.ts'
import { openListener } from '../../src/listener/index.ts'
import { refuseUnreadable } from '../../src/proxy/unreadable.ts'
import { inOneGo } from '../../src/slices.ts'
import { describeRequest } from '../helpers/forward-auth-rig.ts'
import { accepted, refused, TOKEN } from '../helpers/proxy-rig.ts'
import { headText } from '../helpers/request-heads.ts'

// FUZZ_COUNT=1000000 npx vitest run --config test/vitest.config.ts test/listener/lane-difference.test.ts
const COUNT = Number(process.env['FUZZ_COUNT'] ?? 400)
const SEED =
  process.env['FUZZ_SEED'] === undefined ? {} : { seed: Number(process.env['FUZZ_SEED']) }
const PATIENCE_MS = COUNT > 10_000 ? 24 * 3_600_000 : 120_000

/** Answers with what it was asked. */
const ECHO: Door = {
  serve(incoming, outgoing) {
    const parts: Buffer[] = []
    incoming.on('data', (part) => parts.push(part))
    incoming.on('end', () => {
      const { method, url, httpVersion, rawHeaders } = incoming
      const body = Buffer.concat(parts).toString('latin1')
      const text = JSON.stringify({ method, url, httpVersion, rawHeaders, body })
      const length = String(Buffer.byteLength(text))
      outgoing.on('error', () => {})
      outgoing.writeHead(200, ['X-Empty', '', 'Content-Length', length])
      outgoing.end(text)
    })
    incoming.resume()
  },
  // What it is called depends on where Node's parser stood when it began to read.
  unreadable(socket, _what, serving) {
    refuseUnreadable(socket, 'malformed', { serving, requestIdOf: () => 'the-same' })
  },
}

/** The door of front proxies, which knows one good token. */
function forwardAuthDoor(): Door {
  const authenticator = createAuthenticator({
    verifier: {
      verify: ({ token }) => (token.serialized === TOKEN ? accepted() : refused()),
      close: () => Promise.resolve(),
    },
    trustedProxies: [],
  })
  const routeOf = (id: string, path: string, more: object) => ({
    id,
    path,
    ...more,
    authenticator: authenticator.route({ id, token: id === 'public' ? 'none' : 'access' }),
  })
  const routes = [
    routeOf('public', '/pub/**', {}),
    routeOf('readers', '/readers/**', { methods: ['GET'] }),
    routeOf('hosted', '/hosted/**', { hosts: ['api.example.org'] }),
    routeOf('all', '/a/**', {}),
  ]
  const judge = inOneGo(assembleJudge({ routes, requestIdOf: () => 'the-same' }))
  return createForwardAuth({ judge, trustedProxies: [], anyAsker: true, keySet: '{"keys":[]}' })
}

/** One door behind two listeners, with the fast lane and without, on Unix sockets: they leave no ports behind. */
async function startBoth(door: Door) {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-lane-'))
  const open = (name: string, fastLane: boolean) =>
    openListener({ on: { path: join(directory, name) }, door, fastLane, idleMs: 5_000 })
  const listeners = [await open('on', true), await open('off', false)]
  onTestFinished(async () => {
    await Promise.all(listeners.map((listener) => listener.drain(0)))
    rmSync(directory, { recursive: true })
  })
  return async (parts: readonly string[]): Promise<[on: Heard, off: Heard]> =>
    Promise.all([exchange(join(directory, 'on'), parts), exchange(join(directory, 'off'), parts)])
}

/** When a connection should long have ended of which the client has sent its end. */
const END_MS = 20_000

interface Heard {
  readonly text: string
  /** Whether the connection was reset, which can take away what had not been read yet. */
  readonly reset: boolean
}

/** Sends all that there is and then the end, and hears what is said until the other end. */
function exchange(path: string, parts: readonly string[]): Promise<Heard> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true })
    let heard = ''
    let reset = false
    let at = 0
    const sendNext = (): void => {
      const part = parts[at++]
      if (part === undefined) return void socket.end()
      socket.write(part, 'latin1')
      setImmediate(sendNext)
    }
    socket.on('connect', sendNext)
    socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
    socket.on('end', () => socket.end())
    // As happens to who still writes to a connection that is over.
    socket.on('error', () => (reset = true))
    const overdue = setTimeout(() => {
      heard += 'and the connection stays open'
      socket.destroy()
    }, END_MS)
    socket.on('close', () => {
      clearTimeout(overdue)
      resolve({ text: heard.replaceAll(/^Date: .*GMT\r$/gm, 'Date: now\r'), reset })
    })
  })
}

/** Cuts a text where it is told to. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)), text.length]
  at.sort((one, other) => one - other)
  return at.slice(1).map((end, index) => text.slice(at[index], end))
}

const CUTS = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
)

/** How many connections are made at once. */
const AT_ONCE = 16

async function expectAlike(door: Door, texts: fc.Arbitrary<string>): Promise<void> {
  const ask = await startBoth(door)
  const statuses = new Map<string, number>()
  const expectOneAlike = async ([text, cuts]: [string, readonly number[]]): Promise<void> => {
    const [on, off] = await ask(cut(text, cuts))
    // What was taken away by a reset may have been the same.
    const length = on.reset || off.reset ? Math.min(on.text.length, off.text.length) : Infinity
    expect(on.text.slice(0, length), JSON.stringify([text, cuts])).toBe(off.text.slice(0, length))
    expect(on.text, JSON.stringify([text, cuts])).not.toContain('stays open')
    const status = on.text.slice(9, 12)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  const several = fc.array(fc.tuple(texts, CUTS), { minLength: 1, maxLength: AT_ONCE, size: 'max' })
  let asked = 0
  await fc.assert(
    fc.asyncProperty(several, async (cases) => {
      asked += cases.length
      await Promise.all(cases.map(expectOneAlike))
    }),
    { numRuns: Math.ceil((2 * COUNT) / AT_ONCE), endOnFailure: COUNT > 10_000, ...SEED },
  )
  if (COUNT > 10_000) process.stdout.write(`${asked} texts: ${JSON.stringify([...statuses])}\n`)
  expect(statuses.get('200')).toBeGreaterThan(COUNT / 20)
}

test(
  'whatever is sent, one request or several, whole or in parts, the lane answers as the server of Node does',
  async () => {
    const several = fc.array(headText(), { minLength: 1, maxLength: 3 })
    await expectAlike(
      ECHO,
      several.map((texts) => texts.join('')),
    )
  },
  PATIENCE_MS,
)

/** A field of a question in which something may be odd. */
const ODD_FIELD = fc.constantFrom(
  'X-Forwarded-For: 10.0.0.1',
  'X-Forwarded-For: nonsense',
  'X-Original-URL: nonsense',
  'X-Original-Method: get',
  'X-Onedata-Subject-Id: mallory',
  'X_Onedata_Subject_Id: mallory',
  'X-Auth-Token: \xe4',
  'Authorization: Bearer nonsense',
  'Authorization: Basic YTpi',
  'Content-Length: 0',
  'Connection: close',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Expect: anything',
  'Host: another',
  'X-A: b\0',
  'Accept: text/html',
)

/** Checks in every dialect, of requests that are granted, refused and not understood. */
const question = (odd: fc.Arbitrary<string[]>): fc.Arbitrary<string> =>
  fc
    .record({
      dialect: fc.constantFrom(...DIALECT_NAMES),
      method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST'),
      asked: fc.constantFrom('GET', 'GET', 'POST', 'PROPFIND', 'NONE'),
      target: fc.constantFrom(
        '/a/b',
        '/a/b?c=d',
        '/pub/x',
        '/readers/x',
        '/hosted/y',
        '/a/../b',
        '/n',
      ),
      host: fc.constantFrom('api.example.org', 'api.example.org:8080', 'other', 'a b'),
      token: fc.constantFrom(TOKEN, TOKEN, TOKEN, 'garbage', null),
      odd,
    })
    .map(({ dialect, method, asked, target, host, token, odd }) => {
      const [path, fields] = describeRequest(dialect, { method: asked, target, host })
      let text = `${method} ${path} HTTP/1.1\r\n`
      if (!fields.includes('Host')) text += 'Host: door\r\n'
      for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
      if (token !== null) text += `X-Auth-Token: ${token}\r\n`
      return `${text}${odd.map((field) => `${field}\r\n`).join('')}\r\n`
    })

test(
  'checks of every dialect, several on one connection, are answered alike, with all their fields',
  async () => {
    // No proxy pipelines, and what Node says by itself of a request that is none depends on what is under way.
    const several = fc.array(question(fc.constant([])), { minLength: 2, maxLength: 3 })
    const odd = question(fc.array(ODD_FIELD, { maxLength: 2 }))
    const keys = 'GET /.well-known/jwks.json HTTP/1.1\r\nHost: door\r\n\r\n'
    await expectAlike(
      forwardAuthDoor(),
      fc.oneof(
        { weight: 4, arbitrary: several.map((texts) => texts.join('')) },
        { weight: 8, arbitrary: odd },
        fc.constant(keys),
      ),
    )
  },
  PATIENCE_MS,
)
