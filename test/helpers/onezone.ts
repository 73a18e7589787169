import { onTestFinished } from 'vitest'

import type { DevOnezone, DevOnezoneOptions } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'

/** The embedded Onezone with its users alice and bob, until the test ends. */
export async function startOnezone(options: DevOnezoneOptions = {}): Promise<DevOnezone> {
  const onezone = await createDevOnezone(options)
  onTestFinished(() => onezone.close())
  return onezone
}

export const ALICE = { type: 'user', id: 'alice' } as const
export const BOB = { type: 'user', id: 'bob' } as const
