import { expect, onTestFinished, test } from 'vitest'

import { createClusteredGateway } from '../../src/gateway/clustered-gateway.ts'
import { bundledProgram } from '../helpers/bundled-program.ts'
import { askAt, describeRequest, ROUTES, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startUpstream } from '../helpers/upstream.ts'

const HEAD = `forwardAuth: { listen: '127.0.0.1:0' }\ntrustedProxies: [127.0.0.1]\n`

test('there is no traffic listener where no route has an upstream, and the gateway is ready all the same', async () => {
  const { gateway } = await startForwardAuthRig()
  expect(gateway.url).toBe('')
  expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(200)
})

test('a traffic listener that is asked for answers 404 where no route has an upstream', async () => {
  const { gateway, token } = await startForwardAuthRig(
    'listen: 127.0.0.1:0\nroutes: [{ path: /** }]\n',
  )
  const answer = await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
  expect(answer.status).toBe(404)
})

test('a route without upstream is no way to one behind it', async () => {
  const upstream = await startUpstream()
  const { gateway, token } = await startForwardAuthRig(
    `listen: 127.0.0.1:0\nroutes: [{ path: /admin/**, subjects: { ids: [bob] } }, { path: /**, upstream: '${upstream.url}' }]\n`,
  )
  const get = async (path: string) =>
    (await fetch(`${gateway.url}${path}`, { headers: { 'X-Auth-Token': token } })).status
  expect(await get('/admin/a')).toBe(404)
  expect(upstream.seen).toEqual([])
  expect(await get('/a')).toBe(200)
})

test('a reload changes what is answered, on connections that are open too', async () => {
  const { gateway, load, port, ask, token } = await startForwardAuthRig()
  const [path, fields] = describeRequest('nginx')
  const client = await openRawClient(port)
  let text = `GET ${path} HTTP/1.1\r\nHost: door\r\nX-Auth-Token: ${token}\r\n`
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  client.send(`${text}\r\n`)
  await client.until('X-Onegate-Status: 200')
  const outcome = await gateway.reload(() =>
    load(`${HEAD}routes: [{ path: '/**', subjects: { ids: [bob] } }]\n`),
  )
  expect(outcome).toBe('applied')
  client.send(`${text}\r\n`)
  await client.until('subject_not_allowed')
  await gateway.reload(() =>
    load(
      `forwardAuth: { listen: '127.0.0.1:0' }\ntrustedProxies: [10.0.0.1]\nroutes: [{ path: '/**' }]\n`,
    ),
  )
  expect((await ask(path, [...fields, 'X-Auth-Token', token])).code).toBe('asker_not_trusted')
})

test.each([true, false])('questions take the fast lane where it is on: %s', async (fastLane) => {
  const { port } = await startForwardAuthRig(`fastLane: ${fastLane}\n${ROUTES}`)
  const [path, fields] = describeRequest('nginx', { target: '/pub/a' })
  const client = await openRawClient(port)
  let text = `POST ${path} HTTP/1.1\r\nHost: door\r\n`
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  client.send(`${text}Content-Length: 3\r\n\r\nabc`)
  const answer = await client.until('\r\n\r\n')
  expect(answer).toContain('X-Onegate-Status: 200')
  // The server of Node hands a question over before its body, and where the next one begins is not certain then.
  expect(answer).toContain(`Connection: ${fastLane ? 'keep-alive' : 'close'}`)
})

test('a question that is under way when the gateway is closed is answered', async () => {
  const { gateway, onezone, port, token } = await startForwardAuthRig()
  onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'latency', latencyMs: 300 }])
  const [path, fields] = describeRequest('nginx')
  const client = await openRawClient(port)
  let text = `GET ${path} HTTP/1.1\r\nHost: door\r\nX-Auth-Token: ${token}\r\n`
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  client.send(`${text}\r\n`)
  await expect.poll(() => onezone.calls()['verifyAccessToken'] ?? 0).toBe(1)
  await gateway.close()
  expect(client.received()).toContain('X-Onedata-Subject-Id: alice')
})

test('with workers the first process answers, and what it knows is one', async () => {
  const { onezone, load, token } = await startForwardAuthRig()
  const upstream = await startUpstream()
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const config = await load(
    `${HEAD}workers: 2\nlisten: 127.0.0.1:0\nroutes: [{ path: '/**', upstream: '${upstream.url}' }]\n`,
  )
  const gateway = await createClusteredGateway(config, {
    program: bundledProgram('cli/worker.js'),
    logger: silent,
  })
  onTestFinished(() => gateway.close())
  const [path, fields] = describeRequest('caddy')
  const answer = await askAt(gateway.forwardAuthUrl ?? '', path, [...fields, 'X-Auth-Token', token])
  expect(answer.headers['x-onedata-subject-id']).toBe('alice')
  expect((await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })).status).toBe(200)
  expect(onezone.calls()['verifyAccessToken']).toBe(1)
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  expect(metrics).toContain(
    'onegate_forward_auth_requests_total{dialect="caddy",outcome="granted"} 1',
  )
})
