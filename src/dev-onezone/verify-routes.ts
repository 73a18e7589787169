import type { OnedataInterface, Subject, Token } from '../token/index.ts'
import type { Answer } from './answers.ts'
import { Refusal } from './answers.ts'
import type { FieldReader } from './fields.ts'
import {
  booleanField,
  interfaceField,
  inviteTypeField,
  objectBody,
  optional,
  peerIpField,
  readFields,
  required,
  tokenField,
} from './fields.ts'
import type { ApiRequest, Route } from './route.ts'
import { API_PREFIX, publicRoute } from './route.ts'
import { ONEZONE_SERVICE } from './subject-standing.ts'
import type { CompanionContext, Verified } from './verification.ts'
import {
  verifyAccessToken,
  verifyConsumerToken,
  verifyIdentityToken,
  verifyInviteToken,
  verifyServiceToken,
} from './verification.ts'

// In each table the required field comes first, the optional ones in alphabetical order (Onezone API, §5.3 step 2).
const ACCESS_FIELDS = {
  token: required(tokenField),
  allowDataAccessCaveats: optional(booleanField, false),
  consumerToken: optional(tokenField, null),
  interface: optional(interfaceField, null),
  peerIp: optional(peerIpField, undefined),
  serviceToken: optional(tokenField, null),
}
const IDENTITY_FIELDS = {
  token: required(tokenField),
  consumerToken: optional(tokenField, null),
  interface: optional(interfaceField, null),
  peerIp: optional(peerIpField, undefined),
}
const INVITE_FIELDS = {
  token: required(tokenField),
  consumerToken: optional(tokenField, null),
  expectedInviteType: optional(inviteTypeField, 'any' as const),
  peerIp: optional(peerIpField, undefined),
}

/** The three verifications (Onezone API, §5). */
export const VERIFY_ROUTES: readonly Route[] = [
  publicRoute({
    operation: 'verifyAccessToken',
    method: 'POST',
    path: `${API_PREFIX}/tokens/verify_access_token`,
    gri: { type: 'token', id: null, aspect: 'verify_access_token', scope: 'public' },
    answer: (request) => {
      const fields = fieldsOf(request, ACCESS_FIELDS)
      if (fields instanceof Refusal) return fields
      const { token, allowDataAccessCaveats, serviceToken } = fields
      const seen = seenBy(request, fields)

      const service =
        serviceToken === null
          ? ONEZONE_SERVICE
          : verifyServiceToken(request.state, serviceToken, seen, 'body')
      if (service instanceof Refusal) return service
      const consumer = consumerOf(request, fields.consumerToken, seen)
      if (consumer instanceof Refusal) return consumer

      const context = {
        ...seen,
        service,
        consumer,
        allowDataAccessCaveats,
        session: 'any' as const,
      }
      return answerVerified(verifyAccessToken(request.state, token, context))
    },
  }),
  publicRoute({
    operation: 'verifyIdentityToken',
    method: 'POST',
    path: `${API_PREFIX}/tokens/verify_identity_token`,
    gri: { type: 'token', id: null, aspect: 'verify_identity_token', scope: 'public' },
    answer: (request) => {
      const fields = fieldsOf(request, IDENTITY_FIELDS)
      if (fields instanceof Refusal) return fields
      const seen = seenBy(request, fields)
      const consumer = consumerOf(request, fields.consumerToken, seen)
      if (consumer instanceof Refusal) return consumer
      const context = { ...seen, ...WITHOUT_SERVICE, consumer }
      return answerVerified(verifyIdentityToken(request.state, fields.token, context))
    },
  }),
  publicRoute({
    operation: 'verifyInviteToken',
    method: 'POST',
    path: `${API_PREFIX}/tokens/verify_invite_token`,
    gri: { type: 'token', id: null, aspect: 'verify_invite_token', scope: 'public' },
    answer: (request) => {
      const fields = fieldsOf(request, INVITE_FIELDS)
      if (fields instanceof Refusal) return fields
      const { token, expectedInviteType } = fields
      const seen = seenBy(request, { ...fields, interface: null })
      const consumer = consumerOf(request, fields.consumerToken, seen)
      if (consumer instanceof Refusal) return consumer
      const context = { ...seen, ...WITHOUT_SERVICE, consumer }
      return answerVerified(verifyInviteToken(request.state, token, expectedInviteType, context))
    },
  }),
]

const WITHOUT_SERVICE = {
  service: ONEZONE_SERVICE,
  allowDataAccessCaveats: false,
  session: 'any',
} as const

function fieldsOf<R extends Record<string, FieldReader<unknown>>>(request: ApiRequest, readers: R) {
  const body = objectBody(request.body)
  return body instanceof Refusal ? body : readFields(body, readers)
}

/** Without `peerIp` the caller's own address counts; `null` says that none is known. */
function seenBy(
  request: ApiRequest,
  fields: { peerIp: string | null | undefined; interface: OnedataInterface | null },
): CompanionContext {
  const peerIp = fields.peerIp === undefined ? request.peerIp : fields.peerIp
  return { peerIp, interface: fields.interface }
}

/** Without a consumer token the caller is the consumer. */
function consumerOf(
  request: ApiRequest,
  consumerToken: Token | null,
  seen: CompanionContext,
): Subject | Refusal {
  if (consumerToken === null) return request.caller.subject
  return verifyConsumerToken(request.state, consumerToken, seen)
}

function answerVerified(verified: Verified | Refusal): Answer | Refusal {
  return verified instanceof Refusal ? verified : { status: 200, body: verified }
}
