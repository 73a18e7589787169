import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { Channel } from '../../src/cluster/index.ts'
import { createChannel } from '../../src/cluster/index.ts'
import type { MessageListener } from '../../src/cluster/message.ts'
import { createConnectionDealer } from '../../src/cluster/connection-dealer.ts'
import { acceptOn } from '../../src/listener/index.ts'
import { directoryWith } from '../config/config-directory.ts'

/** A dealer of what comes to a port. */
async function openDealer() {
  const dealer = createConnectionDealer()
  const on = [{ host: '127.0.0.1', port: 0 }]
  const accepting = await acceptOn(on, {
    onConnection: (socket, local) => dealer.deal(socket, local),
    paused: true,
  })
  const [address] = accepting.addresses
  const close = (): void => {
    accepting.close()
    dealer.close()
  }
  onTestFinished(close)
  return { ...dealer, close, port: address && 'port' in address ? address.port : 0 }
}

/** Answers each connection with its name, and says that it has taken it. */
const WORKER = `
const name = process.argv[2]
process.on('message', (message, socket) => {
  process.send({ onegate: 'taken', id: message.id })
  socket.on('data', (data) => socket.end(name + ' got ' + data))
})
process.send('up')
`

async function startWorkers(...names: string[]): Promise<ChildProcess[]> {
  const directory = await directoryWith({})
  const program = join(directory, 'worker.cjs')
  writeFileSync(program, WORKER)
  return Promise.all(
    names.map(async (name) => {
      const worker = fork(program, [name], { execArgv: [] })
      onTestFinished(() => void worker.kill('SIGKILL'))
      await once(worker, 'message')
      return worker
    }),
  )
}

/** What a connection is answered when it has said hello. */
async function hello(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (data: Buffer) => (received += data.toString()))
  socket.on('error', () => {})
  socket.write('hello')
  await new Promise((resolve) => socket.once('close', resolve))
  return received
}

/** Counts the connections that are sent on a channel. */
function watched(channel: Channel): { readonly channel: Channel; readonly sent: () => number } {
  let count = 0
  return {
    channel: {
      on: (kind, listener) => channel.on(kind, listener),
      send(message, ...more) {
        if (message['kind'] === 'connection') count += 1
        channel.send(message, ...more)
      },
    },
    sent: () => count,
  }
}

test('connections go to one worker after the other, with all that was sent on them', async () => {
  const dealer = await openDealer()
  for (const worker of await startWorkers('a', 'b')) dealer.dealTo(createChannel(worker))
  const answers: string[] = []
  for (let i = 0; i < 4; i++) answers.push(await hello(dealer.port))
  expect(answers.sort()).toEqual(['a got hello', 'a got hello', 'b got hello', 'b got hello'])
})

test('when a worker dies, one that is on its way breaks, and those behind it go to another', async () => {
  const dealer = await openDealer()
  const [frozen, other] = await startWorkers('frozen', 'other')
  if (frozen === undefined || other === undefined) return expect.unreachable()
  const { channel, sent } = watched(createChannel(frozen))
  const hand = dealer.dealTo(channel)
  frozen.once('exit', () => hand.end())
  frozen.kill('SIGSTOP')
  const answers = [hello(dealer.port), hello(dealer.port), hello(dealer.port)]
  await expect.poll(sent).toBe(1)
  dealer.dealTo(createChannel(other))
  frozen.kill('SIGKILL')
  expect((await Promise.all(answers)).sort()).toEqual(['', 'other got hello', 'other got hello'])
})

test('what is on its way to who rests is for it alone, and all else is for others', async () => {
  const dealer = await openDealer()
  const [slow, other] = await startWorkers('slow', 'other')
  if (slow === undefined || other === undefined) return expect.unreachable()
  const { channel, sent } = watched(createChannel(slow))
  const hand = dealer.dealTo(channel)
  slow.kill('SIGSTOP')
  const answers = Array.from({ length: 4 }, () => hello(dealer.port))
  await expect.poll(sent).toBe(1)
  expect(hand.others).toBe(0)
  dealer.dealTo(createChannel(other))
  expect(hand.others).toBe(1)
  hand.rest()
  hand.rest()
  const early = new Set<string>()
  for (const answer of answers) void answer.then((text) => early.add(text))
  await expect.poll(() => [...early]).toEqual(['other got hello'])
  for (let i = 0; i < 4; i++) expect(await hello(dealer.port)).toBe('other got hello')
  slow.kill('SIGCONT')
  expect((await Promise.all(answers)).sort()).toEqual([
    ...Array<string>(3).fill('other got hello'),
    'slow got hello',
  ])
  expect(sent()).toBe(1)
  hand.resume()
  hand.resume()
  const later = [await hello(dealer.port), await hello(dealer.port)]
  expect(later.sort()).toEqual(['other got hello', 'slow got hello'])
})

test('when it closes, what was accepted is sent before anything else is', async () => {
  const dealer = await openDealer()
  const silent = watched({ send: () => {}, on: () => {} })
  const listeners: MessageListener[] = []
  const quick = watched({
    send: ({ id }) => setImmediate(() => listeners.forEach((listen) => listen({ id }, null))),
    on: (_, listener) => void listeners.push(listener),
  })
  dealer.dealTo(silent.channel)
  dealer.dealTo(quick.channel)
  // The one that takes them at once gets the first, third and fifth: then the other has been dealt two.
  for (let i = 0; i < 5; i++) void hello(dealer.port)
  await expect.poll(quick.sent).toBe(3)
  expect(silent.sent()).toBe(1)
  dealer.close()
  expect(silent.sent()).toBe(2)
})

test('connections wait while there is no worker', async () => {
  const dealer = await openDealer()
  const answer = hello(dealer.port)
  const [worker] = await startWorkers('late')
  if (worker === undefined) return expect.unreachable()
  dealer.dealTo(createChannel(worker))
  expect(await answer).toBe('late got hello')
})

test('after its end nobody is let in, and who waits is sent away', async () => {
  const dealer = await openDealer()
  const waiting = hello(dealer.port)
  const probe = connect(dealer.port, '127.0.0.1')
  await once(probe, 'connect')
  probe.destroy()
  dealer.close()
  expect(await waiting).toBe('')
  const refused = connect(dealer.port, '127.0.0.1')
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
})
