import { expect, test } from 'vitest'

import { createHeaderPolicy } from '../../src/authenticator/index.ts'

test('a field of another system passes where the route says so, in every spelling, and no other does', () => {
  const policy = createHeaderPolicy({ passHeaders: ['X-Original-URL'] })
  expect(policy.drops('x-original-url')).toBe(false)
  expect(policy.drops('X-Rewrite-URL')).toBe(true)
  expect(policy.drops('Remote-User')).toBe(true)
})

test.each(['X-Onedata-Subject-Id', 'Authorization', 'X-Forwarded-For', 'Accept', ''])(
  '"%s" cannot be let through: it is held back for other reasons, or not at all',
  (name) => {
    expect(() => createHeaderPolicy({ passHeaders: [name] })).toThrow('passHeaders[0]')
  },
)

test.each(['Accept', 'X-Users-Guide', 'X-Hostess', 'User-Agent', 'X-Client-Version', 'Oidc'])(
  '%s is nobody’s word for identity, route or address',
  (name) => {
    expect(createHeaderPolicy().drops(name)).toBe(false)
  },
)
