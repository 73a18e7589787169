import { createMetrics } from '../../src/metrics/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

const GOOD = {
  version: '1',
  maxStalenessSeconds: 10,
  verification: {
    entries: () => 0,
    breakerState: 'closed',
    clockOffsetMs: 0,
    watchState: 'off',
  },
} as const

refusesOptions(createMetrics, GOOD, [
  [{ registery: {} }, '"registery" is no option of createMetrics; did you mean "registry"?'],
  [{ registry: {} }, '"registry" must be a registry of prom-client'],
  [{ nodeMetrics: 0 }, '"nodeMetrics" must be true or false, not 0'],
])
