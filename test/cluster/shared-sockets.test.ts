import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect, createServer, Server } from 'node:net'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { Channel, Message } from '../../src/cluster/index.ts'
import { acceptShared, createChannel } from '../../src/cluster/index.ts'
import type { Handle, MessageListener } from '../../src/cluster/message.ts'
import { openSharedSockets } from '../../src/cluster/shared-sockets.ts'
import type { ListenOn } from '../../src/listener/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { directoryWith } from '../config/config-directory.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

const LOOPBACK: ListenOn = { host: '127.0.0.1', port: 0 }

/** Accepts on what it is sent and answers with its name, and lends it. */
const WORKER = `
const name = process.argv[2]
const servers = []
process.on('message', (message, handle) => {
  if (message.onegate === 'listen') {
    servers[message.index] = handle.on('connection', (socket) => socket.on('error', () => {}).end(name))
    if (Object.keys(servers).length === message.of) process.send({ onegate: 'accepting' })
  }
  if (message.onegate === 'lend')
    servers.forEach((server, index) => process.send({ onegate: 'lent', index }, server))
})
process.send('up')
`

/** Sockets whose connections this process answers with “here”, and workers that answer them with their names. */
async function openShared(on: readonly ListenOn[] = [LOOPBACK]) {
  const program = join(await directoryWith({}), 'worker.cjs')
  writeFileSync(program, WORKER)
  const { schedule, pass } = createFakeTime()
  const errors: string[] = []
  const sockets = await openSharedSockets({
    on,
    onConnection: (socket) => socket.on('error', () => {}).end('here'),
    schedule,
    logger: { ...silentLogger, error: (_fields, message) => void errors.push(message) },
  })
  onTestFinished(() => sockets.close())
  const portOf = (at: number): number => {
    const address = sockets.addresses[at]
    return address !== undefined && 'port' in address ? address.port : 0
  }
  async function startWorker(name: string): Promise<ChildProcess> {
    const worker = fork(program, [name], { execArgv: [] })
    onTestFinished(() => void worker.kill('SIGKILL'))
    await once(worker, 'message')
    const end = sockets.share(createChannel(worker))
    worker.once('exit', end)
    return worker
  }
  /** Who answers so many connections, or how they fail. */
  const answerers = async (count = 40, at = 0): Promise<Set<string>> =>
    new Set(await Promise.all(Array.from({ length: count }, () => answerOf(portOf(at)))))
  return { sockets, pass, errors, portOf, startWorker, answerers }
}

async function answerOf(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data: Buffer) => (answer += data.toString()))
  socket.on('error', (error: NodeJS.ErrnoException) => (answer = error.code ?? ''))
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

const set = (...names: string[]): Set<string> => new Set(names)

async function kill(worker: ChildProcess): Promise<void> {
  worker.kill('SIGKILL')
  await once(worker, 'exit')
}

test('this process accepts until every worker does, and then none', async () => {
  const { startWorker, answerers } = await openShared()
  expect(await answerers()).toEqual(set('here'))
  await Promise.all([startWorker('a'), startWorker('b')])
  await expect.poll(() => answerers()).toEqual(set('a', 'b'))
  for (let i = 0; i < 10; i++) expect(await answerers()).not.toContain('here')
})

test('a worker that stands still takes no connection from the others', async () => {
  const { startWorker, answerers } = await openShared()
  const [a] = await Promise.all([startWorker('a'), startWorker('b')])
  await expect.poll(() => answerers()).toEqual(set('a', 'b'))
  a.kill('SIGSTOP')
  for (let i = 0; i < 5; i++) expect(await answerers()).toEqual(set('b'))
})

test('one that starts later is lent what the others have, on each address', async () => {
  const { startWorker, answerers } = await openShared([LOOPBACK, LOOPBACK])
  const a = await startWorker('a')
  await expect.poll(() => answerers()).toEqual(set('a'))
  await startWorker('b')
  for (const at of [0, 1]) {
    await expect.poll(() => answerers(40, at)).toEqual(set('a', 'b'))
  }
  await kill(a)
  for (const at of [0, 1]) expect(await answerers(40, at)).toEqual(set('b'))
})

test('while a new one waits for a lender that hangs, nothing is refused; it listens when that has ended', async () => {
  const { startWorker, answerers } = await openShared()
  const a = await startWorker('a')
  await expect.poll(() => answerers()).toEqual(set('a'))
  a.kill('SIGSTOP')
  await startWorker('b')
  await kill(a)
  await expect.poll(() => answerers()).toEqual(set('b'))
})

test('when the last worker has ended, this process accepts on the same port until there is another', async () => {
  const { startWorker, answerers, errors } = await openShared()
  const a = await startWorker('a')
  await expect.poll(() => answerers()).toEqual(set('a'))
  await kill(a)
  await expect.poll(() => answerers()).toEqual(set('here'))
  await startWorker('b')
  await expect.poll(() => answerers()).toEqual(set('b'))
  expect(errors).toEqual([])
})

