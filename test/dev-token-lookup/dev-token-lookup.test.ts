import { expect, test } from 'vitest'

import { createDevTokenLookup } from '../../src/dev-token-lookup/index.ts'
import { startTokenLookup } from '../helpers/token-lookup.ts'

test.each([
  [{ host: '0.0.0.0' }, '"iKnowThisIsNotACluster"'],
  [{ host: '192.0.2.1' }, '"iKnowThisIsNotACluster"'],
  [{ port: 65_536 }, '"port"'],
])('the options %j are refused', async (options, named) => {
  await expect(createDevTokenLookup(options)).rejects.toThrow(TypeError)
  await expect(createDevTokenLookup(options)).rejects.toThrow(named)
})

test('only a server with control can be ruled, and not by nonsense', async () => {
  const put = async (url: string, body: string) =>
    (await fetch(`${url}/control/fault`, { method: 'PUT', body })).status
  const closed = await startTokenLookup()
  expect(await put(closed.url, 'null')).toBe(401)
  const open = await startTokenLookup({ control: true })
  for (const body of ['', '{}', '1', '{"kind":"status","status":1}', '{"kind":"redirect"}']) {
    expect(await put(open.url, body), body).toBe(400)
  }
  expect(await put(open.url, '{"kind":"status","status":503,"retryAfterSeconds":3}')).toBe(204)
  const response = await fetch(`${open.url}/api/cluster/v2/tokens`)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3'])
})

test('closes at once and twice, also while a request hangs', async () => {
  const server = await startTokenLookup()
  server.setFault({ kind: 'hang' })
  const hanging = fetch(`${server.url}/api/cluster/v2/tokens`).catch(() => 'broken off')
  while (server.calls('listTokens') === 0) await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([server.close(), server.close()])
  expect(await hanging).toBe('broken off')
})

test('a body that is too large or no JSON is refused', async () => {
  const server = await startTokenLookup()
  const post = async (body: string, type = 'application/json') =>
    fetch(`${server.url}/api/cluster/v2/tokens`, {
      method: 'POST',
      headers: { Authorization: `Api-Token ${server.apiToken}`, 'Content-Type': type },
      body,
    }).then(({ status }) => status)
  expect(await post('{"name":"a","scopes":[]}')).toBe(201)
  expect(await post('{"name":"a","scopes":[]}', 'text/plain')).toBe(400)
  expect(await post('{"name":"a"')).toBe(400)
  expect(await post('[]')).toBe(400)
  expect(await post(`{"name":"${'a'.repeat(1024 * 1024)}","scopes":[]}`)).toBe(400)
})
