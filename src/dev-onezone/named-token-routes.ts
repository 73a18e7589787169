import { Refusal, refusals } from './answers.ts'
import { objectBody } from './fields.ts'
import { modifyNamedToken } from './issuing.ts'
import { describeNamedToken } from './named-token-description.ts'
import type { TokenPermission } from './permissions.ts'
import { mayManageAllTokens, mayWithTokensOf } from './permissions.ts'
import type { NamedTokenRecord } from './records.ts'
import type { Route, RouteRow } from './route.ts'
import { API_PREFIX, routeOf } from './route.ts'

const NAMED = `${API_PREFIX}/tokens/named`

/** The stored named tokens, all of them and each by its id (Onezone API, §7.3). */
export const NAMED_TOKEN_ROUTES: readonly Route[] = [
  routeOf({
    operation: 'listAllNamedTokens',
    method: 'GET',
    path: NAMED,
    about: () => null,
    gri: () => ({ type: 'token', id: null, aspect: 'list' }),
    permits: (_, { state, caller }) => mayManageAllTokens(state, caller.subject),
    answer: (_, { state }) => ({
      status: 200,
      body: { tokens: state.namedTokens().map(({ id }) => id) },
    }),
  }),
  byId({
    operation: 'getNamedToken',
    method: 'GET',
    path: `${NAMED}/{id}`,
    scope: 'private',
    permission: 'manage',
    answer: (record, { state }) => describeNamedToken(state, record),
  }),
  byId({
    operation: 'getNamedTokenStatus',
    method: 'GET',
    path: `${NAMED}/{id}/status`,
    scope: 'shared',
    permission: 'observe',
    answer: ({ revoked }) => ({ status: 200, body: { revoked } }),
  }),
  byId({
    operation: 'modifyNamedToken',
    method: 'PATCH',
    path: `${NAMED}/{id}`,
    scope: 'private',
    permission: 'manage',
    answer: (record, { state, body }) => {
      const object = objectBody(body)
      if (object instanceof Refusal) return object
      return modifyNamedToken(state, record, object) ?? { status: 204 }
    },
  }),
  byId({
    operation: 'deleteNamedToken',
    method: 'DELETE',
    path: `${NAMED}/{id}`,
    scope: 'private',
    permission: 'manage',
    answer: ({ id }, { state }) => {
      state.dropNamedToken(id)
      return { status: 204 }
    },
  }),
]

interface ByIdRow extends Pick<
  RouteRow<NamedTokenRecord>,
  'operation' | 'method' | 'path' | 'answer'
> {
  readonly scope: 'private' | 'shared'
  readonly permission: TokenPermission
}

function byId({ scope, permission, ...row }: ByIdRow): Route {
  return routeOf<NamedTokenRecord>({
    ...row,
    about: ({ state, params }) => state.namedToken(params['id'] ?? '') ?? refusals.notFound(),
    gri: ({ id }) => ({ type: 'token', id, aspect: 'instance', scope }),
    permits: ({ subject }, { state, caller }) =>
      mayWithTokensOf(state, permission, caller.subject, subject),
  })
}
