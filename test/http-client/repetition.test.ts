import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OnezoneClient } from '../../src/onezone/index.ts'
import { tokenId, userId } from '../../src/token/index.ts'
import {
  answer,
  clientOf,
  noContent,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const credentials = { token: 'own' }
const ABC = tokenId('abc')
const ALICE = userId('alice')
const CAVEATS = [{ type: 'time', validUntil: 5 }] as const

const CHANGES: Record<string, (client: OnezoneClient) => Promise<unknown>> = {
  createNamedToken: (client) => client.createNamedTokenForUser(ALICE, { name: 'my token' }),
  createTemporaryToken: (client) => client.createTemporaryTokenForUser(ALICE, { caveats: CAVEATS }),
  modifyNamedToken: (client) => client.modifyNamedToken(ABC, { revoked: true }),
  deleteNamedToken: (client) => client.deleteNamedToken(ABC),
  deleteNamedTokens: (client) => client.deleteNamedTokensOfCurrentUser(),
  revokeAllTemporaryTokens: (client) => client.revokeAllTemporaryTokensOfCurrentProvider(),
}
const READINGS: Record<string, (client: OnezoneClient) => Promise<unknown>> = {
  verifyAccessToken: (client) => client.verifyAccessToken({ token: 'tok', peerIp: null }),
  examineToken: (client) => client.examineToken({ token: 'tok' }),
  confineToken: (client) => client.confineToken({ token: 'tok', caveats: CAVEATS }),
  inferAccessTokenScope: (client) => client.inferAccessTokenScope({ token: 'tok' }),
  listAllNamedTokens: (client) => client.listAllNamedTokens(),
  getNamedToken: (client) => client.getNamedToken(ABC),
}

describe('an operation whose answer did not come', () => {
  test.each(Object.entries(CHANGES))(
    'is never repeated where it changes something: %s',
    async (_, call) => {
      const server = await scriptedOnezone((socket) => socket.end())
      const error = await rejectionOf(call(clientOf(server.url, { credentials, maxAttempts: 5 })))
      expect(error).toMatchObject({ code: 'ERR_ONEZONE_RESET' })
      expect(server.requests).toHaveLength(1)
    },
  )

  test.each(Object.entries(READINGS))('is repeated where it only reads: %s', async (_, call) => {
    const server = await scriptedOnezone((socket) => socket.end())
    const error = await rejectionOf(call(clientOf(server.url, { credentials })))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_RESET' })
    expect(server.requests).toHaveLength(2)
  })

  test('is repeated where there was no connection, even if it changes something', async () => {
    const server = await scriptedOnezone((socket) => socket.write(noContent()))
    const dead = await deadPort()
    let attempts = 0
    const dispatcher = new Client(server.url)
    onTestFinished(() => dispatcher.destroy())
    const nowhere = new Client(`http://127.0.0.1:${dead}`)
    onTestFinished(() => nowhere.destroy())
    // The first attempt meets a closed port, the next one the server.
    const switching = {
      dispatch: (...args: Parameters<Dispatcher['dispatch']>) => {
        attempts += 1
        return (attempts === 1 ? nowhere : dispatcher).dispatch(...args)
      },
    } as Dispatcher
    const client = clientOf(server.url, { credentials, dispatcher: switching })
    await client.deleteNamedToken(ABC)
    expect(attempts).toBe(2)
    expect(server.requests).toHaveLength(1)
  })
})

describe('a signal', () => {
  test('that is aborted already lets nothing be sent', async () => {
    const server = await scriptedOnezone((socket) => socket.write(answer(200, { revoked: true })))
    const reason = new Error('never mind')
    const signal = AbortSignal.abort(reason)
    const client = clientOf(server.url, { credentials })
    expect(await rejectionOf(client.getNamedTokenStatus(ABC, { signal }))).toBe(reason)
    const asked = { token: 'tok', peerIp: null }
    expect(await rejectionOf(client.verifyAccessToken(asked, { signal }))).toBe(reason)
    expect(server.connections).toBe(0)
  })

  test('ends a call with its reason, drops the connection and frees its place', async () => {
    const server = await scriptedOnezone((socket, count) => {
      if (count > 1) socket.write(answer(200, { revoked: true }))
    })
    const client = clientOf(server.url, {
      credentials,
      maxConnections: 1,
      totalTimeoutMs: 60_000,
    })
    const controller = new AbortController()
    const ended = rejectionOf(client.getNamedTokenStatus(ABC, { signal: controller.signal }))
    const next = client.getNamedTokenStatus(ABC)
    await expect.poll(() => server.requests.length).toBe(1)
    const reason = { any: 'value' }
    controller.abort(reason)
    expect(await ended).toBe(reason)
    expect(await next).toEqual({ revoked: true })
    await expect.poll(() => server.closed).toBe(1)
    expect(server.connections).toBe(2)
  })

  test('ends a call in the middle of an answer, and before a retry', async () => {
    const half = answer(200, { revoked: true }).slice(0, -3)
    const scripts: ((socket: Socket) => unknown)[] = [
      (socket) => socket.write(half),
      (socket) => socket.resetAndDestroy(),
    ]
    for (const script of scripts) {
      const controller = new AbortController()
      const reason = new Error('never mind')
      const server = await scriptedOnezone((socket) => {
        script(socket)
        setImmediate(() => controller.abort(reason))
      })
      const client = clientOf(server.url, { credentials, totalTimeoutMs: 60_000 })
      const call = client.getNamedTokenStatus(ABC, { signal: controller.signal })
      expect(await rejectionOf(call)).toBe(reason)
      expect(server.requests).toHaveLength(1)
    }
  })

  test('ends a call that waits for its turn', async () => {
    const server = await scriptedOnezone(() => {})
    const client = clientOf(server.url, { credentials, maxConnections: 1, totalTimeoutMs: 500 })
    const first = rejectionOf(client.getNamedTokenStatus(ABC))
    const controller = new AbortController()
    const reason = new Error('never mind')
    const waiting = rejectionOf(client.getNamedTokenStatus(ABC, { signal: controller.signal }))
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    expect(await first).toMatchObject({ code: 'ERR_ONEZONE_TIMEOUT' })
    expect(server.requests).toHaveLength(1)
  })

  test('leaves nothing behind on a signal that outlives the call', async () => {
    const server = await scriptedOnezone((socket) => socket.write(answer(200, { revoked: true })))
    const client = clientOf(server.url, { credentials })
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (
      (listeners -= 1),
      remove(...args)
    )
    await client.getNamedTokenStatus(ABC, { signal })
    expect(listeners).toBe(0)
  })

  test('must be one', async () => {
    const server = await scriptedOnezone(() => {})
    const client = clientOf(server.url, { credentials })
    const error = await rejectionOf(client.getNamedTokenStatus(ABC, { signal: {} as never }))
    expect(error).toMatchObject({ name: 'TypeError', message: '"signal" must be an AbortSignal.' })
    expect(server.received).toBe('')
  })
})

/** A port of this machine on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