test('where the port has been taken meanwhile, it is told, and tried again', async () => {
  const { startWorker, answerers, portOf, errors, pass } = await openShared()
  const a = await startWorker('a')
  await expect.poll(() => answerers()).toEqual(set('a'))
  const other = createServer((socket) => socket.end('other'))
  onTestFinished(() => void other.close())
  a.prependOnceListener('exit', () => other.listen(portOf(0), '127.0.0.1'))
  await kill(a)
  await expect.poll(() => errors).toEqual(['cannot listen again; it is tried again'])
  other.close()
  await once(other, 'close')
  await pass(500)
  await expect.poll(() => answerers()).toEqual(set('here'))
})

test('on a Unix socket this process accepts always', async () => {
  const path = join(await directoryWith({}), 'socket')
  const { sockets, startWorker, answerers } = await openShared([{ path }, LOOPBACK])
  expect(sockets.addresses[0]).toEqual({ path })
  await startWorker('a')
  await expect.poll(() => answerers(40, 1)).toEqual(set('a'))
  const socket = connect(path)
  const [data] = (await once(socket, 'data')) as [Buffer]
  expect(data.toString()).toBe('here')
})

test('who has connected to a Unix socket by the end is accepted', async () => {
  const path = join(await directoryWith({}), 'socket')
  const { sockets } = await openShared([{ path }])
  const answers = Array.from({ length: 30 }, async () => {
    const socket = connect(path)
    const [data] = (await once(socket, 'data')) as [Buffer]
    return data.toString()
  })
  await sockets.close()
  expect(new Set(await Promise.all(answers))).toEqual(set('here'))
})

test('after the end nothing is listened to, and what is lent then is closed', async () => {
  const { sockets, startWorker, answerers } = await openShared()
  const a = await startWorker('a')
  await expect.poll(() => answerers()).toEqual(set('a'))
  await startWorker('b')
  await sockets.close()
  await expect.poll(() => answerers()).not.toContain('here')
  await kill(a)
  expect(await answerers()).not.toContain('here')
})

/** The worker's end of a channel, and what it has sent. */
function workerEnd() {
  const listeners = new Map<string, MessageListener>()
  const sent: { message: Message; handle: Handle | undefined }[] = []
  const channel: Channel = {
    on: (kind, listener) => void listeners.set(kind, listener),
    send: (message, handle) => void sent.push({ message, handle }),
  }
  const receive = (message: Message, handle: Handle | null = null): void =>
    listeners.get(String(message['kind']))?.(message, handle)
  return { channel, receive, sent }
}

async function listening(): Promise<Server> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

test('a worker accepts on all that it is sent, says so once, and lends them', async () => {
  const { channel, receive, sent } = workerEnd()
  const taken: (readonly [Socket, boolean])[] = []
  const take = (socket: Socket, local: boolean): void => void taken.push([socket, local])
  const close = acceptShared(channel, take)
  onTestFinished(() => void close())
  const [first, second] = [await listening(), await listening()]
  receive({ kind: 'listen', index: 0, of: 2 }, first)
  expect(sent).toEqual([])
  receive({ kind: 'listen', index: 1, of: 2 }, second)
  expect(sent).toEqual([{ message: { kind: 'accepting' }, handle: undefined }])
  const { port } = second.address() as { port: number }
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await expect.poll(() => taken.length).toBe(1)
  const [[socket, local] = []] = taken
  expect([local, socket?.allowHalfOpen]).toEqual([false, true])
  client.destroy()
  receive({ kind: 'lend' })
  const lent = sent.slice(1)
  expect(lent.map(({ message }) => message)).toEqual([
    { kind: 'lent', index: 0 },
    { kind: 'lent', index: 1 },
  ])
  expect(lent.every(({ handle }) => handle instanceof Server)).toBe(true)
})

test('a worker that has ended closes what it is sent, and lends nothing', async () => {
  const { channel, receive, sent } = workerEnd()
  const take = (): void => {}
  const close = acceptShared(channel, take)
  const [before, after] = [await listening(), await listening()]
  const { port } = before.address() as { port: number }
  receive({ kind: 'listen', index: 0, of: 2 }, before)
  const left = close()
  receive({ kind: 'listen', index: 1, of: 2 }, after)
  receive({ kind: 'lend' })
  expect(sent).toEqual([{ message: { kind: 'left' }, handle: undefined }])
  receive({ kind: 'allLeft' })
  await left
  expect(after.listening).toBe(false)
  expect(await answerOf(port)).toBe('ECONNREFUSED')
})

test('a worker that stops alone is let go at once, those that stop together only when all have left', async () => {
  const { sockets } = await openShared()
  const [a, b, c] = [workerEnd(), workerEnd(), workerEnd()]
  const [, , endC] = [a, b, c].map(({ channel }) => sockets.share(channel))
  const letGo = (): number[] =>
    [a, b, c].map(
      ({ sent }) => sent.splice(0).filter(({ message }) => message['kind'] === 'allLeft').length,
    )
  a.receive({ kind: 'left' })
  expect(letGo()).toEqual([1, 0, 0])
  await sockets.close()
  a.receive({ kind: 'left' })
  b.receive({ kind: 'left' })
  expect(letGo()).toEqual([0, 0, 0])
  // It has ended without a word.
  endC?.()
  expect(letGo()).toEqual([1, 1, 0])
})
