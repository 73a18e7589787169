import type { NamedToken, TokenOwner } from '../onezone/index.ts'
import { appendCaveats, parseToken, tokenId, type Token, type TokenId } from '../token/index.ts'
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
export const CHOICE_USAGE = '(--id ID | --name NAME | --token-file FILE)'

/** The named token that is meant. */
export type TokenChoice =
  | { readonly by: 'id'; readonly id: TokenId }
  | { readonly by: 'name'; readonly name: string; readonly owner: TokenOwner | undefined }
  | { readonly by: 'token'; readonly id: TokenId; readonly token: Token }

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
  if (token.persistence === 'named') return { by: 'token', id: readId(token.id), token }
  throw new CommandFailure(
    'it is a temporary token, of which Onezone keeps no record; "onegate token revoke --all-temporary" revokes all of its owner',
  )
}

/**
 * The record of the token that is meant.
 *
 * @throws {CommandFailure} for a text that only claims to be that token: whoever wrote it would choose what happens.
 */
export async function recordOf(access: OnezoneAccess, choice: TokenChoice): Promise<NamedToken> {
  if (choice.by === 'name') {
    return tokensOfOwner(access, choice.owner).getNamedTokenByName(choice.name)
  }
  const record = await access.client.getNamedToken(choice.id)
  if (choice.by === 'token' && !isMadeFrom(record.token, choice.token)) {
    throw new CommandFailure(
      'the text is no token of this Onezone: its signature does not fit the named token whose id it bears; nothing was changed',
    )
  }
  return record
}

/** The id of the token that is meant; Onezone is asked for it where only it can know. */
export async function idOf(access: OnezoneAccess, choice: TokenChoice): Promise<TokenId> {
  return choice.by === 'id' ? choice.id : (await recordOf(access, choice)).id
}

/**
 * Whether a token is this original, or was confined from it. Its signature says so: whoever has the original can
 * compute it, so Onezone need not take the token, which may be revoked.
 */
function isMadeFrom(original: string, { macaroon, digest }: Token): boolean {
  const own = parseToken(original).macaroon.caveats.length
  const added = macaroon.caveats.slice(own)
  if (added.some(({ thirdParty }) => thirdParty !== null)) return false
  const texts = added.map(({ bytes }) => textOf(bytes))
  return parseToken(appendCaveats(original, texts)).digest === digest
}

/** Octets that are no UTF-8 become others, so that the signature does not fit: no real caveat has such. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
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
