import type { Command } from './command.ts'
import { namedTokenCommand } from './named-token-command.ts'

/** `onegate token delete` */
export const deleteCommand: Command = namedTokenCommand({
  verb: 'delete',
  flags: { usage: '[--json]', example: '' },
  about: 'Deletes a named token for good, and with it whatever was confined from it.',
  fact: 'deleted',
  read: () => async (access, tokenId) => {
    await access.client.deleteNamedToken(tokenId)
    return { words: `deleted named token ${tokenId}`, facts: { deleted: true } }
  },
})
