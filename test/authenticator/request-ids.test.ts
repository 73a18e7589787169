import { expect, test } from 'vitest'

import { createRequestIds } from '../../src/authenticator/index.ts'

const from = (remoteAddress: string, ...rawHeaders: string[]) => ({
  rawHeaders,
  remoteAddress,
  secure: false,
})

test('each request has an id that no other has, whatever its client calls it', () => {
  const requestIdOf = createRequestIds()
  const ids = Array.from({ length: 1_000 }, () =>
    requestIdOf(from('192.0.2.1', 'X-Request-Id', 'mine')),
  )
  expect(new Set(ids).size).toBe(1_000)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/)
  expect(createRequestIds()(from('192.0.2.1'))).not.toBe(ids[0])
})

test('a trusted proxy names a request, and nobody else does', () => {
  const requestIdOf = createRequestIds(['10.0.0.0/8'])
  expect(requestIdOf(from('10.1.2.3', 'x-request-ID', 'abc-1.2'))).toBe('abc-1.2')
  expect(requestIdOf(from('192.0.2.1', 'X-Request-Id', 'abc-1.2'))).not.toBe('abc-1.2')
})

test.each([
  ['an empty one', ['']],
  ['one that is too long', ['a'.repeat(129)]],
  ['one that a log would have to escape', ['a"b']],
  ['one with a blank', ['a b']],
  ['one that is no ASCII', ['é']],
  ['two of them', ['a', 'b']],
])('a trusted proxy that sends %s gets a new one', (_what, values) => {
  const requestIdOf = createRequestIds(['10.0.0.1'])
  const fields = values.flatMap((value) => ['X-Request-Id', value])
  expect(requestIdOf(from('10.0.0.1', ...fields))).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/)
})
