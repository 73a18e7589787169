import { describe, expect, onTestFinished, test } from 'vitest'

import type { Door, Incoming, Outgoing } from '../../src/listener/index.ts'
import { openListener } from '../../src/listener/index.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'

const BROKEN = new Error('the door is broken')

/** What a door can do to its listener, by path. */
const FAULTS: Readonly<
  Record<string, (incoming: Incoming, outgoing: Outgoing) => Promise<void> | void>
> = {
  '/thrown': () => {
    throw BROKEN
  },
  '/rejected': () => Promise.reject(BROKEN),
  '/late': async () => {
    await new Promise(setImmediate)
    throw BROKEN
  },
  '/field': (_incoming, outgoing) => {
    outgoing.writeHead(200, ['X-Problem', 'two\r\nlines'])
  },
  '/begun': async (_incoming, outgoing) => {
    outgoing.writeHead(200, ['Content-Length', '10'])
    outgoing.write('12345')
    await new Promise(setImmediate)
    throw BROKEN
  },
}

async function open(fastLane: boolean) {
  const faults: unknown[] = []
  const serve: Door['serve'] = (incoming, outgoing) => {
    const fault = FAULTS[incoming.url ?? '']
    if (fault !== undefined) return fault(incoming, outgoing)
    outgoing.writeHead(200, ['Content-Length', '2'])
    outgoing.end('ok')
  }
  const door: Door = {
    serve,
    checkContinue: serve,
    checkExpectation: serve,
    upgrade: serve,
    unreadable: () => {
      throw BROKEN
    },
  }
  const listener = await openListener({
    on: { host: '127.0.0.1', port: 0 },
    door,
    fastLane,
    onFault: (error) => void faults.push(error),
  })
  onTestFinished(() => listener.drain(0))
  return { faults, listener, connect: () => openRawClient(Number(new URL(listener.url).port)) }
}

const FIELDS = {
  plainly: '',
  'with an upgrade': 'Connection: Upgrade\r\nUpgrade: websocket\r\n',
  'with an expectation': 'Expect: 100-continue\r\nContent-Length: 2\r\n',
  'that expects the unheard-of': 'Expect: cake\r\n',
}

describe.each([true, false])('with the fast lane: %s', (fastLane) => {
  test.each(Object.entries(FIELDS))(
    'a fault of the door ends a request asked %s, and no other',
    async (_how, fields) => {
      const { connect, faults, listener } = await open(fastLane)
      const other = await connect()
      for (const path of ['/thrown', '/rejected', '/late', '/field']) {
        const client = await connect()
        client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`)
        const answer = readResponse(await client.closed())
        expect(answer.status, path).toBe(500)
        expect(answer.body).toContain('its log says why')
      }
      expect(faults.length).toBe(4)
      expect(faults.filter((fault) => fault === BROKEN).length).toBe(3)
      other.send('GET /fine HTTP/1.1\r\nHost: x\r\n\r\n')
      expect(readResponse(await other.until('ok')).status).toBe(200)
      expect(listener.figures()).toMatchObject({ connections: 1, requests: 0 })
    },
  )

  test('a response that was begun is broken off', async () => {
    const { connect, faults } = await open(fastLane)
    const client = await connect()
    client.send('GET /begun HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await client.closed()).toMatch(/\r\n\r\n12345$/)
    expect(faults).toEqual([BROKEN])
  })

  test('a fault about what is no request ends its connection', async () => {
    const { connect, faults } = await open(fastLane)
    const client = await connect()
    client.send('nonsense\r\n\r\n')
    expect(await client.closed()).toBe('')
    expect(faults).toEqual([BROKEN])
  })
})
