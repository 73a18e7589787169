import { checkOptions } from '../option-shape.ts'
import type { ProviderId, TokenId, UserId } from '../token/index.ts'
import type { CallOptions } from './api-call.ts'
import {
  NAMED_TOKEN,
  NAMED_TOKEN_REQUEST,
  readCreatedNamedToken,
  readTokenIds,
  TEMPORARY_TOKEN_REQUEST,
  type CreatedNamedToken,
  type CreateNamedTokenRequest,
  type CreateTemporaryTokenRequest,
  type NamedToken,
  type TokenOwner,
} from './named-token.ts'
import { idSegment, nameSegment, type Operation, type Perform } from './perform.ts'
import { readGeneration, readToken } from './wire.ts'

/**
 * The operations on the tokens of one subject (Onezone API, §7). Each exists four times: for a user and for a
 * Oneprovider by id, and for the caller as the one or the other.
 *
 * May be called by the subject itself; for a Oneprovider also by users with `cluster_update` in its cluster; and by
 * users with `oz_tokens_manage`. Reading a generation is allowed to more: to Oneproviders that support the user, and
 * to all effective members of the Oneprovider's cluster (Onezone API, §7.2). Everybody else gets 403 `forbidden`.
 */
export interface SubjectTokens {
  /**
   * Creates a token of which Onezone keeps a record (Onezone API, §7.4).
   *
   * @throws {OnezoneApiError} among others `badValueName`, `badValueIdentifierOccupied` (the name is taken),
   *   `badValueCaveat`, `badValueTokenType`, `tokenSubjectInvalid` (no such subject), `tokenServiceForbidden`,
   *   `inviteTokenSubjectNotAuthorized`, `inviteTokenTargetIdInvalid`
   */
  createNamedToken(
    request: CreateNamedTokenRequest,
    options?: CallOptions,
  ): Promise<CreatedNamedToken>
  /**
   * Creates a token of the current generation, of which Onezone keeps nothing (Onezone API, §7.5).
   *
   * @throws {OnezoneApiError} as `createNamedToken…`, and `tokenTimeCaveatRequired`, whose `details.maxTtl` is the
   *   longest life in seconds
   */
  createTemporaryToken(
    request: CreateTemporaryTokenRequest,
    options?: CallOptions,
  ): Promise<{ token: string }>
  /** Ids of all named tokens, in no order. There are no pages: see `maxAnswerBytes` (Onezone API, §7.3). */
  listNamedTokens(options?: CallOptions): Promise<{ tokens: readonly TokenId[] }>
  /** Deletes all named tokens for good, a Oneprovider's own `root token` too (Onezone API, §7.8). */
  deleteNamedTokens(options?: CallOptions): Promise<void>
  /**
   * The record of a named token, and the token itself (Onezone API, §7.7).
   *
   * @throws {OnezoneApiError} `notFound`
   */
  getNamedTokenByName(name: string, options?: CallOptions): Promise<NamedToken>
  /** The generation of the temporary tokens: older ones are revoked (Onezone API, §7.1). */
  getTemporaryTokenGeneration(options?: CallOptions): Promise<{ generation: number }>
  /** Begins a new generation: all temporary tokens that were ever created are dead for ever (Onezone API, §7.1). */
  revokeAllTemporaryTokens(options?: CallOptions): Promise<void>
}

/** How each operation is called for one subject, whose word stands in place of the star. */
const METHOD_NAMES = {
  createNamedToken: 'createNamedTokenFor*',
  createTemporaryToken: 'createTemporaryTokenFor*',
  listNamedTokens: 'listNamedTokensOf*',
  deleteNamedTokens: 'deleteNamedTokensOf*',
  getNamedTokenByName: 'getNamedTokenOf*ByName',
  getTemporaryTokenGeneration: 'getTemporaryTokenGenerationOf*',
  revokeAllTemporaryTokens: 'revokeAllTemporaryTokensOf*',
} as const

type NameFor<Pattern extends string, Word extends string> = Pattern extends `${infer A}*${infer B}`
  ? `${A}${Word}${B}`
  : never

/** {@link SubjectTokens} under the names that they have for one kind of subject, its id before all else. */
type TokensOf<Word extends string, Target extends readonly unknown[]> = {
  [K in keyof SubjectTokens as NameFor<(typeof METHOD_NAMES)[K], Word>]: (
    ...args: [...Target, ...Parameters<SubjectTokens[K]>]
  ) => ReturnType<SubjectTokens[K]>
}

