import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone } from './onezone-access.ts'
import { printable } from './terminal.ts'
import { CHOICE_OPTIONS, CHOICE_USAGE, idOf, readChoice } from './token-choice.ts'
import { TOKEN_ARGUMENT_REFUSAL } from './token-input.ts'

/** `onegate token rename` */
export const renameCommand: Command = {
  name: 'token rename',
  usage: [`${CHOICE_USAGE} --to NAME`],
  about: 'Gives a named token another name. The token itself stays as it is.',
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    ...ACCESS_OPTIONS,
    ...CHOICE_OPTIONS,
    to: { value: 'NAME', help: 'The new name.' },
    json: { help: 'Print one line: {"tokenId","name"}.' },
  },
  exits: ACCESS_EXITS,
  examples: [
    'onegate token rename --onezone-url https://onezone.example.org --auth-file me.token --name build --to deploy',
  ],

  async run(args, terminal) {
    const name = args.text('to')
    if (name === undefined) throw new UsageError('--to NAME is missing')
    return withOnezone('token rename', args, terminal, async (access) => {
      const choice = await readChoice(args, terminal)
      const tokenId = await idOf(access, choice)
      await access.client.modifyNamedToken(tokenId, { name })
      const words = `named token ${tokenId} is called ${name} now`
      terminal.print(args.has('json') ? JSON.stringify({ tokenId, name }) : printable(words))
      return EXIT.ok
    })
  },
}
