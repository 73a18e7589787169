import { expect, test } from 'vitest'

import { createGateway, explainRequest, loadConfig } from '../../src/gateway/index.ts'
import type { Logger } from '../../src/logger.ts'
import { silentLogger } from '../../src/logger.ts'
import { collectGarbage } from '../helpers/collect-garbage.ts'
import { eventually } from '../helpers/eventually.ts'

const config = await loadConfig({
  flags: {
    listen: '127.0.0.1:0',
    adminListen: '127.0.0.1:0',
    onezoneUrl: 'http://127.0.0.1:9',
    upstream: 'http://127.0.0.1:9',
  },
})

async function openAndClose(logger: Logger): Promise<void> {
  const gateway = await createGateway(config, { logger })
  await fetch(`${gateway.adminUrl}/metrics`)
  await gateway.close()
}

test.each<[string, (logger: Logger) => Promise<unknown>]>([
  ['a gateway that is closed', openAndClose],
  ['a request that is explained', (logger) => explainRequest(config, {}, { logger })],
])('%s leaves nothing in memory', async (_title, use) => {
  // Everything in a gateway leads to its logger.
  const useOnce = async (): Promise<WeakRef<Logger>> => {
    const logger = { ...silentLogger }
    await use(logger)
    return new WeakRef(logger)
  }
  const kept = await useOnce()
  await eventually(() => {
    collectGarbage()
    return kept.deref() === undefined
  })
  expect(kept.deref()).toBeUndefined()
})
