import type { SubjectTokens, TokenOwner } from '../onezone/index.ts'
import { providerId, userId } from '../token/index.ts'
import type { Arguments, OptionSpecs } from './arguments.ts'
import { describeSubject } from './caveat-words.ts'
import { UsageError } from './failure.ts'
import type { OnezoneAccess } from './onezone-access.ts'

/** Flags of every command on the tokens of somebody. */
export const OWNER_OPTIONS: OptionSpecs = {
  user: { value: 'ID', help: 'The user whose tokens are meant (the caller).' },
  provider: { value: 'ID', help: 'The Oneprovider whose tokens are meant (the caller).' },
}

/**
 * Whose tokens the flags mean; undefined: the caller's.
 *
 * @throws {UsageError}
 */
export function readOwner(args: Arguments): TokenOwner | undefined {
  const user = args.text('user')
  const provider = args.text('provider')
  if (user !== undefined && provider !== undefined) {
    throw new UsageError('--user and --provider exclude each other')
  }
  try {
    if (user !== undefined) return { type: 'user', id: userId(user) }
    if (provider !== undefined) return { type: 'oneprovider', id: providerId(provider) }
  } catch (error) {
    // The value is not repeated: it may be a token in the wrong place.
    if (error instanceof TypeError) throw new UsageError(error.message)
    throw error
  }
  return undefined
}

/** The operations on the tokens of an owner. */
export function tokensOfOwner(access: OnezoneAccess, owner: TokenOwner | undefined): SubjectTokens {
  return access.client.tokensOf(owner ?? access.caller)
}

/** An owner in words: `user alice`, `the caller`. */
export function describeOwner(access: OnezoneAccess, owner: TokenOwner | undefined): string {
  const subject = owner ?? access.subject
  return subject === null ? 'the caller' : describeSubject(subject)
}
