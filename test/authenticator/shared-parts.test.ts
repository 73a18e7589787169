import { expect, test } from 'vitest'

import type { RoutePolicy } from '../../src/index.ts'
import { createAuthenticator } from '../../src/index.ts'
import { withSharedParts } from '../../src/authenticator/shared-parts.ts'

const verifier = {
  verify: () => Promise.reject(new Error('asked')),
  close: () => Promise.resolve(),
}

test('routes that demand the same share what is made of it, and say their own ids', () => {
  const reserved = ['X-Own']
  const authenticator = createAuthenticator({ verifier })
  const one = authenticator.route(
    { id: 'one', token: 'access', headers: { subjectId: 'X-User' } },
    reserved,
  )
  const same = authenticator.route(
    { headers: { subjectId: 'X-User' }, token: 'access', id: 'same' },
    reserved,
  )
  const other = authenticator.route(
    { id: 'other', token: 'access', headers: { subjectId: 'X-Who' } },
    reserved,
  )
  expect(same.headers).toBe(one.headers)
  expect(other.headers).not.toBe(one.headers)
  expect([one, same, other].map(({ policy }) => policy.id)).toEqual(['one', 'same', 'other'])
})

test('what differs in anything but the id, or in what others reserve, is made apart', () => {
  const made: RoutePolicy[] = []
  const make = withSharedParts((policy) => {
    made.push(policy)
    return made.length
  })
  const reserved: string[] = []
  const policy: RoutePolicy = { id: 'a', token: 'access', subjects: { ids: ['ann'] } }
  expect(make(policy, reserved)).toBe(1)
  expect(make({ ...policy, id: 'b' }, reserved)).toBe(1)
  expect(make({ ...policy, subjects: { ids: ['bob'] } }, reserved)).toBe(2)
  expect(make({ id: 'c', token: 'access' }, reserved)).toBe(3)
  expect(make(policy, [])).toBe(4)
  expect(make({ id: 'd', token: 'access', interface: null }, reserved)).toBe(5)
  expect(make({ id: 'e', token: 'access', interface: Number.NaN as never }, reserved)).toBe(6)
})

test('a policy without an id of its own is refused although another like it was made', () => {
  const authenticator = createAuthenticator({ verifier })
  authenticator.route({ id: 'a', token: 'access' })
  for (const id of ['', 7, undefined]) {
    expect(() => authenticator.route({ id: id as never, token: 'access' })).toThrow('"id"')
  }
})

test('many different policies are not gathered', () => {
  let made = 0
  const make = withSharedParts(() => (made += 1))
  const reserved: string[] = []
  for (let at = 0; at < 100; at++) make({ id: 'a', token: 'access', realm: `r${at}` }, reserved)
  expect(make({ id: 'a', token: 'access', realm: 'r99' }, reserved)).toBe(100)
  expect(make({ id: 'a', token: 'access', realm: 'r0' }, reserved)).toBe(101)
})
