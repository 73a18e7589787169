import type { SubjectTokens } from '../onezone/index.ts'
import type { Arguments } from './arguments.ts'
import { readConsent } from './consent.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import type { OnezoneAccess } from './onezone-access.ts'
import { withOnezone } from './onezone-access.ts'
import { startProgress } from './progress.ts'
import { printable, type Terminal } from './terminal.ts'
import { describeOwner, readOwner, tokensOfOwner } from './token-owner.ts'

/** What ends all tokens of one owner. */
export interface EndAll {
  /** The flag that says that all are meant. */
  readonly flag: string
  /** What will be lost, in words, as far as it can be known. */
  readonly loss: (tokens: SubjectTokens, owner: string) => Promise<string>
  /** What is done, in words. */
  readonly doing: string
  /** What is said afterwards. */
  readonly done: (owner: string) => string
  /** What `--json` prints. */
  readonly json: object
  readonly end: (tokens: SubjectTokens) => Promise<void>
}

/** Deletes all named tokens. */
export const DELETE_ALL: EndAll = {
  flag: 'all',
  async loss(tokens, owner) {
    const { length } = (await tokens.listNamedTokens()).tokens
    const what = `${length} named ${length === 1 ? 'token' : 'tokens'} of ${owner}`
    return `All ${what} will be gone for good, with whatever was confined from them`
  },
  doing: 'deleting all named tokens',
  done: (owner) => `deleted all named tokens of ${owner}`,
  json: { deleted: true },
  end: (tokens) => tokens.deleteNamedTokens(),
}

/** Revokes all temporary tokens. */
export const REVOKE_ALL_TEMPORARY: EndAll = {
  flag: 'all-temporary',
  async loss(tokens, owner) {
    const { generation } = await tokens.getTemporaryTokenGeneration()
    return `All temporary tokens of ${owner} will be revoked for ever, however many there are (generation ${generation})`
  },
  doing: 'revoking all temporary tokens',
  done: (owner) => `revoked all temporary tokens of ${owner}`,
  json: { revoked: true },
  end: (tokens) => tokens.revokeAllTemporaryTokens(),
}

/**
 * Ends all tokens of the owner that the flags name, after a yes.
 *
 * @throws {UsageError} where one token is named as well, or where there is nobody to ask.
 */
export async function endAll(what: EndAll, args: Arguments, terminal: Terminal): Promise<number> {
  const named = ['id', 'name', 'token-file'].find((name) => args.has(name))
  if (named !== undefined) throw new UsageError(`--${what.flag} and --${named} exclude each other`)
  const owner = readOwner(args)
  const consent = readConsent(args, terminal)
  return withOnezone(args, terminal, async (access: OnezoneAccess) => {
    const tokens = tokensOfOwner(access, owner)
    const words = printable(describeOwner(access, owner))
    // Whoever has said yes already is not kept waiting for a number.
    if (!args.has('yes')) {
      await consent(`${await what.loss(tokens, words)}, at ${printable(access.url)}.`)
    }
    const progress = startProgress(
      args.has('json') ? { report: () => {} } : terminal,
      what.doing,
      null,
    )
    await what.end(tokens).finally(() => progress.end())
    terminal.print(args.has('json') ? JSON.stringify(what.json) : what.done(words))
    return EXIT.ok
  })
}
