import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Agent, Pool } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OnezoneCall } from '../../src/onezone/index.ts'
import { tokenId } from '../../src/token/index.ts'
import {
  answer,
  clientOf,
  GRANT,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const ASK = { token: 'tok', peerIp: null }
const BYTES = answer(200, GRANT)
/** For calls of which many are made at once, on a machine under load. */
const PATIENT = { connectTimeoutMs: 30_000, totalTimeoutMs: 30_000 }
const frozenClock = { now: () => 0, monotonic: () => 0 }

describe('a retry', () => {
  test('is made where the connection broke before the first byte of an answer', async () => {
    const server = await scriptedOnezone((socket, count) => {
      if (count === 1) socket.resetAndDestroy()
      else socket.write(BYTES)
    })
    const verdict = await clientOf(server.url).verifyAccessToken(ASK)
    expect(verdict).toMatchObject({ ok: true })
    expect(server.requests).toHaveLength(2)
  })

  test('is made where the connection ended before the first byte, and is the last', async () => {
    const server = await scriptedOnezone((socket) => socket.end())
    const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_RESET' })
    expect(server.requests).toHaveLength(2)
  })

  test('is made as often as maxAttempts says', async () => {
    for (const maxAttempts of [1, 3]) {
      const server = await scriptedOnezone((socket) => socket.end())
      const client = clientOf(server.url, { maxAttempts })
      await rejectionOf(client.verifyAccessToken(ASK))
      expect(server.requests).toHaveLength(maxAttempts)
    }
  })

  test('does not extend the deadline', async () => {
    const server = await scriptedOnezone((socket, count) => void (count === 1 && socket.end()))
    const client = clientOf(server.url, { totalTimeoutMs: 1_000 })
    const error = await rejectionOf(client.verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_TIMEOUT' })
    expect(server.requests).toHaveLength(2)
  })

  test('is not made after the deadline; the first fault is told', async () => {
    const server = await scriptedOnezone((socket) => socket.end())
    const pool = new Pool(server.url)
    onTestFinished(() => pool.destroy())
    const endsAt = performance.now() + 1_000
    // The first fault is told at the last moment: the deadline passes before any pause is over.
    const dispatcher = pool.compose((dispatch) => (options, handler) => {
      const late: typeof handler = Object.create(handler)
      late.onResponseError = (controller, error) => {
        while (performance.now() < endsAt);
        handler.onResponseError?.(controller, error)
      }
      return dispatch(options, late)
    })
    const client = clientOf(server.url, { dispatcher, totalTimeoutMs: 1_000 })
    const error = await rejectionOf(client.verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_RESET' })
    expect(server.requests).toHaveLength(1)
  })

  test('R-V5 is not made beyond a fifth of all calls, so that an outage does not double the load', async () => {
    const server = await scriptedOnezone((socket) => socket.end())
    const client = clientOf(server.url, { clock: frozenClock, ...PATIENT })
    await Promise.all(Array.from({ length: 100 }, () => rejectionOf(client.verifyAccessToken(ASK))))
    expect(server.requests.length).toBeGreaterThan(100)
    expect(server.requests.length).toBeLessThanOrEqual(100 + 3 + 20)
  })
})

describe('many calls', () => {
  test('share a bounded number of connections; those beyond the queue fail at once', async () => {
    const held: (() => void)[] = []
    const server = await scriptedOnezone((socket) => {
      held.push(() => socket.write(BYTES))
    })
    const client = clientOf(server.url, { maxConnections: 2, maxQueued: 3 })
    const calls = Array.from({ length: 5 }, () => client.verifyAccessToken(ASK))
    const error = await rejectionOf(client.verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_OVERLOADED' })
    await expect.poll(() => held.length).toBe(2)
    for (let done = 0; done < 5; done += 1) {
      await expect.poll(() => held.length).toBeGreaterThan(0)
      held.shift()?.()
    }
    expect(await Promise.all(calls)).toHaveLength(5)
    expect(server.requests).toHaveLength(5)
    expect(server.connections).toBe(2)
  })

  test('wait no longer than their deadline, and are then never sent', async () => {
    const server = await scriptedOnezone(() => {})
    const client = clientOf(server.url, { maxConnections: 1, totalTimeoutMs: 500 })
    const errors = await Promise.all(
      [1, 2, 3].map(() => rejectionOf(client.verifyAccessToken(ASK))),
    )
    // One may get its turn in the very moment in which its time ends, too.
    const late = expect.stringMatching(/^ERR_ONEZONE_(?:OVERLOADED|TIMEOUT)$/) as string
    expect(errors).toMatchObject([{ code: 'ERR_ONEZONE_TIMEOUT' }, { code: late }, { code: late }])
    expect(server.requests.length).toBeLessThan(3)
  })

  test('never meet a connection that Onezone closes after its 30th request', async () => {
    const seen: (string | undefined)[] = []
    const connections = new Set<unknown>()
    const server = createServer((request, response) => {
      seen.push(request.headers.connection)
      connections.add(request.socket)
      request.resume()
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(GRANT))
    })
    server.maxRequestsPerSocket = 30
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const client = clientOf(`http://127.0.0.1:${port}`, { maxConnections: 1, maxAttempts: 1 })
    for (let call = 0; call < 65; call += 1) {
      expect(await client.verifyAccessToken(ASK)).toMatchObject({ ok: true })
    }
    expect(connections.size).toBe(3)
    expect(seen.flatMap((value, index) => (value === 'close' ? [index] : []))).toEqual([29, 59])
  })

  test('survive a server that closes after every answer without saying so', async () => {
    const server = await scriptedOnezone((socket) => socket.end(BYTES))
    const client = clientOf(server.url)
    for (let call = 0; call < 10; call += 1) {
      expect(await client.verifyAccessToken(ASK)).toMatchObject({ ok: true })
    }
    expect(server.requests).toHaveLength(10)
  })
})

describe('the observer', () => {
  test('is told of every call, its outcome and its duration', async () => {
    const calls: OnezoneCall[] = []
    const server = await scriptedOnezone((socket, count) => {
      if (count === 1) socket.write(BYTES)
      else if (count === 2) socket.write(answer(400, { error: { id: 'tokenInvalid' } }))
      else if (count === 3) socket.write(answer(404, { error: { id: 'notFound' } }))
      else if (count === 4) socket.write(answer(200, {}))
      else socket.write(answer(400, { error: { id: 'malformedData' } }))
    })
    let now = 0
    const client = clientOf(server.url, {
      onCall: (call) => calls.push(call),
      clock: { now: () => 0, monotonic: () => (now += 10) },
    })
    await client.verifyAccessToken(ASK)
    await client.verifyInviteToken(ASK)
    await rejectionOf(client.getNamedTokenStatus(tokenId('id'), { credentials: { token: 'tok' } }))
    await rejectionOf(client.verifyIdentityToken(ASK))
    await rejectionOf(client.examineToken({ token: 'tok' }))
    expect(calls).toEqual([
      { operation: 'verifyAccessToken', outcome: 'ok', durationMs: 10, serverTimeMs: null },
      { operation: 'verifyInviteToken', outcome: 'refused', durationMs: 10, serverTimeMs: null },
      { operation: 'getNamedTokenStatus', outcome: 'refused', durationMs: 10, serverTimeMs: null },
      { operation: 'verifyIdentityToken', outcome: 'fault', durationMs: 10, serverTimeMs: null },
      { operation: 'examineToken', outcome: 'refused', durationMs: 10, serverTimeMs: null },
    ])
  })

  test.each<[value: string, headers: Record<string, string>, told: number | null]>([
    ['in the one form', { date: 'Sun, 06 Nov 1994 08:49:37 GMT' }, 784_111_777_000],
    ['in an obsolete form', { date: 'Sunday, 06-Nov-94 08:49:37 GMT' }, null],
    ['in another zone', { date: 'Sun, 06 Nov 1994 08:49:37 CET' }, null],
    ['on another day of the week', { date: 'Mon, 06 Nov 1994 08:49:37 GMT' }, null],
    ['on a day that there was not', { date: 'Thu, 31 Feb 2028 08:49:37 GMT' }, null],
    ['before time began', { date: 'Wed, 31 Dec 1969 23:59:59 GMT' }, null],
    ['of an answer out of a cache', { date: 'Sun, 06 Nov 1994 08:49:37 GMT', age: '0' }, null],
  ])('is told what time it is there: %s', async (_what, headers, told) => {
    const calls: OnezoneCall[] = []
    const server = await scriptedOnezone((socket) => socket.write(answer(200, GRANT, headers)))
    const client = clientOf(server.url, { onCall: (call) => calls.push(call) })
    await client.verifyAccessToken(ASK)
    expect(calls).toMatchObject([{ outcome: 'ok', serverTimeMs: told }])
  })

  test('cannot change the outcome by throwing', async () => {
    const server = await scriptedOnezone((socket) => socket.write(BYTES))
    const client = clientOf(server.url, {
      onCall: () => {
        throw new Error('observer')
      },
    })
    expect(await client.verifyAccessToken(ASK)).toMatchObject({ ok: true })
  })
})

describe('close()', () => {
  test('lets a call under way come to its end, refuses further ones and closes the connections', async () => {
    const held: (() => void)[] = []
    const server = await scriptedOnezone((socket) => {
      held.push(() => socket.write(BYTES))
    })
    const client = clientOf(server.url)
    const call = client.verifyAccessToken(ASK)
    await expect.poll(() => held.length).toBe(1)
    const closed = client.close()
    const error = await rejectionOf(client.verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_UNREACHABLE' })
    expect(String(error)).toContain('closed')
    held[0]?.()
    expect(await call).toMatchObject({ ok: true })
    await closed
    await client.close()
    await expect.poll(() => server.closed).toBe(1)
    expect(server.requests).toHaveLength(1)
  })

  test('takes no longer than the deadline of the calls under way', async () => {
    const server = await scriptedOnezone(() => {})
    const client = clientOf(server.url, { totalTimeoutMs: 100 })
    const call = rejectionOf(client.verifyAccessToken(ASK))
    await client.close()
    expect(await call).toMatchObject({ code: 'ERR_ONEZONE_TIMEOUT' })
  })

  test('leaves no timer behind', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const server = await scriptedOnezone((socket) => socket.write(BYTES))
    const client = clientOf(server.url, { totalTimeoutMs: 60_000 })
    await client.verifyAccessToken(ASK) // the first loads what asks, before its time runs
    const call = client.verifyAccessToken(ASK)
    await Promise.resolve()
    expect(timers()).toBeGreaterThan(before)
    await call
    await client.close()
    expect(timers()).toBeLessThanOrEqual(before)
  })

  test('leaves a dispatcher of the caller open', async () => {
    const server = await scriptedOnezone((socket) => socket.write(BYTES))
    const dispatcher = new Agent()
    onTestFinished(() => dispatcher.destroy())
    const client = clientOf(server.url, { dispatcher })
    await client.verifyAccessToken(ASK)
    await client.close()
    expect(dispatcher.closed).toBe(false)
    expect(server.requests).toHaveLength(1)
  })
})
