import { lookup } from 'node:dns'

import { expect, onTestFinished, test } from 'vitest'

import { createUpstreamPools } from '../../src/upstream/upstream-pools.ts'

test.each(['http://127.0.0.1:9', 'https://127.0.0.1:9'])(
  'a body that is there goes with its head as one text, and others wait until they are asked for: %s',
  (origin) => {
    const pools = createUpstreamPools(lookup)
    onTestFinished(() => pools.close())
    const dispatcher = pools.dispatcherFor({
      target: { origin, socketPath: null },
      connectMs: 1_000,
      maxConnections: 1,
      keepAliveMs: 0,
      maxConnectionAgeMs: 0,
      tls: {},
    })
    expect(dispatcher).toMatchObject({ takesText: true, asksBeforeBody: true })
  },
)
