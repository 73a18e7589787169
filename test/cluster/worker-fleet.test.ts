import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { WorkerFleet } from '../../src/cluster/index.ts'
import { openWorkerFleet } from '../../src/cluster/index.ts'
import type { Logger } from '../../src/logger.ts'
import { silentLogger } from '../../src/logger.ts'
import { directoryWith } from '../config/config-directory.ts'

/** Does what a worker must, and answers each connection with its process id. */
const WORKER = `
const send = (kind, more, handle) => process.send({ onegate: kind, ...more }, handle)
const answer = (socket) => socket.on('error', () => {}).end(String(process.pid))
let server
process.on('message', (message, handle) => {
  switch (message.onegate) {
    case 'greeting': return send('ready')
    case 'ping': return send('pong')
    case 'connection':
      send('taken', { id: message.id })
      return answer(handle)
    case 'listen':
      server = handle.on('connection', answer)
      return send('accepting')
    case 'lend': return send('lent', { index: 0 }, server)
    case 'drain': return process.exit(0)
  }
})
send('hello')
`

/** More than one worker takes before another wakes up. */
const MANY = 40

interface Logged {
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** Two workers, and what is said of them. */
async function startFleet(onHang: (fleet: WorkerFleet, pid: number) => void) {
  const program = join(await directoryWith({}), 'worker.cjs')
  writeFileSync(program, WORKER)
  const log: Logged[] = []
  const note = (fields: object, message: string): void =>
    void log.push({ fields: fields as Logged['fields'], message })
  const logger: Logger = { ...silentLogger, info: note, error: note }
  const said = (message: string): readonly Logged['fields'][] =>
    log.filter((line) => line.message === message).map(({ fields }) => fields)
  const pidOf = (name: string): number =>
    Number(said('a worker carries traffic').findLast(({ worker }) => worker === name)?.['pid'])
  const ended: string[] = []
  const fleet: WorkerFleet = await openWorkerFleet({
    listen: [{ host: '127.0.0.1', port: 0 }],
    program,
    workers: 2,
    greeting: () => ({ kind: 'greeting' }),
    attend: () => {},
    onEnd: (name) => void ended.push(name),
    onHang: (name) => onHang(fleet, pidOf(name)),
    logger,
  })
  onTestFinished(() => fleet.drain(0))
  const [address] = fleet.addresses
  const port = address !== undefined && 'port' in address ? address.port : 0
  /** The process ids of those who answer so many connections. */
  const answerers = async (count: number): Promise<Set<number>> =>
    new Set(
      await Promise.all(
        Array.from({ length: count }, async () => {
          const socket = connect(port, '127.0.0.1')
          let text = ''
          socket.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => {})
          await once(socket, 'close')
          return Number(text)
        }),
      ),
    )
  return { fleet, said, pidOf, ended, answerers }
}

test('F7 a worker that hangs makes the fleet unready, gets nothing new, and is replaced without a pause', async () => {
  const seen: { ready: number; why: string | null; pid: number }[] = []
  const { fleet, said, pidOf, ended, answerers } = await startFleet((it, pid) =>
    seen.push({ ready: it.ready, why: it.unreadiness(), pid }),
  )
  const [stopped, other] = [pidOf('1'), pidOf('2')]
  expect([fleet.ready, fleet.unreadiness()]).toEqual([2, null])
  await expect.poll(() => answerers(MANY)).toEqual(new Set([stopped, other]))

  process.kill(stopped, 'SIGSTOP')
  const why = 'workers that do not react: 1 of 2'
  await expect.poll(() => seen).toEqual([{ ready: 1, why, pid: stopped }])
  const answered = await answerers(10)
  expect([answered.has(other), answered.has(stopped), answered.has(0)]).toEqual([
    true,
    false,
    false,
  ])
  await expect.poll(() => fleet.ready).toBe(2)
  expect(fleet.unreadiness()).toBeNull()
  expect(ended).toEqual(['1'])
  // It had hung for longer than the pause is.
  expect(said('a worker has ended; another takes its place')).toEqual([
    { worker: '1', cause: 'SIGKILL', pauseMs: 0 },
  ])
  await expect.poll(() => answerers(MANY)).toEqual(new Set([pidOf('1'), other]))
  expect(pidOf('1')).not.toBe(stopped)
})

test('a worker that hangs unseen takes no connection, so that none is lost with it', async () => {
  const { pidOf, answerers } = await startFleet(() => {})
  const [stopped, other] = [pidOf('1'), pidOf('2')]
  await expect.poll(() => answerers(MANY)).toEqual(new Set([stopped, other]))
  process.kill(stopped, 'SIGSTOP')
  expect(await answerers(20)).toEqual(new Set([other]))
})

test('who reacts again before it is ended gets connections as before', async () => {
  const { fleet, said, pidOf, ended, answerers } = await startFleet((_, pid) =>
    process.kill(pid, 'SIGCONT'),
  )
  const pids = new Set([pidOf('1'), pidOf('2')])
  process.kill(pidOf('1'), 'SIGSTOP')
  await expect.poll(() => said('a worker reacts again')).toEqual([{ worker: '1' }])
  expect([fleet.ready, fleet.unreadiness()]).toEqual([2, null])
  await expect.poll(() => answerers(MANY)).toEqual(pids)
  expect(ended).toEqual([])
})

test('where all hang none is said to carry traffic', async () => {
  const whys: (string | null)[] = []
  const { fleet, pidOf, ended } = await startFleet((it) => whys.push(it.unreadiness()))
  for (const name of ['1', '2']) process.kill(pidOf(name), 'SIGSTOP')
  await expect.poll(() => [...ended].sort()).toEqual(['1', '2'])
  expect(whys.at(-1)).toBe('no worker carries traffic')
  await expect.poll(() => fleet.ready).toBe(2)
})
