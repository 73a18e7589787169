import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { createChannel } from '../../src/cluster/index.ts'
import type { ConnectionDealer } from '../../src/cluster/connection-dealer.ts'
import { openConnectionDealer } from '../../src/cluster/connection-dealer.ts'
import { directoryWith } from '../config/config-directory.ts'

const LISTEN = [{ host: '127.0.0.1', port: 0 }]

function portOf({ addresses: [address] }: ConnectionDealer): number {
  return address && 'port' in address ? address.port : 0
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

test('connections go to one worker after the other, with all that was sent on them', async () => {
  const dealer = await openConnectionDealer(LISTEN)
  onTestFinished(() => dealer.close())
  for (const worker of await startWorkers('a', 'b')) dealer.dealTo(createChannel(worker))
  const answers: string[] = []
  for (let i = 0; i < 4; i++) answers.push(await hello(portOf(dealer)))
  expect(answers.sort()).toEqual(['a got hello', 'a got hello', 'b got hello', 'b got hello'])
})

test('when a worker dies, one that is on its way breaks, and those behind it go to another', async () => {
  const dealer = await openConnectionDealer(LISTEN)
  onTestFinished(() => dealer.close())
  const [frozen, other] = await startWorkers('frozen', 'other')
  if (frozen === undefined || other === undefined) return expect.unreachable()
  frozen.once('exit', dealer.dealTo(createChannel(frozen)))
  frozen.kill('SIGSTOP')
  const answers = [hello(portOf(dealer)), hello(portOf(dealer)), hello(portOf(dealer))]
  await new Promise((resolve) => setTimeout(resolve, 100))
  dealer.dealTo(createChannel(other))
  frozen.kill('SIGKILL')
  expect((await Promise.all(answers)).sort()).toEqual(['', 'other got hello', 'other got hello'])
})

test('connections wait while there is no worker', async () => {
  const dealer = await openConnectionDealer(LISTEN)
  onTestFinished(() => dealer.close())
  const answer = hello(portOf(dealer))
  const [worker] = await startWorkers('late')
  if (worker === undefined) return expect.unreachable()
  dealer.dealTo(createChannel(worker))
  expect(await answer).toBe('late got hello')
})

test('after its end nobody is let in, and who waits is sent away', async () => {
  const dealer = await openConnectionDealer(LISTEN)
  const waiting = hello(portOf(dealer))
  const probe = connect(portOf(dealer), '127.0.0.1')
  await once(probe, 'connect')
  probe.destroy()
  dealer.close()
  expect(await waiting).toBe('')
  const refused = connect(portOf(dealer), '127.0.0.1')
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
})
