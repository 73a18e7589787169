import { TokenError } from '../errors.ts'
import { confineToken, examineToken } from '../token/index.ts'
import type { Answer } from './answers.ts'
import { Refusal, refusals } from './answers.ts'
import { caveatsField, objectBody, readFields, required, tokenField } from './fields.ts'
import { refuseIssue } from './issuing.ts'
import type { Route } from './route.ts'
import { API_PREFIX, publicRoute } from './route.ts'
import { answerScope } from './scope-inference.ts'

/** What anybody can have done with any token (Onezone API, §6). */
export const TOKEN_ROUTES: readonly Route[] = [
  publicRoute({
    operation: 'examineToken',
    method: 'POST',
    path: `${API_PREFIX}/tokens/examine`,
    gri: { type: 'token', id: null, aspect: 'examine', scope: 'public' },
    answer: ({ body }) => {
      const object = objectBody(body)
      const fields =
        object instanceof Refusal ? object : readFields(object, { token: required(tokenField) })
      if (fields instanceof Refusal) return fields
      return orInternalError(() => ({ status: 200, body: examineToken(fields.token) }))
    },
  }),
  publicRoute({
    operation: 'confineToken',
    method: 'POST',
    path: `${API_PREFIX}/tokens/confine`,
    gri: { type: 'token', id: null, aspect: 'confine', scope: 'public' },
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
  }),
  publicRoute({
    operation: 'inferAccessTokenScope',
    method: 'POST',
    path: `${API_PREFIX}/tokens/infer_access_token_scope`,
    gri: { type: 'token', id: null, aspect: 'infer_access_token_scope', scope: 'public' },
    answer: answerScope,
  }),
]

/** What cannot be written (unknown caveats, text that is no UTF-8, too long packets) fails in the original. */
function orInternalError(answer: () => Answer): Answer | Refusal {
  try {
    return answer()
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return refusals.internalServerError()
  }
}
