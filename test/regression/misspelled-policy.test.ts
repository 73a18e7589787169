import { describe, expect, test } from 'vitest'

import type { RoutePolicy } from '../../src/authenticator/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import type { OnedataAuthOptions } from '../../src/index.ts'
import { onedataAuth } from '../../src/index.ts'

// A restriction that is misspelled must not become no restriction, for callers without types either.

const MISSPELLED: [policy: object, naming: string][] = [
  [{ caveats: { api: 'deny' } }, '"caveats.api"'],
  [{ caveats: { api: true } }, '"caveats.api"'],
  [{ caveats: { service: 'Refuse' } }, '"caveats.service"'],
  [{ caveats: { data: false } }, '"caveats.data"'],
  [{ caveats: { data: 'Delegate' } }, '"caveats.data"'],
  [{ caveats: { 'data.readonly': 'refuse' } }, '"caveats.data.readonly"'],
  [{ caveats: { toString: 'refuse' } }, '"caveats.toString"'],
  [{ subjects: { id: ['alice'] } }, '"subjects.id"'],
  [{ subjects: { types: 'user' } }, '"subjects.types"'],
  [{ subjects: { types: ['users'] } }, '"subjects.types"'],
  [{ subjects: { types: ['group'] } }, '"subjects.types"'],
  [{ subjects: { types: null } }, '"subjects.types"'],
  [{ subjects: { ids: 'alice' } }, '"subjects.ids"'],
  [{ subjects: { ids: [1] } }, '"subjects.ids"'],
  [{ subjects: ['alice'] }, '"subjects.0"'],
  [{ inviteType: 'joinGroup' }, '"inviteType"'],
  [{ inviteType: 'toString' }, '"inviteType"'],
  [{ inviteType: '' }, '"inviteType"'],
  [{ interface: 'REST' }, '"interface"'],
  [{ interface: '' }, '"interface"'],
  [{ realm: 'łódź' }, '"realm"'],
  [{ realm: 'a\r\nX-Injected: 1' }, '"realm"'],
  [{ realm: 'a\n' }, '"realm"'],
  [{ token: 'Access' }, '"token"'],
]

describe('a policy is refused at construction', () => {
  const authenticator = createAuthenticator({
    verifier: { verify: () => expect.unreachable(), close: () => Promise.resolve() },
  })

  test.each(MISSPELLED)('by the authenticator: %j', (policy, naming) => {
    const construct = () =>
      authenticator.route({ id: 'r', token: 'access', ...policy } as RoutePolicy)
    expect(construct).toThrow(TypeError)
    expect(construct).toThrow(naming)
  })

  test.each(MISSPELLED)('by the middleware: %j', (policy, naming) => {
    const options = { onezoneUrl: 'https://onezone.example.org', ...policy } as OnedataAuthOptions
    expect(() => onedataAuth(options)).toThrow(TypeError)
    expect(() => onedataAuth(options)).toThrow(naming)
  })

  test.each<[object, string]>([
    [{ onezoneUrl: 'https://onezone.example.org', token: 'none' }, '"token"'],
    [{ verification: {} }, '"verification"'],
    [{ verification: { verifier: {} } }, '"verification"'],
  ])('by the middleware, which alone has such options: %j', (options, naming) => {
    expect(() => onedataAuth(options as OnedataAuthOptions)).toThrow(TypeError)
    expect(() => onedataAuth(options as OnedataAuthOptions)).toThrow(naming)
  })

  test('but what is left open by undefined is not misspelled', () => {
    const open = {
      inviteType: undefined,
      subjects: { ids: undefined },
      caveats: { api: undefined },
    }
    expect(() => authenticator.route({ id: 'r', token: 'access', ...open })).not.toThrow()
  })
})
