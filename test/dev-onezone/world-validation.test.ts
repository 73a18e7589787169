import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { DEMO_WORLD, validateWorld } from '../../src/dev-onezone/index.ts'
import { VERIFICATION_WORLD } from './verification-vectors.ts'

const subject = { type: 'user', id: 'alice' }
const secret = 's3cret'

function problemsOf(world: unknown): string[] {
  try {
    validateWorld(world)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).problems.map(({ path }) => path)
  }
}

describe('a world', () => {
  test('may be empty, the demo, or that of the vectors', () => {
    expect(validateWorld({})).toEqual({})
    expect(validateWorld(DEMO_WORLD)).toEqual(DEMO_WORLD)
    expect(problemsOf(VERIFICATION_WORLD)).toEqual([])
  })

  test('is copied', () => {
    const sessions = ['s1']
    const world = validateWorld({ users: { alice: { sessions } } })
    sessions.push('s2')
    expect(world).toEqual({ users: { alice: { sessions: ['s1'] } } })
  })

  test('shows all its problems at once', () => {
    const world = {
      onezoneDomain: '',
      users: { 'a/b': {}, 'c d': { groups: 'x' }, alice: { sessions: ['s', 7] } },
      providers: { krakow: { users: [] } },
    }
    expect(problemsOf(world)).toEqual([
      'onezoneDomain',
      'users["a/b"]',
      'users["c d"].groups',
      'users.alice.sessions[1]',
      'providers.krakow.users',
    ])
  })

  test.each([
    [{ temporaryTokenSecrets: [{ subject, secret, generation: 0 }] }, '[0].generation'],
    [{ temporaryTokenSecrets: [{ subject, generation: 1 }] }, '[0].secret'],
    [
      { temporaryTokenSecrets: [{ subject: { type: 'group', id: 'g' }, secret, generation: 1 }] },
      '[0].subject.type',
    ],
    [{ users: { a: { ozPrivileges: ['x', 1] } } }, '.a.ozPrivileges[1]'],
    [{ users: { a: { basicAuthEnabled: 1 } } }, '.a.basicAuthEnabled'],
    [{ onezone: { privileges: { a: 'cluster_view' } } }, '.privileges.a'],
    [{ providers: { p: { online: 'yes' } } }, '.p.online'],
    [{ groups: { g: { name: 'g' } } }, '.g.name'],
    [{ spaces: { s: { storages: { st: {} } } } }, '.s.storages.st.provider'],
    [{ namedTokens: [{ id: 'x', name: 'n', subject, secret, usageLimit: 0 }] }, '[0].usageLimit'],
    [{ namedTokens: [{ id: 'a/b', name: 'n', subject, secret }] }, '[0].id'],
    [{ namedTokens: [{ id: 'x', name: 'n', subject, secret, type: 'act' }] }, '[0].type'],
    [{ namedTokens: [{ id: 'x', name: 'n', subject, secret, version: 3 }] }, '[0].version'],
    [{ namedTokens: [{ id: 'x', name: 'n', subject, secret, caveats: [{}] }] }, '[0].caveats[0]'],
    [
      {
        namedTokens: [
          { id: 'x', name: 'n', subject, secret },
          { id: 'x', name: 'm', subject, secret },
        ],
      },
      '[1].id',
    ],
    [{ geo: [{ cidr: '1.2.3.4', asn: null, country: null, regions: null }] }, '[0].cidr'],
    [{ geo: [{ cidr: '1.2.3.0/33', asn: null, country: null, regions: null }] }, '[0].cidr'],
    [{ geo: [{ cidr: '1.2.3.0/24', asn: 'x', country: null, regions: null }] }, '[0].asn'],
  ])('with a wrong entry is refused: %j', (world, path) => {
    expect(problemsOf(world)).toEqual([Object.keys(world)[0] + path])
  })

  test('no problem repeats a secret or a token', () => {
    const token = `MDA${'x'.repeat(40)}`
    const world = { namedTokens: [{ id: 'x', name: 'n', subject, secret: [token], type: token }] }
    expect(() => validateWorld(world)).toThrow(expect.not.stringContaining(token) as Error)
  })
})
