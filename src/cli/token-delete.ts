import type { Command } from './command.ts'
import { YES_OPTION } from './consent.ts'
import { DELETE_ALL, endAll } from './end-all.ts'
import { namedTokenCommand } from './named-token-command.ts'
import { CHOICE_USAGE } from './token-choice.ts'

const one: Command = namedTokenCommand({
  verb: 'delete',
  flags: { usage: '[--json]', example: '' },
  about: `Deletes a named token for good, and with it whatever was confined from it. With --all it deletes all named
tokens of a user or a Oneprovider, the root token of a Oneprovider too; temporary tokens stay.`,
  options: {
    all: { help: 'All named tokens of the caller, of --user or of --provider.' },
    yes: YES_OPTION,
  },
  fact: 'deleted',
  read: () => async (access, tokenId) => {
    await access.client.deleteNamedToken(tokenId)
    return { words: `deleted named token ${tokenId}`, facts: { deleted: true } }
  },
})

/** `onegate token delete` */
export const deleteCommand: Command = {
  ...one,
  usage: [`${CHOICE_USAGE} [--json]`, '--all [--user ID | --provider ID] [--yes] [--json]'],
  examples: [...(one.examples ?? []), 'onegate token delete --all --user alice'],
  run: (args, terminal) =>
    args.has('all') ? endAll(DELETE_ALL, args, terminal) : one.run(args, terminal),
}
