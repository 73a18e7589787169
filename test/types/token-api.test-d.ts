import { describe, expectTypeOf, test } from 'vitest'
import type {
  CallOptions,
  CreatedNamedToken,
  CreateNamedTokenRequest,
  KnownOnezoneError,
  NamedToken,
  OnezoneClient,
} from '../../src/onezone/index.ts'
import { isOnezoneError } from '../../src/onezone/index.ts'
import type { KnownCaveat, ProviderId, TokenId, UserId } from '../../src/token/index.ts'

describe('the operations on the tokens of a subject', () => {
  test('take the id where the subject is named by one, and nothing where it is the caller', () => {
    expectTypeOf<OnezoneClient['createNamedTokenForUser']>().toEqualTypeOf<
      (
        id: UserId,
        request: CreateNamedTokenRequest,
        options?: CallOptions,
      ) => Promise<CreatedNamedToken>
    >()
    expectTypeOf<OnezoneClient['getNamedTokenOfCurrentProviderByName']>().toEqualTypeOf<
      (name: string, options?: CallOptions) => Promise<NamedToken>
    >()
    expectTypeOf<OnezoneClient['deleteNamedTokensOfProvider']>()
      .parameter(0)
      .toEqualTypeOf<ProviderId>()
  })

  test('never take the id of one thing for that of another, nor any string', () => {
    expectTypeOf<TokenId>().not.toExtend<UserId>()
    expectTypeOf<UserId>().not.toExtend<ProviderId>()
    expectTypeOf<string>().not.toExtend<TokenId>()
    expectTypeOf<TokenId>().toExtend<string>()
  })
})

describe('errors of Onezone', () => {
  test('are told apart by their id', () => {
    const error = {} as KnownOnezoneError
    if (error.id === 'tokenCaveatUnverified') {
      expectTypeOf(error.details.caveat).toEqualTypeOf<KnownCaveat>()
    }
    const thrown: unknown = error
    if (isOnezoneError(thrown, 'tokenTimeCaveatRequired')) {
      expectTypeOf(thrown.details.maxTtl).toEqualTypeOf<number>()
      expectTypeOf(thrown.status).toEqualTypeOf<number>()
    }
  })
})
