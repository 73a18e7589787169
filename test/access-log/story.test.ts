import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { parseToken } from '../../src/token/index.ts'
import { startClusteredGateway } from '../helpers/clustered-gateway.ts'
import { eventually } from '../helpers/eventually.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

interface Line {
  readonly [field: string]: unknown
}

function accessLogFile() {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-access-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'access.log')
  const lines = (name = file): Line[] => {
    try {
      return readFileSync(name, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Line)
    } catch {
      return [] // not there before the first line
    }
  }
  return { file, lines }
}

async function refusalsOf(adminUrl: string, query: string): Promise<Line[]> {
  const response = await fetch(`${adminUrl}/refusals?${query}`)
  return ((await response.json()) as { refusals: Line[] }).refusals
}

test('one refused request is found in three ways: answer, access log, refusals', async () => {
  const { file, lines } = accessLogFile()
  const { onezone, gateway, send } = await startGatewayRig({
    yaml: (upstream) => `
upstream: ${upstream}
accessLog: { to: ${file} }`,
  })
  const caveats = [{ type: 'ip' as const, whitelist: ['192.0.2.0/24'] }]
  const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
  const { fingerprint } = parseToken(token)

  const answer = await send({ 'X-Auth-Token': token, 'User-Agent': 'a client' }, '/data?secret=1')
  const problem = (await answer.json()) as { code: string; requestId: string }
  expect(answer.status).toBe(401)
  expect(problem.code).toBe('caveat_unverified')
  expect(answer.headers.get('X-Request-Id')).toBe(problem.requestId)

  await eventually(() => lines().length > 0)
  expect(lines()).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      requestId: problem.requestId,
      traceId: null,
      route: expect.any(String),
      method: 'GET',
      path: '/data',
      status: 401,
      completed: true,
      bytes: JSON.stringify(problem).length,
      durationMs: expect.any(Number),
      ownMs: expect.any(Number),
      verdictMs: expect.any(Number),
      upstreamMs: null,
      outcome: 'refused',
      source: expect.any(String),
      stalenessMs: null,
      code: 'caveat_unverified',
      caveat: 'ip',
      subject: `user:${ALICE.id}`,
      fingerprint,
      client: '127.0.0.1',
      upstream: null,
      http: '1.1',
      userAgent: 'a client',
    },
  ])
  expect(readFileSync(file, 'utf8')).not.toContain(token.slice(40, 80))

  await send({ 'X-Auth-Token': token })
  await send({ 'X-Auth-Token': 'somebody-else' })
  const entry = { code: 'caveat_unverified', count: 2, fingerprint, caveat: 'ip', path: '/' }
  for (const query of [
    `subject=user:${ALICE.id}`,
    `subject=${ALICE.id}`,
    `fingerprint=${fingerprint}`,
    `requestId=${problem.requestId}`,
  ]) {
    expect(await refusalsOf(gateway.adminUrl, query), query).toMatchObject([entry])
  }
  expect(await refusalsOf(gateway.adminUrl, 'subject=nobody-here')).toEqual([])
  expect((await fetch(`${gateway.adminUrl}/refusals?subjct=x`)).status).toBe(400)
})

test('what is let through is written where all is wanted, with where it went', async () => {
  const { file, lines } = accessLogFile()
  const { token, send, upstream } = await startGatewayRig({
    yaml: (url) => `
upstream: ${url}
accessLog: { to: ${file}, only: all, query: true }`,
  })
  const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const answer = await send({ 'X-Auth-Token': token, traceparent: parent }, '/x?y=1')
  const { length } = await answer.text()
  await eventually(() => lines().length > 0)
  expect(lines()).toMatchObject([
    {
      path: '/x',
      query: '?y=1',
      traceId: 'a'.repeat(32),
      status: 200,
      bytes: length,
      outcome: 'granted',
      source: 'onezone',
      code: null,
      upstream: upstream.url,
      upstreamMs: expect.any(Number),
      stalenessMs: expect.any(Number),
    },
  ])
})

test('a request that is let through is not written where refusals are wanted', async () => {
  const { file, lines } = accessLogFile()
  const { token, send } = await startGatewayRig({
    yaml: (url) => `
upstream: ${url}
accessLog: { to: ${file} }`,
  })
  await (await send({ 'X-Auth-Token': token })).text()
  await (await send({})).text()
  await eventually(() => lines().length > 0)
  expect(lines()).toMatchObject([{ code: 'credentials_missing' }])
})

test('with workers the refusals of all are those of one, and the file is opened anew on reload', async () => {
  const { file, lines } = accessLogFile()
  const { onezone, child, gateway, admin, statuses } = await startClusteredGateway(
    `accessLog: { to: ${file} }`,
  )
  const token = onezone.createTemporaryToken({
    subject: ALICE,
    caveats: [{ type: 'ip', whitelist: ['192.0.2.0/24'] }],
  })
  let [sent, refusals] = [0, await refusalsOf(admin, `subject=${ALICE.id}`)]
  // Which worker takes a connection is left to them.
  await eventually(async () => {
    expect(await statuses(token, 4)).toEqual([401, 401, 401, 401])
    sent += 4
    refusals = await refusalsOf(admin, `subject=${ALICE.id}`)
    return refusals.length === 2
  })
  await eventually(() => lines().length === sent)
  expect(refusals.map(({ count }) => Number(count)).reduce((a, b) => a + b)).toBe(sent)

  renameSync(file, `${file}.1`)
  child.kill('SIGHUP')
  await eventually(async () => {
    await (await fetch(gateway, { headers: { Connection: 'close' } })).text()
    return lines().length > 0
  })
})
