/** Every operation of the REST API that is served, by the name under which it is counted and faulted. */
export const OPERATIONS = [
  'verifyAccessToken',
  'verifyIdentityToken',
  'verifyInviteToken',
  'examineToken',
  'confineToken',
  'createNamedToken',
  'createTemporaryToken',
  'getTemporaryTokenGeneration',
  'revokeTemporaryTokens',
  'getNamedTokenStatus',
  'modifyNamedToken',
  'deleteNamedToken',
  'getCurrentTime',
  'getHealth',
  'getConfiguration',
] as const

/** The name of one operation of the REST API. */
export type Operation = (typeof OPERATIONS)[number]
