import type { Dispatcher } from 'undici'

import { expect, test } from 'vitest'

import { withDispatch } from '../../src/http-client/server-dispatcher.ts'

// On Bun every good token was a 500: its undici has agents that cannot dispatch.
test('a runtime whose undici cannot send requests is refused at construction', () => {
  expect(() => withDispatch({} as Dispatcher)).toThrow(/run on Node/)
  const dispatcher = { dispatch: () => true } as unknown as Dispatcher
  expect(withDispatch(dispatcher)).toBe(dispatcher)
})
