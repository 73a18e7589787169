import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { KnownCaveat } from '../../src/token/index.ts'
import { objectId, startCdmiServer } from '../helpers/cdmi-server.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { temporaryDirectory } from '../helpers/programs.ts'

const PATH: KnownCaveat = {
  type: 'data.path',
  whitelist: [Buffer.from('/space1/dir').toString('base64')],
}
const READONLY: KnownCaveat = { type: 'data.readonly' }
const [INSIDE, OUTSIDE] = [objectId('file1', 'space1'), objectId('file2', 'space1')]
const ABOVE = objectId('dir', 'space1')
const SHARED = `${'00'.repeat(8)}${Buffer.from('shareGuid#file1#space1#share1').toString('hex')}`
const FILE: KnownCaveat = { type: 'data.objectid', whitelist: [INSIDE] }

/** A CDMI server over files inside and outside of what tokens name, behind a gateway that enforces. */
async function startBench() {
  const root = temporaryDirectory('cdmi')
  const fill = (): void => {
    for (const name of ['space1/dir/sub/a.txt', 'space1/secret.txt', 'space2/dir/a.txt']) {
      mkdirSync(join(root, name, '..'), { recursive: true })
      writeFileSync(join(root, name), `this is ${name}`)
    }
  }
  fill()
  const server = await startCdmiServer(root, {
    [INSIDE]: '/space1/dir/sub/a.txt',
    [OUTSIDE]: '/space1/secret.txt',
    [SHARED]: '/space1/dir/sub/a.txt',
    [ABOVE]: '/space1',
  })
  const onezone = await startOnezone()
  const gateway = await startGateway({
    onezoneUrl: onezone.url,
    yaml: `
onezone: { connectTimeoutMs: 10000, totalTimeoutMs: 10000 }
routes:
  - { path: '/cdmi/cdmi_objectid/:file', upstream: '${server.url}', caveats: { data: enforce }, data: { id: ':file' } }
  - path: /cdmi/:space/**
    upstream: '${server.url}'
    caveats: { data: enforce }
    data: { path: /:space/**, reads: [PROPFIND], query: [children] }
`,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  onTestFinished(() => agent.destroy())
  const tokenFor = (caveats: readonly KnownCaveat[]): string =>
    onezone.createTemporaryToken({ subject: ALICE, caveats: [...caveats] })
  const ask = (
    token: string,
    method: string,
    path: string,
    fields: Readonly<Record<string, string>> = {},
    body = '',
    to = gateway.url,
  ): Promise<string> =>
    new Promise((settle, reject) => {
      const { hostname, port } = new URL(to)
      const headers = { ...fields, 'X-Auth-Token': token }
      const sent = request({ agent, hostname, port, method, path, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (text += part))
        response.on('end', () => {
          const [, code] = /^\{"type".*"code":"(\w+)"/.exec(text) ?? []
          settle(
            code === undefined ? String(response.statusCode) : `${response.statusCode} ${code}`,
          )
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return { root, fill, ...server, tokenFor, ask }
}

const A = '/cdmi/space1/dir/sub/a.txt'
const SECRET = '/cdmi/space1/secret.txt'
const BY_ID = '/cdmi/cdmi_objectid'
const NOT_ENFORCED = '403 caveat_not_enforced'

const isInside = (name: string): boolean => /^space1\/dir(?:\/|$)/.test(name)

test('what CDMI can do by a URL alone is done inside, and nowhere else', async () => {
  const { touched, tokenFor, ask } = await startBench()
  const [path, reading, file] = [[PATH], [PATH, READONLY], [FILE]].map(tokenFor)
  expect(await ask(path ?? '', 'GET', A)).toBe('200')
  expect(await ask(reading ?? '', 'GET', A)).toBe('200')
  expect(await ask(path ?? '', 'GET', '/cdmi/space1/dir/?children')).toBe('200')
  expect(await ask(reading ?? '', 'PROPFIND', '/cdmi/space1/dir', { Depth: '1' })).toBe('200')
  expect(await ask(path ?? '', 'PUT', '/cdmi/space1/dir/new.txt', {}, 'new')).toBe('200')
  expect(await ask(path ?? '', 'DELETE', '/cdmi/space1/dir/new.txt')).toBe('200')
  expect(await ask(file ?? '', 'GET', `${BY_ID}/${INSIDE}`)).toBe('200')
  expect(touched).toHaveLength(7)
  expect(touched.every(isInside)).toBe(true)
})

type Attempt = readonly [
  name: string,
  token: 'path' | 'reading' | 'file' | 'both',
  line: string,
  answer: string,
  fields?: Readonly<Record<string, string>>,
  body?: string,
]

const typed = (type: string) => ({ 'Content-Type': type })
const OUTSIDE_OF_IT = '403 data_path_outside'
const TWO_READINGS = '400 request_invalid'

const ATTEMPTS: readonly Attempt[] = [
  // What is done is in the body.
  [
    'copy',
    'path',
    `PUT ${A}`,
    NOT_ENFORCED,
    typed('application/cdmi-object'),
    `{"copy":"${SECRET}"}`,
  ],
  [
    'move',
    'path',
    `PUT ${A}`,
    NOT_ENFORCED,
    typed('application/cdmi-object; v=1'),
    `{"move":"${SECRET}"}`,
  ],
  [
    'container',
    'path',
    'PUT /cdmi/space1/dir/x/',
    NOT_ENFORCED,
    typed('Application/CDMI-Container'),
    '{}',
  ],
  [
    'parts',
    'path',
    `PUT ${A}`,
    NOT_ENFORCED,
    typed('multipart/mixed; boundary=b'),
    'filename="/space1/x"',
  ],
  ['POST', 'path', `POST ${A}`, NOT_ENFORCED, {}, 'x'],
  // … in a field, or in a method that needs one.
  ['source', 'path', `PUT ${A}`, NOT_ENFORCED, { 'x-amz-copy-source': SECRET }],
  ['location', 'path', `PUT ${A}`, NOT_ENFORCED, { 'Content-Location': SECRET }],
  ['COPY', 'path', `COPY ${A}`, NOT_ENFORCED, { Destination: '/cdmi/space1/x' }],
  ['MOVE', 'path', `MOVE ${A}`, NOT_ENFORCED, { Destination: 'http://cdmi/cdmi/space2/x' }],
  ['destination', 'path', `PUT ${A}`, NOT_ENFORCED, { Destination: SECRET }, 'x'],
  ['condition', 'path', `PUT ${A}`, NOT_ENFORCED, { If: '<http://cdmi/x> (["a"])' }, 'x'],
  ['target', 'path', `GET ${A}`, NOT_ENFORCED, { 'X-Original-URL': SECRET }],
  ['rewritten', 'path', `GET ${A}`, NOT_ENFORCED, { 'X-Rewrite-URL': SECRET }],
  ['override', 'path', `GET ${A}`, NOT_ENFORCED, { 'X-HTTP-Method-Override': 'DELETE' }],
  ['override by CGI', 'reading', `GET ${A}`, '403 data_readonly', { X_HTTP_Method: 'DELETE' }],
  ['deep', 'path', 'PROPFIND /cdmi/space1/dir', NOT_ENFORCED, { Depth: 'infinity' }],
  ['deep, unsaid', 'path', 'PROPFIND /cdmi/space1/dir', NOT_ENFORCED],
  // … in the query.
  ['query', 'path', `GET ${A}?path=${SECRET}`, NOT_ENFORCED],
  ['id in it', 'path', `GET ${A}?children&objectid=/cdmi_objectid/${OUTSIDE}`, NOT_ENFORCED],
  ['semicolon', 'path', `GET ${A}?children;path=${SECRET}`, NOT_ENFORCED],
  ['escapes', 'path', `GET ${A}?%70ath=${SECRET}`, NOT_ENFORCED],
  // … in a path that is elsewhere, or could be.
  ['above', 'path', 'GET /cdmi/space1/', OUTSIDE_OF_IT],
  ['other space', 'path', 'GET /cdmi/space2/dir/a.txt', OUTSIDE_OF_IT],
  ['dots', 'path', 'GET /cdmi/space1/dir/%2e%2e/secret.txt', TWO_READINGS],
  ['slashes', 'path', 'GET /cdmi/space1/dir%2f..%2fsecret.txt', TWO_READINGS],
  ['written', 'reading', `PUT ${A}`, '403 data_readonly', {}, 'x'],
  ['removed', 'reading', `DELETE ${A}`, '403 data_readonly'],
  // By id, where a path is meant, and the other way round.
  ['path by id', 'path', `GET ${BY_ID}/${INSIDE}`, NOT_ENFORCED],
  ['slash after id', 'path', `GET ${BY_ID}/${INSIDE}/`, TWO_READINGS],
  ['below id', 'path', `GET ${BY_ID}/${ABOVE}/secret.txt`, OUTSIDE_OF_IT],
  ['id by path', 'file', `GET ${A}`, NOT_ENFORCED],
  ['other id', 'file', `GET ${BY_ID}/${OUTSIDE}`, OUTSIDE_OF_IT],
  ['share', 'file', `GET ${BY_ID}/${SHARED}`, OUTSIDE_OF_IT],
  ['directory', 'file', `GET ${BY_ID}/${ABOVE}`, OUTSIDE_OF_IT],
  ['both demands', 'both', `GET ${A}`, NOT_ENFORCED],
]

test('whatever leads elsewhere is refused, and reaches nothing', async () => {
  const { touched, tokenFor, ask, fill, url } = await startBench()
  const tokens = {
    path: tokenFor([PATH]),
    reading: tokenFor([PATH, READONLY]),
    file: tokenFor([FILE]),
    both: tokenFor([FILE, PATH]),
  }
  const answers: Record<string, string> = {}
  for (const [name, token, line, , fields, body] of ATTEMPTS) {
    const [method = '', path = ''] = line.split(' ')
    answers[name] = await ask(tokens[token], method, path, fields, body)
  }
  expect(answers).toEqual(Object.fromEntries(ATTEMPTS.map(([name, , , answer]) => [name, answer])))
  expect(touched).toEqual([])

  // Without the gateway the server does most of it: it is not that which is careful.
  const led: string[] = []
  for (const [name, token, line, , fields, body] of ATTEMPTS) {
    const [method = '', path = ''] = line.split(' ')
    fill()
    touched.length = 0
    await ask(tokens[token], method, path, fields, body, url)
    if (touched.some((place) => !isInside(place))) led.push(name)
  }
  const [bodiesAndFields, theRest] = [
    'copy, move, parts, source, location, COPY, MOVE, target, rewritten, deep, deep, unsaid',
    'query, id in it, semicolon, escapes, above, other space, dots, slashes, below id, other id',
  ]
  expect(led.join(', ')).toBe(`${bodiesAndFields}, ${theRest}, directory`)
})

test('of all ways to combine them, what passes touches only what the token names', async () => {
  const { root, fill, touched, tokenFor, ask } = await startBench()
  const methods = ['GET', 'PUT', 'DELETE', 'PROPFIND', 'COPY', 'POST']
  const paths = [
    A,
    SECRET,
    '/cdmi/space1/dir/',
    '/cdmi/space1/dir/..',
    '/cdmi/space1/dir/%252e%252e/secret.txt',
  ]
  const queries = ['', '?children', `?path=${SECRET}`]
  const fields: Record<string, string>[] = [
    {},
    { Depth: '0' },
    { Depth: 'infinity' },
    { Destination: '/cdmi/space1/x' },
    { 'X-HTTP-Method': 'DELETE' },
    { 'Content-Type': 'application/cdmi-object' },
    { 'Content-Type': 'text/plain', 'x-amz-copy-source': SECRET },
  ]
  const tokens = [tokenFor([PATH]), tokenFor([PATH, READONLY])]
  const counts = { asked: 0, passed: 0, refused: 0 }
  for (const [at, token] of tokens.entries()) {
    for (const method of methods) {
      for (const path of paths) {
        const asked = queries.flatMap((query) =>
          fields.map((more) =>
            ask(token, method, path + query, more, '{"copy":"/cdmi/space2/dir/a.txt"}'),
          ),
        )
        for (const answer of await Promise.all(asked)) {
          counts.asked += 1
          counts[/^[24]\d\d$/.test(answer) ? 'passed' : 'refused'] += 1
        }
      }
      if (at === 1)
        expect(readFileSync(join(root, 'space1/dir/sub/a.txt'), 'utf8')).toContain('this is')
    }
    fill()
  }
  expect(counts.asked).toBe(2 * 6 * 5 * 3 * 7)
  expect(counts.passed).toBeGreaterThan(50)
  expect(touched.filter((name) => !isInside(name))).toEqual([])
  expect(readFileSync(join(root, 'space1/secret.txt'), 'utf8')).toBe('this is space1/secret.txt')
})
