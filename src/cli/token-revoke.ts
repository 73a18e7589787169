import type { OptionSpecs } from './arguments.ts'
import type { Command } from './command.ts'
import { YES_OPTION } from './consent.ts'
import { endAll, REVOKE_ALL_TEMPORARY } from './end-all.ts'
import { namedTokenCommand } from './named-token-command.ts'
import { CHOICE_USAGE } from './token-choice.ts'

const one: Command = toggle(
  'revoke',
  true,
  `Revokes a named token, and with it whatever was confined from it. "token restore" takes that back. With
--all-temporary it revokes all temporary tokens of a user or a Oneprovider for ever, by beginning a new generation;
named tokens stay, and new temporary ones can be created at once.`,
  {
    'all-temporary': {
      help: 'All temporary tokens of the caller, of --user or of --provider, for ever.',
    },
    yes: YES_OPTION,
  },
)

/** `onegate token revoke` */
export const revokeCommand: Command = {
  ...one,
  usage: [
    `${CHOICE_USAGE} [--json]`,
    '--all-temporary [--user ID | --provider ID] [--yes] [--json]',
  ],
  examples: [...(one.examples ?? []), 'onegate token revoke --all-temporary --user alice'],
  run: (args, terminal) =>
    args.has('all-temporary')
      ? endAll(REVOKE_ALL_TEMPORARY, args, terminal)
      : one.run(args, terminal),
}

/** `onegate token restore` */
export const restoreCommand: Command = toggle(
  'restore',
  false,
  `Takes the revocation of a named token back: it is good again, and so is whatever was confined from it.`,
)

function toggle(
  verb: 'revoke' | 'restore',
  revoked: boolean,
  about: string,
  options: OptionSpecs = {},
): Command {
  return namedTokenCommand({
    verb,
    flags: { usage: '[--json]', example: '' },
    about,
    options,
    fact: 'revoked',
    read: () => async (access, tokenId) => {
      await access.client.modifyNamedToken(tokenId, { revoked })
      const words = `${revoked ? 'revoked' : 'restored'} named token ${tokenId}`
      return { words, facts: { revoked } }
    },
  })
}
