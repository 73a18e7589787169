import { readFile } from 'node:fs/promises'
import { parseToken, type Token } from '../token/index.ts'
import type { Arguments, OptionSpec } from './arguments.ts'
import { CommandFailure, isSystemError } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Flag of every command that reads a token. */
export const TOKEN_FILE_OPTION: OptionSpec = {
  value: 'FILE',
  help: 'File with the token; without it, or with -, the token is read from standard input.',
}

/** What to say to somebody who gives the token as an argument. */
export const TOKEN_ARGUMENT_REFUSAL: string =
  'takes no token on the command line, where every user of this machine can see it and the shell remembers it; ' +
  'give it on standard input, or by --token-file FILE'

/**
 * Reads the token that a command is about, with white space around it or not.
 *
 * @throws {CommandFailure} where the file cannot be read.
 * @throws {TokenError} where it is no token.
 */
export async function readToken(args: Arguments, terminal: Terminal): Promise<Token> {
  return parseToken(await readTokenText(args, terminal))
}

/**
 * Reads the text of a token that may be no Onedata token.
 *
 * @throws {CommandFailure} where the file cannot be read.
 */
export async function readTokenText(args: Arguments, terminal: Terminal): Promise<string> {
  const file = args.text('token-file')
  const fromInput = file === undefined || file === '-'
  const bytes = fromInput ? await terminal.readAll() : await readSecretFile(file, 'token')
  const text = bytes.toString('utf8').trim()
  if (text === '') {
    throw new CommandFailure(`there is no token ${fromInput ? 'on standard input' : 'in the file'}`)
  }
  return text
}

/**
 * Reads a file with a secret in it.
 *
 * @param what What the file is called in messages, e.g. `token`.
 * @throws {CommandFailure} where it cannot be read.
 */
export async function readSecretFile(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    // The name is not repeated: it may be the secret itself.
    if (isSystemError(error))
      throw new CommandFailure(`cannot read the ${what} file: ${error.code}`)
    throw error
  }
}
