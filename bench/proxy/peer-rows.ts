import { strict as assert } from 'node:assert'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { Peer } from '../peers/peers.ts'
import { PEERS } from '../peers/peers.ts'
import type { RunningPeer } from '../peers/start-peer.ts'
import { startPeer } from '../peers/start-peer.ts'
import { spreadOf } from '../ratios.ts'
import type { SkippedScenario } from '../suite.ts'
import { assertGuards, assertSmallAnswer, bearing, FORGED, sendCrowd } from './checks.ts'
import type { RemarkableScenario } from './gateway-rows.ts'
import { minter } from './gateway-rows.ts'
import { underLoad } from './rows.ts'
import type { Stage } from './stage.ts'

/** Starts all peers that can run here; a row for each, also for those that cannot. */
export async function openPeerRows(
  stage: Stage,
): Promise<(RemarkableScenario | SkippedScenario)[]> {
  const introspection = await stage.startIntrospection()
  const gateway = await stage.startGateway(stage.peersOnezone, 1, {
    forwardAuth: { listen: '127.0.0.1:0' },
    trustedProxies: ['127.0.0.1/32'],
  })
  const directory = join(stage.directory, 'peers')
  mkdirSync(directory)
  const upstreamPort = new URL(stage.upstreamUrl).port
  const mint = minter(stage.peersOnezone)
  const rows: (RemarkableScenario | SkippedScenario)[] = []
  for (const peer of PEERS) {
    const asked = peer.asksGateway === true ? gateway : introspection
    const authPort = asked.ready['port'] ?? new URL(asked.ready['forwardAuth'] ?? '').port
    const started = await startOrSay(peer, { upstreamPort, authPort, directory })
    if (typeof started === 'string') {
      rows.push({ name: peer.name, skipped: started })
    } else {
      stage.atEnd(() => started.stop())
      rows.push(peerRow(peer, { ...started, askedPid: asked.pid, token: mint(), stage }))
    }
  }
  return rows
}

/** Starts a peer, or says why there is none. */
async function startOrSay(
  peer: Peer,
  place: Parameters<typeof startPeer>[1],
): Promise<RunningPeer | string> {
  const missing = await peer.missing()
  if (missing !== null) return missing
  try {
    return await startPeer(peer, place)
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error)
  }
}

interface PeerUnderTest {
  readonly pid: number
  readonly askedPid: number
  readonly url: string
  readonly token: string
  readonly stage: Stage
}

function peerRow(
  peer: Peer,
  { pid, askedPid, url, token, stage }: PeerUnderTest,
): RemarkableScenario {
  const { product, peersOnezone } = stage
  const headers = bearing(token)
  const resource = `${url}/files/1`
  const load = underLoad({ product, pid, askedPid, url: resource, headers })
  const asked: (number | null | undefined)[] = []
  return {
    name: peer.name,
    async check() {
      // Where a front proxy asks, the gateway refuses a forged identity: it cannot take it away.
      await assertGuards(url, token, peer.asksGateway === true ? {} : FORGED)
      await sendCrowd(resource, token)
      const before = peersOnezone.calls().verifyAccessToken
      await sendCrowd(resource, token)
      const calls = peersOnezone.calls().verifyAccessToken - before
      assert.equal(calls, 0, 'calls to Onezone for a token that it had just asked about')
    },
    ...load,
    async measure(seconds) {
      const measured = await load.measure(seconds)
      asked.push(measured['askedMicros'])
      return measured
    },
    note() {
      const what = peer.asksGateway === true ? 'onegate' : 'the server'
      const micros = spreadOf(asked)?.median.toFixed(1) ?? '–'
      return `“${peer.name}”: ${what} that it asks used ${micros} µs of CPU a request beside it.`
    },
    confirm: () => assertSmallAnswer(resource, headers),
  }
}
