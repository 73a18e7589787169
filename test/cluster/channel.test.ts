import { EventEmitter } from 'node:events'

import { expect, test } from 'vitest'

import { createChannel } from '../../src/cluster/index.ts'
import type { Message } from '../../src/cluster/index.ts'
import { createOrders, obey } from '../../src/cluster/orders.ts'

/** Two ends of a channel that lets everything through as JSON, as one between processes does. */
function createPair() {
  const [one, other] = [new EventEmitter(), new EventEmitter()]
  const end = (own: EventEmitter, far: EventEmitter) =>
    Object.assign(own, {
      send(message: object) {
        setImmediate(() => far.emit('message', JSON.parse(JSON.stringify(message))))
      },
    })
  return { near: end(one, other), far: end(other, one) }
}

test('a message reaches whoever listens to its kind, and nobody else', async () => {
  const { near, far } = createPair()
  const heard: Message[] = []
  createChannel(far).on('greeting', (message) => void heard.push(message))
  const channel = createChannel(near)
  channel.send({ kind: 'other', text: 'no' })
  channel.send({ kind: 'greeting', text: 'yes' })
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(heard.map(({ text }) => text)).toEqual(['yes'])
})

test.each([[null], ['text'], [7], [[]], [{}], [{ cmd: 'NODE_CLUSTER' }], [{ onegate: 7 }]])(
  '%j is ignored',
  (message) => {
    const { near } = createPair()
    const channel = createChannel(near)
    channel.on('7', () => expect.unreachable())
    expect(() => near.emit('message', message)).not.toThrow()
  },
)

test('an order is done when the other side says so', async () => {
  const { near, far } = createPair()
  obey(createChannel(far), 'double', async ({ number }) => ({ result: Number(number) * 2 }))
  const orders = createOrders(createChannel(near))
  const done = [3, 4].map((number) => orders.give({ kind: 'double', number }, 10_000))
  expect((await Promise.all(done)).map((each) => each?.['result'])).toEqual([6, 8])
})

test('an order that nobody obeys, or whose receiver ends, is not done', async () => {
  const { near } = createPair()
  const orders = createOrders(createChannel(near))
  expect(await orders.give({ kind: 'x' }, 10)).toBeNull()
  const given = orders.give({ kind: 'x' }, 60_000)
  orders.abandon()
  expect(await given).toBeNull()
})
