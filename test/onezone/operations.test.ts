import { describe, expect, onTestFinished, test } from 'vitest'
import { createDevOnezone, type DevOnezone } from '../../src/dev-onezone/index.ts'
import {
  createOnezoneClient,
  type OnezoneCall,
  type OnezoneClient,
} from '../../src/onezone/index.ts'
import { parseToken, providerId, tokenId, userId } from '../../src/token/index.ts'
import { methodOf, TOKEN_API_OPERATIONS } from '../helpers/token-api-operations.ts'

const ALICE = userId('alice')
const KRAKOW = providerId('krakow')
const IN_AN_HOUR = { type: 'time', validUntil: Math.floor(Date.now() / 1000) + 3600 } as const

interface Rig {
  readonly onezone: DevOnezone
  /** The client as alice, who may manage all tokens, as krakow, or as nobody. */
  readonly alice: OnezoneClient
  readonly krakow: OnezoneClient
  readonly nobody: OnezoneClient
  /** What the clients did. */
  readonly calls: OnezoneCall[]
}

/** A Onezone with a user, who manages all tokens, and a Oneprovider that supports a space of hers. */
async function setUp(): Promise<Rig> {
  const onezone = await createDevOnezone({
    world: {
      users: { alice: { ozPrivileges: ['oz_tokens_manage'] } },
      providers: {
        krakow: {
          effectiveUsers: ['alice'],
          name: 'Krakow',
          domain: 'krakow.example',
          version: '21.02.8',
          online: true,
        },
      },
      spaces: {
        s1: {
          name: 'space one',
          privileges: { alice: ['space_add_user'] },
          effectiveUsers: ['alice'],
          storages: { st1: { provider: 'krakow', readonly: false } },
        },
      },
    },
  })
  const calls: OnezoneCall[] = []
  const clientOf = (token?: string) =>
    createOnezoneClient({
      url: onezone.url,
      onCall: (call) => calls.push(call),
      ...(token === undefined ? {} : { credentials: { token } }),
    })
  const credentialOf = (type: 'user' | 'oneprovider', id: string) =>
    onezone.createTemporaryToken({ subject: { type, id } })
  const clients = {
    alice: clientOf(credentialOf('user', ALICE)),
    krakow: clientOf(credentialOf('oneprovider', KRAKOW)),
    nobody: clientOf(),
  }
  onTestFinished(async () => {
    await Promise.all(Object.values(clients).map((client) => client.close()))
    await onezone.close()
  })
  return { onezone, ...clients, calls }
}

type RoundTrip = (rig: Rig) => Promise<void>

/** The round trips of one kind of subject: what it is called, who asks, and with which id first. */
function family(
  word: 'User' | 'Provider' | 'CurrentUser' | 'CurrentProvider',
): Record<string, RoundTrip> {
  const ofUser = word.endsWith('User')
  const owner = ofUser
    ? ({ type: 'user', id: ALICE } as const)
    : ({ type: 'oneprovider', id: KRAKOW } as const)
  const current = word.startsWith('Current')
  /** The methods under their own names: the accessor must be no way around them. */
  const call = async (rig: Rig, method: string, ...args: unknown[]): Promise<never> => {
    const client = ofUser ? rig.alice : rig.krakow
    const methods = client as unknown as Record<string, (...all: unknown[]) => Promise<never>>
    return methods[method]!(...(current ? [] : [owner.id]), ...args)
  }
  const named = (rig: Rig, name: string) => rig.onezone.createNamedToken({ subject: owner, name })

  return {
    [`createNamedTokenFor${word}`]: async (rig) => {
      const request = { name: 'my token', caveats: [IN_AN_HOUR], customMetadata: { a: [1] } }
      const created = await call(rig, `createNamedTokenFor${word}`, request)
      const { tokenId: id, token, location } = created as Record<string, string>
      expect(parseToken(token!)).toMatchObject({ id, subject: owner, persistence: 'named' })
      expect(location).toMatch(new RegExp(`^https://.*/api/v3/onezone/tokens/named/${id}$`))
      expect(await rig.alice.getNamedToken(tokenId(id!))).toMatchObject({
        id,
        name: 'my token',
        subject: owner,
        revoked: false,
        token,
        caveats: [IN_AN_HOUR],
        metadata: { custom: { a: [1] } },
      })
    },
    [`createTemporaryTokenFor${word}`]: async (rig) => {
      const request = { type: { identityToken: {} }, caveats: [IN_AN_HOUR] }
      const { token } = await call(rig, `createTemporaryTokenFor${word}`, request)
      expect(parseToken(token)).toMatchObject({ subject: owner, generation: 1, kind: 'identity' })
      const asked = { token, peerIp: null }
      expect(await rig.nobody.verifyIdentityToken(asked)).toMatchObject({ ok: true })
    },
    [`listNamedTokensOf${word}`]: async (rig) => {
      const ids = [named(rig, 'one').tokenId, named(rig, 'two').tokenId]
      const { tokens } = await call(rig, `listNamedTokensOf${word}`)
      expect((tokens as string[]).toSorted()).toEqual(ids.toSorted())
    },
    [`deleteNamedTokensOf${word}`]: async (rig) => {
      const ids = [named(rig, 'one').tokenId, named(rig, 'two').tokenId]
      expect(await call(rig, `deleteNamedTokensOf${word}`)).toBeUndefined()
      for (const id of ids) {
        await expect(rig.alice.getNamedToken(tokenId(id))).rejects.toMatchObject({ id: 'notFound' })
      }
    },
    [`getNamedTokenOf${word}ByName`]: async (rig) => {
      const { tokenId: id, token } = named(rig, 'Zażółć (1)')
      const record = await call(rig, `getNamedTokenOf${word}ByName`, 'Zażółć (1)')
      expect(record).toMatchObject({ id, name: 'Zażółć (1)', subject: owner, token })
      const missing = call(rig, `getNamedTokenOf${word}ByName`, 'another')
      await expect(missing).rejects.toMatchObject({ id: 'notFound' })
    },
    [`getTemporaryTokenGenerationOf${word}`]: async (rig) => {
      const method = `getTemporaryTokenGenerationOf${word}`
      expect(await call(rig, method)).toEqual({ generation: 1 })
    },
    [`revokeAllTemporaryTokensOf${word}`]: async (rig) => {
      const token = rig.onezone.createTemporaryToken({ subject: owner })
      expect(await call(rig, `revokeAllTemporaryTokensOf${word}`)).toBeUndefined()
      // The caller's own credential was one of them.
      expect(await rig.nobody.verifyAccessToken({ token, peerIp: null })).toMatchObject({
        error: { id: 'tokenRevoked' },
      })
      await expect(call(rig, `listNamedTokensOf${word}`)).rejects.toMatchObject({
        id: 'unauthorized',
        details: { authError: { id: 'tokenRevoked' } },
      })
    },
  }
}

