import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone } from './onezone-access.ts'
import { printable } from './terminal.ts'
import { describeOwner, OWNER_OPTIONS, readOwner, tokensOfOwner } from './token-owner.ts'

/** `onegate token generation` */
export const generationCommand: Command = {
  name: 'token generation',
  usage: ['[--user ID | --provider ID] [--json]'],
  about: `Shows the generation of the temporary tokens of a user or a Oneprovider: those of older generations are
revoked. "token inspect" shows that of a token.`,
  options: {
    ...ACCESS_OPTIONS,
    ...OWNER_OPTIONS,
    json: { help: 'Print one line: {"generation"}.' },
  },
  exits: ACCESS_EXITS,
  examples: [
    'onegate token generation --onezone-url https://onezone.example.org --auth-file me.token',
  ],

  async run(args, terminal) {
    const owner = readOwner(args)
    return withOnezone(args, terminal, async (access) => {
      const { generation } = await tokensOfOwner(access, owner).getTemporaryTokenGeneration()
      const words = `temporary tokens of ${describeOwner(access, owner)}: generation ${generation}`
      terminal.print(args.has('json') ? JSON.stringify({ generation }) : printable(words))
      return EXIT.ok
    })
  },
}
