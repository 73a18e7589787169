import { LOAD_COLUMNS } from '../load/measure-load.ts'
import { hitRow } from '../proxy/gateway-rows.ts'
import { CONNECTIONS } from '../proxy/rows.ts'
import { openOnStage } from '../proxy/stage.ts'
import type { Stage } from '../proxy/stage.ts'
import type { Scenario, Suite } from '../suite.ts'

const ONE = 'one process'
const TWO = '2 workers'

/** A verdict hit, carried by one process and by two workers behind a primary. */
export const workersSuite: Suite = {
  name: 'workers',
  about: `a verdict hit over ${CONNECTIONS} connections: one process, and two workers behind a primary`,
  columns: LOAD_COLUMNS,
  ratios: [{ title: 'requests/s ÷ one process', column: 'requestsPerSecond', to: ONE }],
  comparisons: [
    { title: 'scaling: requests/s', column: 'requestsPerSecond', of: TWO, to: ONE },
    { title: 'scaling: CPU', column: 'cpuMicros', of: TWO, to: ONE },
  ],
  seconds: 16,
  rounds: 16,
  warmUpSeconds: 4,
  quick: { seconds: 4, rounds: 4, warmUpSeconds: 2 },
  open: (product) =>
    openOnStage(product, async (stage) => ({
      scenarios: [await openRow(ONE, 1, stage), await openRow(TWO, 2, stage)],
      notes: () => [
        'CPU is that of all processes of the gateway. The load and the upstream run on the same machine: where it has two ' +
          'cores they take what a second worker could use, and requests/s say little.',
      ],
    })),
}

async function openRow(name: string, workers: number, stage: Stage): Promise<Scenario> {
  return hitRow(name, await stage.startGateway(await stage.openOnezone(), { workers }))
}
