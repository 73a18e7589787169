import type { SubjectTokens } from '../onezone/index.ts'
import type { Command } from './command.ts'
import { readConsent, YES_OPTION } from './consent.ts'
import { EXIT } from './exit-codes.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone } from './onezone-access.ts'
import { printable } from './terminal.ts'
import { describeOwner, OWNER_OPTIONS, readOwner, tokensOfOwner } from './token-owner.ts'

/** A command that ends all tokens of one owner. */
interface EndAll {
  readonly name: string
  readonly about: string
  /** What is asked before; `owner` in words. */
  readonly question: (owner: string) => string
  /** What is said afterwards. */
  readonly done: (owner: string) => string
  /** What `--json` prints. */
  readonly json: object
  readonly end: (tokens: SubjectTokens) => Promise<void>
}

/** `onegate tokens delete-all` */
export const deleteAllCommand: Command = endAll({
  name: 'tokens delete-all',
  about: `Deletes all named tokens of a user or a Oneprovider for good, the root token of a Oneprovider too, and with
them whatever was confined from them. Temporary tokens stay.`,
  question: (owner) => `All named tokens of ${owner} will be gone for good.`,
  done: (owner) => `deleted all named tokens of ${owner}`,
  json: { deleted: true },
  end: (tokens) => tokens.deleteNamedTokens(),
})

/** `onegate tokens revoke-all` */
export const revokeAllCommand: Command = endAll({
  name: 'tokens revoke-all',
  about: `Revokes all temporary tokens of a user or a Oneprovider for ever, by beginning a new generation. Named tokens
stay; new temporary tokens can be created at once.`,
  question: (owner) => `All temporary tokens of ${owner} will be revoked for ever.`,
  done: (owner) => `revoked all temporary tokens of ${owner}`,
  json: { revoked: true },
  end: (tokens) => tokens.revokeAllTemporaryTokens(),
})

function endAll({ name, about, question, done, json, end }: EndAll): Command {
  return {
    name,
    usage: ['--onezone-url URL --auth-file FILE [--user ID | --provider ID] [--yes] [--json]'],
    about,
    options: {
      ...ACCESS_OPTIONS,
      ...OWNER_OPTIONS,
      yes: YES_OPTION,
      json: { help: `Print one line: ${JSON.stringify(json)}.` },
    },
    exits: ACCESS_EXITS,
    examples: [
      `onegate ${name} --onezone-url https://onezone.example.org --auth-file me.token --user ID`,
    ],

    async run(args, terminal) {
      const owner = readOwner(args)
      const consent = readConsent(args, terminal)
      return withOnezone(name, args, terminal, async (access) => {
        const words = printable(describeOwner(access, owner))
        await consent(question(words))
        await end(tokensOfOwner(access, owner))
        terminal.print(args.has('json') ? JSON.stringify(json) : done(words))
        return EXIT.ok
      })
    },
  }
}
