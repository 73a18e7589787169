import { TokenError } from '../errors.ts'
import { confineToken, examineToken } from '../token/index.ts'
import type { Answer } from './answers.ts'
import { Refusal, refusals } from './answers.ts'
import { caveatsField, objectBody, readFields, required, tokenField } from './fields.ts'
import { modifyNamedToken, refuseIssue } from './issuing.ts'
import type { ApiRequest, Route } from './route.ts'
import { API_PREFIX } from './route.ts'
import type { NamedTokenRecord } from './state.ts'

/** Examining and confining any token (Onezone API, §6), and everything about one named token by its id (§7). */
export const TOKEN_ROUTES: readonly Route[] = [
  {
    operation: 'examineToken',
    method: 'POST',
    path: `${API_PREFIX}/tokens/examine`,
    answer: ({ body }) => {
      const object = objectBody(body)
      const fields =
        object instanceof Refusal ? object : readFields(object, { token: required(tokenField) })
      if (fields instanceof Refusal) return fields
      return orInternalError(() => ({ status: 200, body: examineToken(fields.token) }))
    },
  },
  {
    operation: 'confineToken',
    method: 'POST',
    path: `${API_PREFIX}/tokens/confine`,
    answer: ({ state, body }) => {
      const object = objectBody(body)
      const readers = { caveats: required(caveatsField), token: required(tokenField) }
      const fields = object instanceof Refusal ? object : readFields(object, readers)
      if (fields instanceof Refusal) return fields
      const { caveats, token } = fields

      // The subject of a version 1 token is not looked up here, and the original stumbles over that (Onezone API, §6).
      if (token.version === 1) return refusals.internalServerError()
      const refusal = refuseIssue(state, token.subject, token.type, caveats)
      if (refusal !== null) return refusal
      return orInternalError(() => ({
        status: 200,
        body: { token: confineToken(token.serialized, caveats) },
      }))
    },
  },
  {
    operation: 'getNamedTokenStatus',
    method: 'GET',
    path: `${API_PREFIX}/tokens/named/{id}/status`,
    answer: forNamedToken((_, { revoked }) => ({ status: 200, body: { revoked } })),
  },
  {
    operation: 'modifyNamedToken',
    method: 'PATCH',
    path: `${API_PREFIX}/tokens/named/{id}`,
    answer: forNamedToken(({ state, body }, record) => {
      const object = objectBody(body)
      if (object instanceof Refusal) return object
      return modifyNamedToken(state, record, object) ?? { status: 204 }
    }),
  },
  {
    operation: 'deleteNamedToken',
    method: 'DELETE',
    path: `${API_PREFIX}/tokens/named/{id}`,
    answer: forNamedToken(({ state }, { id }) => {
      state.dropNamedToken(id)
      return { status: 204 }
    }),
  },
]

/** That there is no such token is said before anything else about the request (Onezone API, §7.3). */
function forNamedToken(
  answer: (request: ApiRequest, record: NamedTokenRecord) => Answer | Refusal,
): Route['answer'] {
  return (request) => {
    const record = request.state.namedToken(request.params['id'] ?? '')
    return record === undefined ? refusals.notFound() : answer(request, record)
  }
}

/** What cannot be written (unknown caveats, text that is no UTF-8, too long packets) fails in the original. */
function orInternalError(answer: () => Answer): Answer | Refusal {
  try {
    return answer()
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return refusals.internalServerError()
  }
}
