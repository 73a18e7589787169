import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'

import { expect, onTestFinished, test } from 'vitest'

import { acceptOn } from '../../src/listener/index.ts'
import { eventually } from '../helpers/eventually.ts'

const COUNTERS = '/proc/net/netstat'
const CLIENTS = 700

/** Whether the system lets so many wait, and says how many did not. */
function canTell(): boolean {
  const limit = '/proc/sys/net/core/somaxconn'
  return [COUNTERS, limit].every(existsSync) && Number(readFileSync(limit, 'utf8')) > CLIENTS
}

/** How many connections the system has turned away because too many waited to be accepted. */
function overflows(): number {
  const [names = '', values = ''] = readFileSync(COUNTERS, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
  return Number(values.split(' ')[names.split(' ').indexOf('ListenOverflows')])
}

// What is counted is that of all servers on this machine: another may be crowded meanwhile.
test.runIf(canTell())(
  'many clients that come at once all find room to wait',
  { retry: 3 },
  async () => {
    let accepted = 0
    const accepting = await acceptOn([{ host: '127.0.0.1', port: 0 }], {
      onConnection(socket) {
        accepted++
        socket.on('error', () => {}).resume()
      },
    })
    const [at] = accepting.addresses
    const before = overflows()
    const clients = Array.from({ length: CLIENTS }, () =>
      connect(at as { host: string; port: number }).on('error', () => {}),
    )
    onTestFinished(() => {
      clients.forEach((client) => client.destroy())
      accepting.close()
    })
    await eventually(() => accepted === clients.length)
    expect(overflows() - before).toBe(0)
  },
)
