import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { describeNamedToken, withoutToken } from './named-token-words.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone } from './onezone-access.ts'
import { OUTPUT_OPTION, writeSecretFile } from './secret-file.ts'
import { columns, printable } from './terminal.ts'
import { CHOICE_OPTIONS, CHOICE_USAGE, readChoice, recordOf } from './token-choice.ts'
import { TOKEN_ARGUMENT_REFUSAL } from './token-input.ts'

/** `onegate token get` */
export const getCommand: Command = {
  name: 'token get',
  usage: [`${CHOICE_USAGE} [FLAGS]`],
  about: `Shows what Onezone keeps of a named token. The token itself is shown only where it is asked for.`,
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    ...ACCESS_OPTIONS,
    ...CHOICE_OPTIONS,
    reveal: { help: 'Print the token itself, alone; with --json beside all else.' },
    output: OUTPUT_OPTION,
    json: { help: 'Print the record as one line of JSON, without the token.' },
  },
  exits: ACCESS_EXITS,
  examples: [
    'onegate token get --onezone-url https://onezone.example.org --auth-file me.token --name build',
  ],

  async run(args, terminal) {
    const file = args.text('output')
    if (file !== undefined && args.has('reveal')) {
      throw new UsageError('--output and --reveal exclude each other')
    }
    return withOnezone(args, terminal, async (access) => {
      const choice = await readChoice(args, terminal)
      const get = () => recordOf(access, choice)
      const record =
        file === undefined ? await get() : await writeSecretFile(file, get, ({ token }) => token)
      if (args.has('json')) {
        terminal.print(JSON.stringify(args.has('reveal') ? record : withoutToken(record)))
      } else if (args.has('reveal')) terminal.print(printable(record.token))
      else {
        const rows = describeNamedToken(record, Date.now()).map((row) => row.map(printable))
        for (const line of columns(rows)) terminal.print(line)
      }
      return EXIT.ok
    })
  },
}
