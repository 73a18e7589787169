import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone } from './onezone-access.ts'
import { printable } from './terminal.ts'
import { CHOICE_OPTIONS, CHOICE_USAGE, idOf, readChoice } from './token-choice.ts'
import { TOKEN_ARGUMENT_REFUSAL } from './token-input.ts'

/** `onegate token delete` */
export const deleteCommand: Command = {
  name: 'token delete',
  usage: [`${CHOICE_USAGE} [--json]`],
  about: 'Deletes a named token for good, and with it whatever was confined from it.',
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    ...ACCESS_OPTIONS,
    ...CHOICE_OPTIONS,
    json: { help: 'Print one line: {"tokenId","deleted"}.' },
  },
  exits: ACCESS_EXITS,
  examples: [
    'onegate token delete --onezone-url https://onezone.example.org --auth-file me.token --name build',
  ],

  async run(args, terminal) {
    return withOnezone('token delete', args, terminal, async (access) => {
      const choice = await readChoice(args, terminal)
      const tokenId = await idOf(access, choice)
      await access.client.deleteNamedToken(tokenId)
      const words = printable(`deleted named token ${tokenId}`)
      terminal.print(args.has('json') ? JSON.stringify({ tokenId, deleted: true }) : words)
      return EXIT.ok
    })
  },
}
