import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'

import type { OnedataAuthOptions, RequestData } from '../../src/index.ts'
import { createVerification, onedataAuth } from '../../src/index.ts'
import { onedataProxy } from '../../src/proxy/index.ts'
import type { CaveatInput } from '../../src/token/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'

const DIRECTORY: CaveatInput = {
  type: 'data.path',
  whitelist: [Buffer.from('/space1/dir').toString('base64')],
}
const READONLY: CaveatInput = { type: 'data.readonly' }
const FILE_ID = `${'00'.repeat(8)}${Buffer.from('guid#file1#space1').toString('hex')}`
const FILE: CaveatInput = { type: 'data.objectid', whitelist: [FILE_ID] }

/** An app whose paths are files of a space, by a name of its own, and by their ids. */
async function startApp() {
  const onezone = await startOnezone()
  const verification = createVerification({
    onezone: { url: onezone.url, connectTimeoutMs: 10_000, totalTimeoutMs: 10_000 },
  })
  onTestFinished(() => verification.close())
  const auth = (data: RequestData) =>
    onedataAuth({ verification, caveats: { data: 'enforce' }, data })
  const handled: string[] = []
  const app = new Hono()
  const byPath = { reads: ['PROPFIND'], query: ['download'] }
  app.use(
    '/files/:rest{.*}',
    auth({ path: (c) => `/space1/${c.req.param('rest') ?? ''}`, ...byPath }),
  )
  app.use('/ids/:id', auth({ id: (c) => c.req.param('id') ?? null }))
  app.use('/none', auth({ path: () => null }))
  app.all('*', (c) => {
    handled.push(c.req.path)
    return c.text('ok')
  })
  const ask = async (caveats: CaveatInput[], method: string, path: string, headers = {}) => {
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const before = handled.length
    const response = await app.request(path, {
      method,
      headers: { 'X-Auth-Token': token, ...headers },
    })
    expect(handled.length - before).toBe(response.status === 200 ? 1 : 0)
    if (response.status === 200) return '200'
    return `${response.status} ${((await response.json()) as { code: string }).code}`
  }
  return { ask }
}

describe('the middleware enforces data caveats by what the app says of a request', () => {
  test('allows what lies inside, and nothing else', async () => {
    const { ask } = await startApp()
    const rows: [CaveatInput[], string, string, object, string][] = [
      [[], 'DELETE', '/files/x?a=1', {}, '200'],
      [[DIRECTORY], 'GET', '/files/dir/a', {}, '200'],
      [[DIRECTORY], 'PUT', '/files/dir/a', {}, '200'],
      [[DIRECTORY], 'GET', '/files/dir', {}, '200'],
      [[DIRECTORY], 'GET', '/files/dirt', {}, '403 data_path_outside'],
      [[DIRECTORY], 'GET', '/files/', {}, '403 data_path_outside'],
      [[DIRECTORY], 'GET', '/files/dir/%252e%252e', {}, '400 request_invalid'],
      [[DIRECTORY], 'GET', '/files/dir%2f..%2fx', {}, '400 request_invalid'],
      [[DIRECTORY], 'GET', '/files/dir/a?download=1', {}, '200'],
      [[DIRECTORY], 'GET', '/files/dir/a?path=/b', {}, '403 caveat_not_enforced'],
      [[DIRECTORY], 'POST', '/files/dir/a', {}, '403 caveat_not_enforced'],
      [[DIRECTORY], 'PUT', '/files/dir/a', { Destination: '/x' }, '403 caveat_not_enforced'],
      [[READONLY], 'GET', '/files/a', {}, '200'],
      [[READONLY], 'PUT', '/files/a', {}, '403 data_readonly'],
      [[READONLY], 'PROPFIND', '/files/a', { Depth: '1' }, '200'],
      [[READONLY], 'GET', '/files/a', { Upgrade: 'websocket' }, '403 data_readonly'],
      [[FILE], 'GET', `/ids/${FILE_ID}`, {}, '200'],
      [[FILE], 'GET', '/ids/0000', {}, '403 data_path_outside'],
      [[FILE], 'GET', '/files/dir/a', {}, '403 caveat_not_enforced'],
      [[DIRECTORY], 'GET', `/ids/${FILE_ID}`, {}, '403 caveat_not_enforced'],
      [[DIRECTORY], 'GET', '/none', {}, '400 request_invalid'],
      [[READONLY], 'GET', '/none', {}, '200'],
    ]
    const seen: string[] = []
    for (const [caveats, method, path, headers] of rows) {
      seen.push(await ask(caveats, method, path, headers))
    }
    expect(seen).toEqual(rows.map(([, , , , answer]) => answer))
  })

  test.each<[object, RegExp]>([
    [{ caveats: { data: 'enforce' } }, /needs "data"/],
    [{ caveats: { data: 'enforce' }, data: {} }, /needs "path" or "id"/],
    [{ data: { path: () => '/s' } }, /is only for "caveats\.data": "enforce"/],
    [{ caveats: { data: 'enforce' }, data: { path: '/:s' } }, /"data\.path" must be a function/],
    [{ caveats: { data: 'enforce' }, data: { pth: () => '' } }, /did you mean "path"/],
  ])('refuses options that would enforce nothing', (options, message) => {
    const given = { onezoneUrl: 'https://onezone.example.org', ...options } as OnedataAuthOptions
    expect(() => onedataAuth(given)).toThrow(message)
  })
})

test('the proxy handler takes the mapping of a route', async () => {
  const options = { onezoneUrl: 'https://onezone.example.org', upstream: 'http://127.0.0.1:1' }
  const data = { from: '/files/:space/**', path: '/:space/**' }
  const proxy = onedataProxy({ ...options, path: data.from, caveats: { data: 'enforce' }, data })
  await proxy.close()
  const wrong = { ...data, path: '/:spac/**' }
  const made = () =>
    onedataProxy({ ...options, path: data.from, caveats: { data: 'enforce' }, data: wrong })
  expect(made).toThrow(/lacks/)
})
