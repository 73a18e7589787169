import { availableParallelism } from 'node:os'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'

import { defineConfig } from 'vitest/config'

/** Where to leave the counts as JSON, besides what is printed. */
const report = env['TEST_REPORT']

/** How often a test that is red is tried again; a run with a report tells which were. */
const retry = Number(env['TEST_RETRY'] ?? 0)

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // Two more than there are cores: many tests wait for a process or a socket. Vitest would leave one core idle.
    maxWorkers: availableParallelism() + 2,
    // Files share their worker's modules: nothing in `src` keeps state outside of what its factories return, and no test
    // replaces a module. Loading all anew for each file took more processor time than most files.
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    globalSetup: ['test/global-setup.ts'],
    retry,
    // How long is waited for what does come: machines are busy, and no test measures speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 10 } },
    reporters: ['default', ...(report === undefined ? [] : ['json'])],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
    typecheck: {
      enabled: true,
      include: ['test/types/**/*.test-d.ts'],
      // Not all tests: `npm run check` looks at those.
      tsconfig: 'test/types/tsconfig.json',
    },
  },
})
