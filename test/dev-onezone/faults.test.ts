import { describe, expect, test } from 'vitest'
import type { FaultRule } from '../../src/dev-onezone/index.ts'
import { alice, P, start } from './start.ts'

const HEALTH = `${P}/health`

async function startWith(...rules: FaultRule[]) {
  const started = await start()
  const answer = await started.send('/control/faults', { method: 'PUT', body: rules })
  expect(answer.status).toBe(204)
  return started
}

describe('a fault rule', () => {
  test('delays the answer', async () => {
    const { send } = await startWith({ operation: 'getHealth', kind: 'latency', latencyMs: 60 })
    const started = performance.now()
    expect((await send(HEALTH)).json).toEqual({ status: 'healthy' })
    expect(performance.now() - started).toBeGreaterThanOrEqual(55)
  })

  test.each([
    ['request', 2],
    ['answer', 1],
  ] as const)('in phase "%s" lets the answer show generation %i', async (phase, generation) => {
    const { onezone, sendAs } = await startWith({
      operation: 'getTemporaryTokenGeneration',
      kind: 'latency',
      latencyMs: 60,
      phase,
    })
    onezone.revokeTemporaryTokens(alice)
    const asked = sendAs(alice)(`${P}/users/alice/tokens/temporary`)
    await expect.poll(() => onezone.calls().getTemporaryTokenGeneration).toBe(1)
    onezone.revokeTemporaryTokens(alice)
    expect((await asked).json).toEqual({ generation })
  })

  test('answers with another status', async () => {
    const { send } = await startWith({
      operation: 'getHealth',
      kind: 'status',
      status: 503,
      body: { error: { id: 'serviceUnavailable' } },
      retryAfterSeconds: 7,
    })
    const answer = await send(HEALTH)
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('7')
    expect(answer.json).toEqual({ error: { id: 'serviceUnavailable' } })
  })

  test('answers with an empty body unless one is given', async () => {
    const { send } = await startWith({ operation: 'getHealth', kind: 'status', status: 500 })
    expect(await send(HEALTH)).toMatchObject({ status: 500, text: '' })
  })

  test('resets the connection', async () => {
    const { send } = await startWith({ operation: 'getHealth', kind: 'reset' })
    await expect(send(HEALTH)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('leaves the request hanging', async () => {
    const { onezone, send } = await startWith({ operation: 'getHealth', kind: 'hang' })
    const outcome = send(HEALTH).then(
      () => 'answered',
      () => 'broken off',
    )
    const later = send('/control/calls').then(() => 'waiting')
    expect(await Promise.race([outcome, later])).toBe('waiting')
    await onezone.close()
    expect(await outcome).toBe('broken off')
  })

  test('answers garbage', async () => {
    const { send } = await startWith({ operation: 'getHealth', kind: 'garbage', text: '{"status"' })
    const answer = await send(HEALTH)
    expect(answer).toMatchObject({ status: 200, text: '{"status"' })
    expect(answer.headers['content-type']).toBe('application/json')
  })

  test('redirects', async () => {
    const location = 'http://127.0.0.1:1/elsewhere'
    const { send } = await startWith({ operation: 'getHealth', kind: 'redirect', location })
    const answer = await send(HEALTH)
    expect(answer.status).toBe(302)
    expect(answer.headers.location).toBe(location)
  })

  test.each([undefined, 0, 3])('breaks off in the middle of the body (bytes %s)', async (bytes) => {
    const rule = { operation: 'getHealth', kind: 'truncate' } as const
    const { send } = await startWith(bytes === undefined ? rule : { ...rule, bytes })
    await expect(send(HEALTH)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('happens as often as it says', async () => {
    const { send } = await startWith(
      { operation: 'getHealth', kind: 'status', status: 500, calls: 2 },
      { operation: 'getHealth', kind: 'status', status: 503, calls: 1 },
    )
    const statuses: number[] = []
    for (let call = 0; call < 4; call++) statuses.push((await send(HEALTH)).status)
    expect(statuses).toEqual([500, 500, 503, 200])
  })

  test('spares other operations, and "*" spares nothing but the control API', async () => {
    const { onezone, send } = await startWith({
      operation: 'getHealth',
      kind: 'status',
      status: 500,
    })
    expect((await send(`${P}/configuration`)).status).toBe(200)

    onezone.setFaults([{ operation: '*', kind: 'status', status: 502 }])
    for (const path of [HEALTH, `${P}/configuration`, `${P}/nowhere`]) {
      expect((await send(path)).status).toBe(502)
    }
    expect((await send('/control/faults', { method: 'PUT', body: [] })).status).toBe(204)
    expect((await send(HEALTH)).status).toBe(200)
  })

  test('does not hide the call from the counters', async () => {
    const { onezone, send } = await startWith({ operation: '*', kind: 'status', status: 500 })
    await send(HEALTH)
    expect(onezone.calls().getHealth).toBe(1)
  })

  test('keeps the operation from being executed unless the answer alone is spoilt', async () => {
    const { onezone, sendAs } = await startWith(
      { operation: 'revokeTemporaryTokens', kind: 'status', status: 500, calls: 1 },
      { operation: 'revokeTemporaryTokens', kind: 'truncate' },
    )
    const send = sendAs(alice)
    const path = `${P}/users/alice/tokens/temporary`
    await send(path)
    await send(path, { method: 'DELETE' })
    expect((await send(path)).json).toEqual({ generation: 1 })
    await send(path, { method: 'DELETE' }).catch(() => undefined)
    expect((await send(path)).json).toEqual({ generation: 2 })
    expect(onezone.calls().revokeTemporaryTokens).toBe(2)
  })

  test.each([
    [{ operation: '*', kind: 'latency' }, '[0].latencyMs'],
    [{ operation: '*', kind: 'latency', latencyMs: 1, phase: 'later' }, '[0].phase'],
    [{ operation: '*', kind: 'status', status: 99 }, '[0].status'],
    [{ operation: '*', kind: 'redirect', location: 'a b' }, '[0].location'],
    [{ operation: '*', kind: 'hang', calls: 0 }, '[0].calls'],
    [{ operation: '*', kind: 'hang', status: 500 }, '[0].status'],
  ])('is refused as %j', async (rule, path) => {
    const { onezone } = await start()
    expect(() => onezone.setFaults([rule as FaultRule])).toThrow(`faults: ${path}: `)
  })
})
