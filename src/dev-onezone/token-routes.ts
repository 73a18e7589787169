import { TokenError } from '../errors.ts'
import type { Token } from '../token/index.ts'
import { apiSpecFlaw, appendCaveats } from '../token/index.ts'
import type { Answer } from './answers.ts'
import { Refusal, refusals } from './answers.ts'
import type { ExactCaveat } from './exact-caveats.ts'
import { exactCaveatsOf, serializeExactCaveat } from './exact-caveats.ts'
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
      return fields instanceof Refusal ? fields : examine(fields.token)
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
      return refusal ?? confine(token, caveats)
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

/** The first caveat that means nothing decides how it fails: only malformed resource patterns are told. */
function examine(token: Token): Answer | Refusal {
  const caveats = exactCaveatsOf(token)
  const unknown = caveats.find((caveat) => caveat.type === 'unknown')
  if (unknown !== undefined) {
    return hasBadGri(unknown.text) ? refusals.badGRI() : refusals.internalServerError()
  }
  const { onezoneDomain, id, persistence, subject, type } = token
  return { status: 200, body: { onezoneDomain, id, persistence, subject, type, caveats } }
}

function hasBadGri(caveat: string): boolean {
  const [, entries] = /^api = (.+)$/s.exec(caveat) ?? []
  const flaws = entries?.split('|').map(apiSpecFlaw)
  return flaws?.find((flaw) => flaw !== null) === 'badGRI'
}

/** What cannot be written (a token without location or signature, too long a packet) makes the original stumble. */
function confine(token: Token, caveats: readonly ExactCaveat[]): Answer | Refusal {
  if (token.macaroon.location === null) return refusals.stumbled()
  try {
    const confined = appendCaveats(token.serialized, caveats.map(serializeExactCaveat))
    return { status: 200, body: { token: confined } }
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return refusals.stumbled()
  }
}
