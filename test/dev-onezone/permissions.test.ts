import { describe, expect, test } from 'vitest'
import type { World } from '../../src/dev-onezone/index.ts'
import { accessToken, alice, bob, errorOf, krakow, P, start } from './start.ts'

const user = (id: string) => ({ type: 'user', id }) as const
const berlin = { type: 'oneprovider', id: 'berlin' } as const

const WORLD: World = {
  users: {
    alice: {},
    bob: {},
    member: {},
    updater: {},
    root: { ozPrivileges: ['oz_tokens_manage'] },
    // Called like a property of every object.
    constructor: {},
  },
  providers: {
    krakow: {
      effectiveUsers: ['alice'],
      clusterUsers: ['member', 'updater'],
      privileges: { updater: ['cluster_update'], member: ['cluster_view'] },
    },
    berlin: {},
  },
}

/** Who may do what (Onezone API, §7.2): 200 or 204 for those listed, 403 for all others, 401 for nobody. */
const CALLERS = ['alice', 'bob', 'member', 'updater', 'root', 'constructor'].map(user)
const EVERYBODY = [...CALLERS, krakow, berlin]
const MATRIX = [
  ['GET', 'users/alice/tokens/named', ['alice', 'root']],
  ['DELETE', 'users/alice/tokens/temporary', ['alice', 'root']],
  ['GET', 'users/alice/tokens/temporary', ['alice', 'root', 'krakow']],
  ['GET', 'providers/krakow/tokens/named', ['krakow', 'updater', 'root']],
  ['DELETE', 'providers/krakow/tokens/temporary', ['krakow', 'updater', 'root']],
  ['GET', 'providers/krakow/tokens/temporary', ['krakow', 'member', 'updater', 'root']],
  ['GET', 'tokens/named', ['root']],
  ['GET', 'tokens/named/{alice}', ['alice', 'root']],
  ['GET', 'tokens/named/{alice}/status', ['alice', 'root', 'krakow']],
  ['GET', 'tokens/named/{krakow}', ['krakow', 'updater', 'root']],
  ['GET', 'tokens/named/{krakow}/status', ['krakow', 'member', 'updater', 'root']],
] as const

describe('permissions', () => {
  test.each(MATRIX)('%s %s is for %j', async (method, path, allowed) => {
    const { onezone, send, sendAs } = await start({ world: WORLD })
    const ids = Object.fromEntries(
      [alice, krakow].map((subject) => [
        subject.id,
        onezone.createNamedToken({ subject, name: 'laptop', type: accessToken }).tokenId,
      ]),
    )
    const place = `${P}/${path.replace(/\{(\w+)\}/, (_, id: string) => ids[id] ?? '')}`

    expect(errorOf(await send(place, { method }))).toEqual({ id: 'unauthorized' })
    const admitted: string[] = []
    for (const caller of EVERYBODY) {
      const answer = await sendAs(caller)(place, { method })
      if (answer.status < 300) admitted.push(caller.id)
      else expect([answer.status, errorOf(answer)]).toEqual([403, { id: 'forbidden' }])
    }
    expect(admitted.toSorted()).toEqual([...allowed].toSorted())
  })

  test('to invite are asked of the subject over HTTP, and of nobody by the methods', async () => {
    const { onezone, sendAs } = await start({ world: { ...WORLD, spaces: { s: {} } } })
    const invite = (spaceId: string) =>
      ({ inviteToken: { inviteType: 'userJoinSpace', spaceId } }) as const
    const create = async (spaceId: string) =>
      errorOf(
        await sendAs(alice)(`${P}/user/tokens/named`, {
          body: { name: 'invitation', type: invite(spaceId) },
        }),
      )
    const unknown = { id: 'inviteTokenTargetIdInvalid', details: { id: 'nowhere' } }
    expect(await create('nowhere')).toEqual(unknown)
    expect(await create('s')).toEqual({ id: 'inviteTokenSubjectNotAuthorized' })
    onezone.patchWorld({ spaces: { s: { privileges: { alice: ['space_add_user'] } } } })
    expect(await create('s')).toBeUndefined()
    onezone.patchWorld({ spaces: { s: null } })
    expect(await create('s')).toEqual({ ...unknown, details: { id: 's' } })
    const type = invite('nowhere')
    expect(onezone.createNamedToken({ subject: bob, name: 'abc', type }).token).toMatch(/^MDA/)
    expect(onezone.createTemporaryToken({ subject: bob, type })).toMatch(/^MDA/)
  })
})
