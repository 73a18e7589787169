import { TokenError } from '../errors.ts'

/** The refusal of a string that is no token. It tells where reading stopped, never what was read. */
export function malformed(reason: string): TokenError {
  return new TokenError('ERR_TOKEN_MALFORMED', `The token could not be understood: ${reason}.`)
}
