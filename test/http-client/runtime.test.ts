import { expect, test } from 'vitest'

import { checkRuntime } from '../../src/http-client/server-dispatcher.ts'

// On Bun every good token was a 500: its undici has agents that cannot dispatch.
test('a runtime whose undici cannot send requests is refused at construction', () => {
  expect(() => checkRuntime({ node: '24.3.0', bun: '1.4.5' })).toThrow(/run on Node/)
  expect(() => checkRuntime()).not.toThrow()
})
