import type { Command } from './command.ts'
import { namedTokenCommand } from './named-token-command.ts'

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
  return namedTokenCommand({
    verb,
    flags: { usage: '[--json]', example: '' },
    about,
    fact: 'revoked',
    read: () => async (access, tokenId) => {
      await access.client.modifyNamedToken(tokenId, { revoked })
      const words = `${revoked ? 'revoked' : 'restored'} named token ${tokenId}`
      return { words, facts: { revoked } }
    },
  })
}
