import type { Arguments, OptionSpec } from './arguments.ts'
import { CommandFailure, UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Flag of every command that ends many tokens at once. */
export const YES_OPTION: OptionSpec = { help: 'Do not ask; needed where there is no terminal.' }

/** Asks for consent, or throws a `CommandFailure`. */
export type Consent = (what: string) => Promise<void>

/**
 * How to get the consent of whoever calls the command.
 *
 * @throws {UsageError} at once where nobody can be asked.
 */
export function readConsent(args: Arguments, terminal: Terminal): Consent {
  if (args.has('yes')) return async () => {}
  if (!terminal.answers) {
    throw new UsageError('there is no terminal to ask on; --yes says that it is meant')
  }
  return async (what) => {
    const answer = await terminal.ask(`${what}\nType yes to go on: `)
    if (answer.trim().toLowerCase() !== 'yes') {
      throw new CommandFailure('that was no yes: nothing was changed')
    }
  }
}
