import type { Command } from './command.ts'
import { UsageError } from './failure.ts'
import { namedTokenCommand } from './named-token-command.ts'

/** `onegate token rename` */
export const renameCommand: Command = namedTokenCommand({
  verb: 'rename',
  flags: { usage: '--to NAME', example: ' --to deploy' },
  about: 'Gives a named token another name. The token itself stays as it is.',
  options: { to: { value: 'NAME', help: 'The new name.' } },
  fact: 'name',
  read(args) {
    const name = args.text('to')
    if (name === undefined) throw new UsageError('--to NAME is missing')
    return async ({ client }, tokenId) => {
      await client.modifyNamedToken(tokenId, { name })
      return { words: `named token ${tokenId} is called ${name} now`, facts: { name } }
    }
  },
})
