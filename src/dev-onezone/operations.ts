/** Every operation of the REST API that is served, by the name under which it is counted and faulted. */
export const OPERATIONS = [
  'verifyAccessToken',
  'verifyIdentityToken',
  'verifyInviteToken',
  'examineToken',
  'confineToken',
  'inferAccessTokenScope',
  'createNamedToken',
  'listNamedTokens',
  'deleteNamedTokens',
  'getNamedTokenByName',
  'createTemporaryToken',
  'getTemporaryTokenGeneration',
  'revokeTemporaryTokens',
  'listAllNamedTokens',
  'getNamedToken',
  'getNamedTokenStatus',
  'modifyNamedToken',
  'deleteNamedToken',
  'getCurrentTime',
  'checkMyIp',
  'getHealth',
  'getConfiguration',
  'getNagios',
  'listPrivileges',
  'setUserAccessBlock',
] as const

/** The name of one operation of the REST API. */
export type Operation = (typeof OPERATIONS)[number]
