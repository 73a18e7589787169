import { onTestFinished } from 'vitest'

import type { DevTokenLookup, DevTokenLookupOptions } from '../../src/dev-token-lookup/index.ts'
import { createDevTokenLookup } from '../../src/dev-token-lookup/index.ts'

/** The stand-in for a token look-up API, until the test ends. */
export async function startTokenLookup(
  options: DevTokenLookupOptions = {},
): Promise<DevTokenLookup> {
  const server = await createDevTokenLookup(options)
  onTestFinished(() => server.close())
  return server
}
