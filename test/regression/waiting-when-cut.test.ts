import { expect, onTestFinished, test, vi } from 'vitest'

import { openListener } from '../../src/listener/index.ts'
import { ShortStays } from '../../src/listener/short-stays.ts'
import { createRigProxy } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

// Node never tells a response that waits for its turn when its connection breaks, so it was kept until the next reload:
// 200 MB for 200 connections, none of which needed a token.

const REQUEST = 'GET /x HTTP/1.1\r\nHost: gw.test\r\n\r\n'

/** A listener whose upstream never answers, and how many requests are under way there. */
async function startBench() {
  const spy = vi.spyOn(ShortStays.prototype, 'add')
  onTestFinished(() => spy.mockRestore())
  const upstream = await startRecordingUpstream({ respond: () => {} })
  const route = { path: '/**', upstream: upstream.url, policy: { token: 'none' } } as const
  const { proxy } = createRigProxy([route])
  const listener = await openListener({ on: { host: '127.0.0.1', port: 0 }, door: proxy })
  onTestFinished(async () => {
    await listener.drain(0)
    await proxy.close()
  })
  return {
    open: () => openRawClient(Number(new URL(listener.url).port)),
    underWay: (): number => {
      const lists = spy.mock.contexts.filter((each) => each instanceof ShortStays)
      return [...new Set(lists)].reduce((sum, { size }) => sum + size, 0)
    },
  }
}

test('what waits for its turn on a connection that breaks is forgotten', async () => {
  const { open, underWay } = await startBench()
  for (let round = 0; round < 3; round++) {
    const client = await open()
    client.send(REQUEST.repeat(300))
    await expect.poll(underWay).toBe(300)
    client.socket.resetAndDestroy()
    await expect.poll(underWay).toBe(0)
  }
})

test('so is what arrives after its connection was ended', async () => {
  const { open, underWay } = await startBench()
  const bystander = await open()
  bystander.send(REQUEST)
  await expect.poll(underWay).toBe(1)
  const greedy = await open()
  greedy.send(REQUEST.repeat(5_000))
  await greedy.closed()
  await expect.poll(underWay).toBe(1)
  expect(bystander.ended()).toBe('open')
})
