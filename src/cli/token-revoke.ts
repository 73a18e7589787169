import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone } from './onezone-access.ts'
import { printable } from './terminal.ts'
import { CHOICE_OPTIONS, CHOICE_USAGE, idOf, readChoice } from './token-choice.ts'
import { TOKEN_ARGUMENT_REFUSAL } from './token-input.ts'

/** `onegate token revoke` */
export const revokeCommand: Command = toggle(
  'revoke',
  true,
  `Revokes a named token, and with it whatever was confined from it. "token restore" takes that back.`,
)

/** `onegate token restore` */
export const restoreCommand: Command = toggle(
  'restore',
  false,
  `Takes the revocation of a named token back: it is good again, and so is whatever was confined from it.`,
)

function toggle(verb: 'revoke' | 'restore', revoked: boolean, about: string): Command {
  const name = `token ${verb}`
  return {
    name,
    usage: [`${CHOICE_USAGE} [--json]`],
    about,
    refusal: TOKEN_ARGUMENT_REFUSAL,
    options: {
      ...ACCESS_OPTIONS,
      ...CHOICE_OPTIONS,
      json: { help: 'Print one line: {"tokenId","revoked"}.' },
    },
    exits: ACCESS_EXITS,
    examples: [
      `onegate ${name} --onezone-url https://onezone.example.org --auth-file me.token --name build`,
    ],

    async run(args, terminal) {
      return withOnezone(name, args, terminal, async (access) => {
        const choice = await readChoice(args, terminal)
        const tokenId = await idOf(access, choice)
        await access.client.modifyNamedToken(tokenId, { revoked })
        const words = `${revoked ? 'revoked' : 'restored'} named token ${tokenId}`
        terminal.print(args.has('json') ? JSON.stringify({ tokenId, revoked }) : printable(words))
        return EXIT.ok
      })
    },
  }
}
