import { confineToken } from '../token/index.ts'
import { CAVEAT_OPTIONS, readCaveats } from './caveat-options.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { readToken, TOKEN_ARGUMENT_REFUSAL, TOKEN_FILE_OPTION } from './token-input.ts'

/** `onegate token confine` */
export const confineCommand: Command = {
  name: 'token confine',
  usage: ['[--token-file FILE] CAVEATS'],
  about: `Adds caveats to a token and prints the confined token. It needs no secret and nobody is asked; what a caveat
forbids stays forbidden for ever.`,
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    'token-file': TOKEN_FILE_OPTION,
    ...CAVEAT_OPTIONS,
  },
  exits: [[EXIT.failure, 'it is no token, or it would grow too large']],
  examples: [
    'onegate token confine --expires-in 1h --ip 10.0.0.0/8 < token.txt',
    "onegate token confine --caveat 'service = opw-*' --token-file token.txt",
  ],

  async run(args, terminal) {
    const caveats = readCaveats(args, Date.now())
    if (caveats.length === 0) throw new UsageError('there is no caveat to add; give at least one')
    const token = await readToken(args, terminal)
    terminal.print(confineToken(token.serialized, caveats))
    return EXIT.ok
  },
}
