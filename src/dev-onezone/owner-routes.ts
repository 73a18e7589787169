import { Refusal, refusals } from './answers.ts'
import { objectBody } from './fields.ts'
import type { Gri } from './gri.ts'
import { createNamedToken, createTemporaryToken } from './issuing.ts'
import { describeNamedToken } from './named-token-description.ts'
import type { TokenPermission } from './permissions.ts'
import { mayWithTokensOf } from './permissions.ts'
import type { ApiRequest, Route, RouteRow } from './route.ts'
import { API_PREFIX, routeOf } from './route.ts'

/** Whose tokens a path is about. */
interface Owner {
  readonly type: 'user' | 'oneprovider'
  readonly id: string
}

/** An operation on the tokens of an owner, wherever it is found. */
interface OwnerRow extends Pick<RouteRow<Owner>, 'operation' | 'method' | 'answer'> {
  /** Behind the path of the owner. */
  readonly path: string
  readonly gri: (kind: 'user' | 'provider', ownerId: string, request: ApiRequest) => Gri
  readonly permission: TokenPermission
}

/** Everything that there is to do with the tokens of one owner (Onezone API, §7.2, §7.3). */
const ROWS: readonly OwnerRow[] = [
  {
    operation: 'createNamedToken',
    method: 'POST',
    path: 'tokens/named',
    gri: (kind, qualifier) => token(`${kind}_named_token`, qualifier),
    permission: 'manage',
    answer: (subject, { state, body: raw }) => {
      const body = objectBody(raw)
      if (body instanceof Refusal) return body
      const created = createNamedToken({ state, subject, checksInvitations: true }, body)
      if (created instanceof Refusal) return created
      const location = `https://${state.onezoneDomain}${API_PREFIX}/tokens/named/${created.tokenId}`
      return { status: 201, body: created, headers: { Location: location } }
    },
  },
  {
    operation: 'listNamedTokens',
    method: 'GET',
    path: 'tokens/named',
    gri: (kind, qualifier) => token(`${kind}_named_tokens`, qualifier),
    permission: 'manage',
    answer: (owner, { state }) => {
      const tokens = state.namedTokensOf(owner).map(({ id }) => id)
      return { status: 200, body: { tokens } }
    },
  },
  {
    operation: 'deleteNamedTokens',
    method: 'DELETE',
    path: 'tokens/named',
    gri: (kind, qualifier) => token(`${kind}_named_tokens`, qualifier),
    permission: 'manage',
    answer: (owner, { state }) => {
      for (const { id } of state.namedTokensOf(owner)) state.dropNamedToken(id)
      return { status: 204 }
    },
  },
  {
    operation: 'getNamedTokenByName',
    method: 'GET',
    path: 'tokens/named/name/{name}',
    gri: (kind, qualifier, { params }) => ({
      ...token(`${kind}_named_token`, qualifier),
      id: params['name'] ?? '',
    }),
    permission: 'manage',
    // Who may not look does not learn which names there are: unlike ids, they are looked up last.
    answer: (owner, { state, params }) => {
      const found = state.namedTokensOf(owner).find(({ name }) => name === params['name'])
      return found === undefined ? refusals.notFound() : describeNamedToken(state, found)
    },
  },
  {
    operation: 'createTemporaryToken',
    method: 'POST',
    path: 'tokens/temporary',
    gri: (kind, qualifier) => token(`${kind}_temporary_token`, qualifier),
    permission: 'manage',
    answer: (subject, { state, body: raw }) => {
      const body = objectBody(raw)
      if (body instanceof Refusal) return body
      const created = createTemporaryToken({ state, subject, checksInvitations: true }, body)
      return created instanceof Refusal ? created : { status: 201, body: { token: created } }
    },
  },
  {
    operation: 'getTemporaryTokenGeneration',
    method: 'GET',
    path: 'tokens/temporary',
    gri: (kind, id) => ({ type: 'temporary_token_secret', id, aspect: kind, scope: 'shared' }),
    permission: 'observe',
    answer: (owner, { state }) => {
      const { generation } = state.temporarySecret(owner)
      return { status: 200, body: { generation } }
    },
  },
  {
    operation: 'revokeTemporaryTokens',
    method: 'DELETE',
    path: 'tokens/temporary',
    gri: (kind, qualifier) => token(`${kind}_temporary_tokens`, qualifier),
    permission: 'manage',
    answer: (owner, { state }) => {
      state.renewTemporarySecret(owner)
      return { status: 204 }
    },
  },
]

/** Each of them four times: for users and providers, by id and for the caller itself. */
export const OWNER_ROUTES: readonly Route[] = ROWS.flatMap((row) => [
  ...routesFor(row, 'user', 'user'),
  ...routesFor(row, 'provider', 'oneprovider'),
])

function routesFor(row: OwnerRow, kind: 'user' | 'provider', type: Owner['type']): Route[] {
  const { operation, method, answer, permission } = row
  const common: Omit<RouteRow<Owner>, 'path' | 'about'> = {
    operation,
    method,
    answer,
    gri: ({ id }, request) => row.gri(kind, id, request),
    permits: (owner, { state, caller }) =>
      mayWithTokensOf(state, permission, caller.subject, owner),
  }
  return [
    routeOf<Owner>({
      ...common,
      path: `${API_PREFIX}/${kind}s/{id}/${row.path}`,
      about: ({ params }) => ({ type, id: params['id'] ?? '' }),
    }),
    routeOf<Owner>({
      ...common,
      path: `${API_PREFIX}/${kind}/${row.path}`,
      // A user may stand here as a provider of its own id, which it is not: only those who may do everything get by.
      about: ({ caller: { subject } }) =>
        subject.id === null ? refusals.unauthorized() : { type, id: subject.id },
    }),
  ]
}

function token(aspect: string, qualifier: string): Gri {
  return { type: 'token', id: null, aspect, qualifier }
}