/** The 28 operations on tokens of a subject, under the names of the API. */
export interface SubjectTokenApi
  extends
    TokensOf<'User', [id: UserId]>,
    TokensOf<'Provider', [id: ProviderId]>,
    TokensOf<'CurrentUser', []>,
    TokensOf<'CurrentProvider', []> {
  /**
   * The same operations for a subject that is known only when the program runs; `currentUser` and `currentProvider`
   * are the caller. Throws a `TypeError` for anything else.
   */
  tokensOf(subject: TokenOwner | 'currentUser' | 'currentProvider'): SubjectTokens
}

/** Per kind of subject: the word in names of methods, and the path of those that are named by an id. */
const BY_ID = { User: 'users', Provider: 'providers' } as const
const CURRENT = { CurrentUser: 'user', CurrentProvider: 'provider' } as const

/** Makes the {@link SubjectTokenApi}. */
export function createSubjectTokenApi(perform: Perform): SubjectTokenApi {
  const operations = Object.keys(METHOD_NAMES) as (keyof SubjectTokens)[]
  const methods: Record<string, unknown> = {}
  for (const operation of operations) {
    for (const [word, collection] of Object.entries(BY_ID)) {
      methods[nameOf(operation, word)] = async (id: string, ...args: unknown[]) => {
        const tokens = tokensAt(word, `/${collection}/${idSegment('id', id)}`, perform)
        return Reflect.apply(tokens[operation], tokens, args)
      }
    }
    for (const [word, path] of Object.entries(CURRENT)) {
      methods[nameOf(operation, word)] = tokensAt(word, `/${path}`, perform)[operation]
    }
  }
  // What the loops made has the names and parameters that the type computes from the same two tables.
  return { ...methods, tokensOf: (subject) => tokensOf(subject, perform) } as SubjectTokenApi
}

function tokensOf(
  subject: TokenOwner | 'currentUser' | 'currentProvider',
  perform: Perform,
): SubjectTokens {
  if (subject === 'currentUser') return tokensAt('CurrentUser', '/user', perform)
  if (subject === 'currentProvider') return tokensAt('CurrentProvider', '/provider', perform)
  const word = { user: 'User', oneprovider: 'Provider' }[subject?.type] as keyof typeof BY_ID
  if (word === undefined) throw new TypeError('"subject.type" must be "user" or "oneprovider".')
  return tokensAt(word, `/${BY_ID[word]}/${idSegment('subject.id', subject.id)}`, perform)
}

function nameOf(operation: keyof SubjectTokens, word: string): string {
  return METHOD_NAMES[operation].replace('*', word)
}

/** The operations on the tokens of the subject that is found at a path. */
function tokensAt(word: string, path: string, perform: Perform): SubjectTokens {
  const named = `${path}/tokens/named`
  const temporary = `${path}/tokens/temporary`
  const call = async <Result>(
    operation: keyof SubjectTokens,
    how: Omit<Operation<Result>, 'operation' | 'access'>,
    options: CallOptions | undefined,
  ): Promise<Result> =>
    perform({ operation: nameOf(operation, word), access: 'restricted', ...how }, options)
  const remove = async (
    operation: keyof SubjectTokens,
    what: string,
    options: CallOptions | undefined,
  ): Promise<void> => {
    await call(operation, { method: 'DELETE', path: what, success: 204, read: () => true }, options)
  }

  return {
    createNamedToken: async (request, options) => {
      checkOptions(nameOf('createNamedToken', word), request, NAMED_TOKEN_REQUEST)
      const read = readCreatedNamedToken
      const how = { method: 'POST', path: named, body: { ...request }, success: 201, read } as const
      return call('createNamedToken', how, options)
    },
    createTemporaryToken: async (request, options) => {
      checkOptions(nameOf('createTemporaryToken', word), request, TEMPORARY_TOKEN_REQUEST)
      const body = { ...request }
      const how = { method: 'POST', path: temporary, body, success: 201, read: readToken } as const
      return call('createTemporaryToken', how, options)
    },
    listNamedTokens: async (options) =>
      call('listNamedTokens', { method: 'GET', path: named, read: readTokenIds }, options),
    deleteNamedTokens: async (options) => remove('deleteNamedTokens', named, options),
    getNamedTokenByName: async (name, options) => {
      const byName = `${named}/name/${nameSegment(name)}`
      return call('getNamedTokenByName', { method: 'GET', path: byName, ...NAMED_TOKEN }, options)
    },
    getTemporaryTokenGeneration: async (options) => {
      const how = { method: 'GET', path: temporary, read: readGeneration } as const
      return call('getTemporaryTokenGeneration', how, options)
    },
    revokeAllTemporaryTokens: async (options) =>
      remove('revokeAllTemporaryTokens', temporary, options),
  }
}