const named = (rig: Rig, name: string) =>
  rig.onezone.createNamedToken({ subject: { type: 'user', id: ALICE }, name })

/** What each operation does at a real server, by the name of its method. */
const ROUND_TRIPS: Record<string, RoundTrip> = {
  ...family('User'),
  ...family('Provider'),
  ...family('CurrentUser'),
  ...family('CurrentProvider'),

  examineToken: async (rig) => {
    const { tokenId: id, token } = named(rig, 'one')
    expect(await rig.nobody.examineToken({ token })).toMatchObject({ id, persistence: 'named' })
  },
  confineToken: async (rig) => {
    const { token: original } = named(rig, 'one')
    const { token } = await rig.nobody.confineToken({ token: original, caveats: [IN_AN_HOUR] })
    expect(parseToken(token).caveats).toEqual([IN_AN_HOUR])
  },
  inferAccessTokenScope: async (rig) => {
    const { token } = named(rig, 'one')
    expect(await rig.nobody.inferAccessTokenScope({ token })).toEqual({
      validUntil: null,
      dataAccessScope: {
        readonly: false,
        spaces: { s1: { name: 'space one', supports: { krakow: { readonly: false } } } },
        providers: {
          krakow: {
            name: 'Krakow',
            domain: 'krakow.example',
            version: '21.02.8',
            online: true,
          },
        },
      },
    })
    const identity = rig.onezone.createNamedToken({
      subject: { type: 'user', id: ALICE },
      name: 'id',
      type: { identityToken: {} },
    })
    const refused = rig.nobody.inferAccessTokenScope({ token: identity.token })
    await expect(refused).rejects.toMatchObject({ status: 400, id: 'notAnAccessToken' })
  },
  verifyAccessToken: async (rig) => {
    const asked = { token: named(rig, 'one').token, peerIp: null }
    expect(await rig.nobody.verifyAccessToken(asked)).toEqual({
      ok: true,
      subject: { type: 'user', id: 'alice' },
      ttl: null,
    })
    // Credentials make the caller the consumer.
    const caveats = [{ type: 'consumer', whitelist: ['prv-krakow'] }] as const
    const confined = await rig.nobody.confineToken({ token: asked.token, caveats })
    const question = { ...asked, ...confined }
    const credentials = {
      token: rig.onezone.createTemporaryToken({ subject: { type: 'oneprovider', id: KRAKOW } }),
    }
    expect(await rig.krakow.verifyAccessToken(question)).toMatchObject({ ok: false })
    expect(await rig.nobody.verifyAccessToken(question, { credentials })).toMatchObject({
      ok: true,
    })
  },
  verifyIdentityToken: async (rig) => {
    const asked = { token: named(rig, 'one').token, peerIp: null }
    expect(await rig.nobody.verifyIdentityToken(asked)).toMatchObject({
      error: { id: 'notAnIdentityToken' },
    })
    const { token } = rig.onezone.createNamedToken({
      subject: { type: 'oneprovider', id: KRAKOW },
      name: 'id',
      type: { identityToken: {} },
    })
    expect(await rig.nobody.verifyIdentityToken({ token, peerIp: null })).toMatchObject({
      subject: { type: 'oneprovider', id: 'krakow' },
    })
  },
  verifyInviteToken: async (rig) => {
    const asked = { token: named(rig, 'one').token, peerIp: null }
    expect(await rig.nobody.verifyInviteToken(asked)).toMatchObject({
      error: { id: 'notAnInviteToken', details: { expectedInviteType: 'any' } },
    })
    const { token } = rig.onezone.createNamedToken({
      subject: { type: 'user', id: ALICE },
      name: 'come in',
      type: { inviteToken: { inviteType: 'userJoinSpace', spaceId: 's1' } },
    })
    const expected = { token, peerIp: null, expectedInviteType: 'userJoinSpace' } as const
    expect(await rig.nobody.verifyInviteToken(expected)).toMatchObject({ ok: true })
  },
  listAllNamedTokens: async (rig) => {
    const subject = { type: 'oneprovider', id: KRAKOW } as const
    const ids = [
      named(rig, 'one').tokenId,
      rig.onezone.createNamedToken({ subject, name: 'one' }).tokenId,
    ]
    const { tokens } = await rig.alice.listAllNamedTokens()
    expect(tokens.toSorted()).toEqual(ids.toSorted())
    await expect(rig.krakow.listAllNamedTokens()).rejects.toMatchObject({ id: 'forbidden' })
  },
  getNamedToken: async (rig) => {
    const { tokenId: id, token } = named(rig, 'one')
    const record = await rig.alice.getNamedToken(tokenId(id))
    expect(record).toMatchObject({ id, name: 'one', token, type: { accessToken: {} } })
    expect(Math.abs(record.metadata.creationTime - Date.now() / 1000)).toBeLessThan(600)
    await expect(rig.krakow.getNamedToken(tokenId(id))).rejects.toMatchObject({ id: 'forbidden' })
  },
  getNamedTokenStatus: async (rig) => {
    const id = tokenId(named(rig, 'one').tokenId)
    expect(await rig.krakow.getNamedTokenStatus(id)).toEqual({ revoked: false })
    rig.onezone.setNamedTokenRevoked(id, true)
    expect(await rig.krakow.getNamedTokenStatus(id)).toEqual({ revoked: true })
  },
  modifyNamedToken: async (rig) => {
    const id = tokenId(named(rig, 'one').tokenId)
    const change = { name: 'two', revoked: true, customMetadata: { b: null } }
    expect(await rig.alice.modifyNamedToken(id, change)).toBeUndefined()
    const { metadata, ...record } = await rig.alice.getNamedToken(id)
    expect(record).toMatchObject({ name: 'two', revoked: true })
    expect(metadata.custom).toEqual({ b: null })
    await expect(rig.alice.modifyNamedToken(id, {})).rejects.toMatchObject({
      id: 'missingAtLeastOneValue',
    })
  },
  deleteNamedToken: async (rig) => {
    const id = tokenId(named(rig, 'one').tokenId)
    expect(await rig.alice.deleteNamedToken(id)).toBeUndefined()
    await expect(rig.alice.getNamedTokenStatus(id)).rejects.toMatchObject({ id: 'notFound' })
  },
}

describe('every operation of the Token API', () => {
  test('is in the list once: 38 and the newer one', () => {
    expect(new Set(TOKEN_API_OPERATIONS.map(({ name }) => name)).size).toBe(39)
    expect(Object.keys(ROUND_TRIPS).toSorted()).toEqual(
      TOKEN_API_OPERATIONS.map(methodOf).toSorted(),
    )
  })

  test.each(TOKEN_API_OPERATIONS.map((operation) => [operation.name, operation] as const))(
    '%s has a method, a route, and a round trip between them',
    async (_, operation) => {
      const rig = await setUp()
      expect(rig.nobody).toHaveProperty(methodOf(operation), expect.any(Function))

      const path = operation.path.replaceAll(/\{\w+\}/g, 'x')
      const refused = await fetch(`${rig.onezone.url}/api/v3/onezone${path}`, { method: 'PUT' })
      expect(refused.status).toBe(405)
      expect(refused.headers.get('allow')?.split(', ')).toContain(operation.method)

      await ROUND_TRIPS[methodOf(operation)]!(rig)
      const done = rig.calls.filter(({ outcome }) => outcome === 'ok')
      expect(done.map(({ operation: called }) => called)).toContain(methodOf(operation))
    },
  )
})
