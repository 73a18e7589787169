import type { Subject } from '../token/index.ts'
import type { Answer } from './answers.ts'
import { Refusal, refusals } from './answers.ts'
import { objectBody } from './fields.ts'
import { createNamedToken, createTemporaryToken } from './issuing.ts'
import type { ApiRequest, Route } from './route.ts'
import { API_PREFIX } from './route.ts'

/** Whose tokens a path is about. */
type Owner = (request: ApiRequest) => Subject | Refusal

/** The same operations, four times: for users and providers, by id and for the caller (Onezone API, §7.3). */
const OWNERS: readonly (readonly [path: string, owner: Owner])[] = [
  ['users/{id}', ({ params }) => ({ type: 'user', id: params['id'] ?? '' })],
  ['providers/{id}', ({ params }) => ({ type: 'oneprovider', id: params['id'] ?? '' })],
  ['user', callerAs('user')],
  ['provider', callerAs('oneprovider')],
]

/** Creating tokens and everything about the temporary tokens of a subject. */
export const ISSUE_ROUTES: readonly Route[] = OWNERS.flatMap(([path, owner]) => {
  const tokens = `${API_PREFIX}/${path}/tokens`
  const routes: readonly Route[] = [
    {
      operation: 'createNamedToken',
      method: 'POST',
      path: `${tokens}/named`,
      answer: forOwner(owner, (request, subject) => {
        const body = objectBody(request.body)
        if (body instanceof Refusal) return body
        const created = createNamedToken(request.state, subject, body)
        if (created instanceof Refusal) return created
        const named = `https://${request.state.onezoneDomain}${API_PREFIX}/tokens/named`
        return { status: 201, body: created, headers: { Location: `${named}/${created.tokenId}` } }
      }),
    },
    {
      operation: 'createTemporaryToken',
      method: 'POST',
      path: `${tokens}/temporary`,
      answer: forOwner(owner, (request, subject) => {
        const body = objectBody(request.body)
        if (body instanceof Refusal) return body
        const token = createTemporaryToken(request.state, subject, body)
        return token instanceof Refusal ? token : { status: 201, body: { token } }
      }),
    },
    {
      operation: 'getTemporaryTokenGeneration',
      method: 'GET',
      path: `${tokens}/temporary`,
      answer: forOwner(owner, ({ state }, subject) => {
        const { generation } = state.temporarySecret(subject)
        return { status: 200, body: { generation } }
      }),
    },
    {
      operation: 'revokeTemporaryTokens',
      method: 'DELETE',
      path: `${tokens}/temporary`,
      answer: forOwner(owner, ({ state }, subject) => {
        state.renewTemporarySecret(subject)
        return { status: 204 }
      }),
    },
  ]
  return routes
})

function forOwner(
  owner: Owner,
  answer: (request: ApiRequest, subject: Subject) => Answer | Refusal,
): Route['answer'] {
  return (request) => {
    const subject = owner(request)
    return subject instanceof Refusal ? subject : answer(request, subject)
  }
}

function callerAs(type: 'user' | 'oneprovider'): Owner {
  return ({ caller: { subject } }) => {
    if (subject.type === 'nobody') return refusals.unauthorized()
    return subject.type === type ? subject : refusals.forbidden()
  }
}
