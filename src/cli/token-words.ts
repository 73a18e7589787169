import type { TokenType } from '../token/index.ts'

/** What a token is, in words: `access`, `invite (userJoinSpace, spaceId s1)`. */
export function describeType(type: TokenType): string {
  if ('inviteToken' in type) {
    const { inviteType, parameters: _, ...target } = type.inviteToken
    return `invite (${inviteType}, ${Object.entries(target).flat().join(' ')})`
  }
  if ('identityToken' in type) return 'identity'
  const { sessionId } = type.accessToken
  return sessionId === undefined ? 'access' : `access, only in session ${sessionId}`
}
