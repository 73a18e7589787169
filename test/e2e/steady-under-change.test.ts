import { expect, test } from 'vitest'

import { isAlive, startClusteredGateway } from '../helpers/clustered-gateway.ts'
import { eventually } from '../helpers/eventually.ts'
import { startKeepAliveLoad } from '../helpers/keep-alive-load.ts'

const RELOADS = 20
const KILLS = 5
const CLIENTS = 8

test(
  'a gateway under load loses nothing by 20 reloads, and by 5 killed workers only their connections',
  { timeout: 180_000 },
  async () => {
    const rig = await startClusteredGateway()
    const { gateway, token, write, pids, sample } = rig
    const load = startKeepAliveLoad(gateway, CLIENTS, {
      fields: `X-Auth-Token: ${token}\r\n`,
      persistent: true,
      paceMs: 10,
    })
    const moved = async (): Promise<void> => {
      const answered = load.answered()
      await eventually(() => load.answered() > answered + CLIENTS)
    }
    await moved()
    for (let reload = 1; reload <= RELOADS; reload++) {
      write(`realm: r${reload}`)
      await eventually(
        () => rig.stderr().split('the configuration was reloaded').length > 3 * reload,
      )
      await moved()
    }
    const afterReloads = load.soFar()
    expect(afterReloads).toMatchObject({ lost: [], turnedAway: 0, refused: 0 })
    for (let kill = 1; kill <= KILLS; kill++) {
      // The older one: that has the connections by now.
      process.kill(pids().find(isAlive) ?? 0, 'SIGKILL')
      await eventually(() => pids().length === 2 + kill)
      await moved()
    }
    const restarts = await sample('onegate_worker_restarts_total')
    const { answered, lost, turnedAway, refused } = await load.stop()
    process.stderr.write(
      `${answered} requests answered; ${afterReloads.lost.length} lost by ${RELOADS} reloads; ` +
        `${lost.length + turnedAway} broken off by ${KILLS} killed workers, with ${CLIENTS} connections\n`,
    )
    expect(restarts).toBe(KILLS)
    expect(refused).toBe(0)
    // A client has one connection, and loses one request at most each time; and one connection may be on its way.
    expect(lost.length + turnedAway).toBeLessThanOrEqual(KILLS * (CLIENTS + 1))
    expect(lost.filter((how) => !how.startsWith('closed'))).toEqual([])
  },
)
