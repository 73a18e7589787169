import { LOAD_COLUMNS } from '../load/measure-load.ts'
import { hitRow } from '../proxy/gateway-rows.ts'
import { openPeerRows } from '../proxy/peer-rows.ts'
import type { LoadShape } from '../proxy/rows.ts'
import { CONNECTIONS, ROW } from '../proxy/rows.ts'
import type { Stage } from '../proxy/stage.ts'
import { openOnStage } from '../proxy/stage.ts'
import type { Comparison, OpenSuite, Suite } from '../suite.ts'

const SHAPES: readonly LoadShape[] = [
  { title: ', the same head each time', kind: 'plain', connections: CONNECTIONS },
  { title: ', heads of a browser', kind: 'browser', connections: CONNECTIONS },
  { title: ', POST of 400 bytes', kind: 'post', connections: CONNECTIONS },
  { title: ', one connection', kind: 'plain', connections: 1 },
  { title: ', 1 000 connections', kind: 'plain', connections: 1_000 },
  { title: ', a connection a request', kind: 'last', connections: CONNECTIONS },
]

/** Of a thousand that ask at once for a verdict that has just run out, the script of HAProxy answers some 503. */
const SHAPES_OF: Readonly<Record<string, readonly LoadShape[]>> = {
  [ROW.nginx]: SHAPES,
  [ROW.haproxy]: SHAPES.filter(({ connections }) => connections <= CONNECTIONS),
}

/** A verdict hit under loads of other shapes than the usual one, and what those cost others. */
export const loadsSuite: Suite = {
  name: 'loads',
  about: 'a verdict hit under several loads, through onegate, nginx and HAProxy',
  columns: LOAD_COLUMNS,
  ratios: [],
  comparisons: Object.entries(SHAPES_OF).flatMap(([peer, shapes]) =>
    shapes.flatMap(({ title }) => against(peer, title)),
  ),
  seconds: 16,
  rounds: 16,
  warmUpSeconds: 4,
  quick: { seconds: 4, rounds: 4, warmUpSeconds: 1 },
  open: (product) => openOnStage(product, openLoads),
}

function against(peer: string, title: string): Comparison[] {
  const rows = { of: ROW.hit + title, to: peer + title }
  return [
    { title: 'CPU', column: 'cpuMicros', ...rows, goal: { atMost: 1 } },
    { title: 'p99', column: 'p99Ms', ...rows, goal: { atMost: 1.3 } },
  ]
}

async function openLoads(stage: Stage): Promise<Omit<OpenSuite, 'close'>> {
  const gateway = await stage.startGateway(await stage.openOnezone())
  const own = SHAPES.map((shape) => hitRow(ROW.hit, gateway, shape))
  return {
    scenarios: [...own, ...(await openPeerRows(stage, (peer) => SHAPES_OF[peer] ?? []))],
    notes: () => ['The connections of a row are opened anew for each round of it.'],
  }
}
