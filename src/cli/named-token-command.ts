import type { TokenId } from '../token/index.ts'
import type { Arguments, OptionSpecs } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import type { OnezoneAccess } from './onezone-access.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone } from './onezone-access.ts'
import { printable } from './terminal.ts'
import { CHOICE_OPTIONS, CHOICE_USAGE, idOf, readChoice } from './token-choice.ts'
import { TOKEN_ARGUMENT_REFUSAL } from './token-input.ts'

/** What a change of a named token has come to. */
export interface NamedTokenChange {
  /** What is said of it. */
  readonly words: string
  /** What `--json` prints beside the id. */
  readonly facts: object
}

/** A command that changes one named token. */
export interface NamedTokenCommand {
  /** As it is called after `token`, e.g. `rename`. */
  readonly verb: string
  /** Flags that its usage and its example end with. */
  readonly flags: { readonly usage: string; readonly example: string }
  readonly about: string
  /** @default none beyond those of every such command */
  readonly options?: OptionSpecs
  /** Key that `--json` prints beside `tokenId`. */
  readonly fact: string
  /** Reads its own flags, before Onezone is asked, and returns what does the change. */
  readonly read: (
    args: Arguments,
  ) => (access: OnezoneAccess, tokenId: TokenId) => Promise<NamedTokenChange>
}

/** Makes a command that changes the named token that its flags choose. */
export function namedTokenCommand(command: NamedTokenCommand): Command {
  const { verb, flags, about, options = {}, fact, read } = command
  const name = `token ${verb}`
  return {
    name,
    usage: [`${CHOICE_USAGE} ${flags.usage}`],
    about,
    refusal: TOKEN_ARGUMENT_REFUSAL,
    options: {
      ...ACCESS_OPTIONS,
      ...CHOICE_OPTIONS,
      ...options,
      json: { help: `Print one line: {"tokenId","${fact}"}.` },
    },
    exits: ACCESS_EXITS,
    examples: [
      `onegate ${name} --onezone-url https://onezone.example.org --auth-file me.token --name build${flags.example}`,
    ],

    async run(args, terminal) {
      const change = read(args)
      return withOnezone(args, terminal, async (access) => {
        const tokenId = await idOf(access, await readChoice(args, terminal))
        const { words, facts } = await change(access, tokenId)
        terminal.print(args.has('json') ? JSON.stringify({ tokenId, ...facts }) : printable(words))
        return EXIT.ok
      })
    },
  }
}
