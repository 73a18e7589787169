import type { NamedToken, TokenOwner } from '../onezone/index.ts'
import { tokenId, type TokenId } from '../token/index.ts'
import type { Arguments, OptionSpecs } from './arguments.ts'
import { CommandFailure, UsageError } from './failure.ts'
import type { OnezoneAccess } from './onezone-access.ts'
import type { Terminal } from './terminal.ts'
import { readToken } from './token-input.ts'
import { OWNER_OPTIONS, readOwner, tokensOfOwner } from './token-owner.ts'

/** Flags of every command on one named token. */
export const CHOICE_OPTIONS: OptionSpecs = {
  id: { value: 'ID', help: 'Id of the token.' },
  name: { value: 'NAME', help: 'Name of the token among those of its owner.' },
  'token-file': { value: 'FILE', help: 'File with the token itself, or - for standard input.' },
  ...OWNER_OPTIONS,
}

/** How these commands are called. */
export const CHOICE_USAGE =
  '--onezone-url URL --auth-file FILE (--id ID | --name NAME | --token-file FILE)'

/** The named token that is meant. */
export type TokenChoice =
  | { readonly by: 'id'; readonly id: TokenId }
  | { readonly by: 'name'; readonly name: string; readonly owner: TokenOwner | undefined }

/**
 * Which named token the flags mean.
 *
 * @throws {UsageError} unless exactly one of the three ways to say it is used.
 * @throws {CommandFailure} where a file holds a temporary token: those are not known one by one.
 */
export async function readChoice(args: Arguments, terminal: Terminal): Promise<TokenChoice> {
  const given = ['id', 'name', 'token-file'].filter((name) => args.has(name))
  if (given.length !== 1) {
    throw new UsageError('say which token is meant: by one of --id, --name and --token-file')
  }
  const owner = readOwner(args)
  const name = args.text('name')
  if (name !== undefined) return { by: 'name', name, owner }
  if (owner !== undefined) throw new UsageError('--user and --provider go with --name')
  const id = args.text('id')
  if (id !== undefined) return { by: 'id', id: readId(id) }

  const token = await readToken(args, terminal)
  if (token.persistence === 'named') return { by: 'id', id: readId(token.id) }
  throw new CommandFailure(
    'it is a temporary token, of which Onezone keeps no record; "onegate tokens revoke-all" revokes all of its owner',
  )
}

/** The record of the token that is meant. */
export function recordOf(access: OnezoneAccess, choice: TokenChoice): Promise<NamedToken> {
  return choice.by === 'id'
    ? access.client.getNamedToken(choice.id)
    : tokensOfOwner(access, choice.owner).getNamedTokenByName(choice.name)
}

/** The id of the token that is meant; Onezone is asked for it only where a name was given. */
export async function idOf(access: OnezoneAccess, choice: TokenChoice): Promise<TokenId> {
  return choice.by === 'id' ? choice.id : (await recordOf(access, choice)).id
}

function readId(text: string): TokenId {
  try {
    return tokenId(text)
  } catch (error) {
    // Not repeated: it may be a token in the wrong place.
    if (error instanceof TypeError) throw new UsageError(error.message)
    throw error
  }
}
