import { strict as assert } from 'node:assert'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { PEERS } from '../peers/peers.ts'
import { startPeer } from '../peers/start-peer.ts'
import { spreadOf } from '../ratios.ts'
import type { Scenario, SkippedScenario } from '../suite.ts'
import { assertGuards, assertSmallAnswer, bearing, FORGED, sendCrowd } from './checks.ts'
import { minter } from './gateway-rows.ts'
import type { LoadShape } from './rows.ts'
import { underLoad, USUAL_LOAD } from './rows.ts'
import type { Stage } from './stage.ts'

/**
 * Starts all peers that can run here; a row for each, also for those that cannot.
 *
 * @param shapesOf Finds the loads for a peer, each of which has a row of its own; none: it is not started.
 */
export async function openPeerRows(
  stage: Stage,
  shapesOf: (peer: string) => readonly LoadShape[] = () => [USUAL_LOAD],
): Promise<(Scenario | SkippedScenario)[]> {
  const { product, upstreamUrl } = stage
  const onezone = await stage.openOnezone()
  const verifyCalls = (): number => onezone.calls().verifyAccessToken
  const introspection = await stage.startProgram('introspection', [onezone.url])
  const gateway = await stage.startGateway(onezone, {
    forwardAuth: { listen: '127.0.0.1:0' },
    trustedProxies: ['127.0.0.1/32'],
  })
  const directory = join(stage.directory, 'peers')
  mkdirSync(directory)
  const mint = minter(onezone)
  const rows: (Scenario | SkippedScenario)[] = []
  for (const peer of PEERS) {
    const { name, asksGateway = false } = peer
    const shapes = shapesOf(name)
    if (shapes.length === 0) continue
    const asked = asksGateway ? gateway : introspection
    const authUrl = (asksGateway ? asked.ready['forwardAuth'] : asked.ready['url']) ?? ''
    const place = {
      upstreamPort: new URL(upstreamUrl).port,
      authPort: new URL(authUrl).port,
      directory,
    }
    const started = await startPeer(peer, place).catch((error: Error) => error)
    if (started instanceof Error) {
      rows.push({ name, skipped: started.message.replaceAll(/\s+/g, ' ') })
      continue
    }
    stage.atEnd(() => started.stop())

    const { pid, url } = started
    const token = mint()
    const headers = bearing(token)
    const resource = `${url}/files/1`
    for (const shape of shapes) {
      const load = underLoad({ product, pid, askedPid: asked.pid, url: resource, headers, shape })
      const askedMicros: (number | null | undefined)[] = []
      rows.push({
        name: name + shape.title,
        async check() {
          // Where a front proxy asks, the gateway refuses a forged identity: it cannot take it away.
          await assertGuards(url, token, asksGateway ? {} : FORGED)
          await sendCrowd(resource, token)
          const before = verifyCalls()
          await sendCrowd(resource, token)
          const calls = verifyCalls() - before
          assert.equal(calls, 0, 'calls to Onezone for a token that it had just asked about')
        },
        ...load,
        async measure(seconds) {
          const measured = await load.measure(seconds)
          askedMicros.push(measured['askedMicros'])
          return measured
        },
        note() {
          const what = asksGateway ? 'onegate' : 'the server'
          const micros = spreadOf(askedMicros)?.median.toFixed(1) ?? '–'
          return `“${name}${shape.title}”: ${what} that it asks used ${micros} µs of CPU a request beside it.`
        },
        confirm: () => assertSmallAnswer(resource, headers),
      })
    }
  }
  return rows
}
