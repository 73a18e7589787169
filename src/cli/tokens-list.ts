import type { NamedToken } from '../onezone/index.ts'
import { isOnezoneError } from '../onezone/index.ts'
import type { TokenId } from '../token/index.ts'
import { describeSubject } from './caveat-words.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { momentAndDistance } from './moment.ts'
import { withoutToken } from './named-token-words.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone, type OnezoneAccess } from './onezone-access.ts'
import { columns, printable, type Terminal } from './terminal.ts'
import { OWNER_OPTIONS, readOwner, tokensOfOwner } from './token-owner.ts'
import { describeType } from './token-words.ts'

/** Records that are asked for at the same time. */
const AT_ONCE = 8

/** `onegate tokens list` */
export const listCommand: Command = {
  name: 'tokens list',
  usage: ['--onezone-url URL --auth-file FILE [--user ID | --provider ID | --all] [FLAGS]'],
  about: `Lists named tokens by name; Onezone keeps no record of temporary ones. Onezone's list has ids only, so each
record is asked for: one call per token. The tokens themselves are not shown.`,
  options: {
    ...ACCESS_OPTIONS,
    ...OWNER_OPTIONS,
    all: { help: 'Those of all users and Oneproviders; needs oz_tokens_manage.' },
    ids: { help: 'Print ids only, one a line: a single call.' },
    json: { help: 'Print one line: {"tokens":[…]}, of records without tokens, or of ids.' },
  },
  exits: ACCESS_EXITS,
  examples: ['onegate tokens list --onezone-url https://onezone.example.org --auth-file me.token'],

  async run(args, terminal) {
    const owner = readOwner(args)
    const all = args.has('all')
    if (all && owner !== undefined) {
      throw new UsageError('--all and --user or --provider exclude each other')
    }
    return withOnezone('tokens list', args, terminal, async (access) => {
      const { tokens: ids } = all
        ? await access.client.listAllNamedTokens()
        : await tokensOfOwner(access, owner).listNamedTokens()
      if (args.has('ids')) {
        if (args.has('json')) terminal.print(JSON.stringify({ tokens: ids }))
        else for (const id of ids) terminal.print(printable(id))
        return EXIT.ok
      }
      const records = await readRecords(access, ids)
      if (args.has('json')) terminal.print(JSON.stringify({ tokens: records.map(withoutToken) }))
      else printTable(records, all, terminal)
      return EXIT.ok
    })
  },
}

/** The records of tokens in the order of their names, without those that are gone by now. */
async function readRecords(access: OnezoneAccess, ids: readonly TokenId[]): Promise<NamedToken[]> {
  const waiting = ids.values()
  const records: NamedToken[] = []
  const read = async (): Promise<void> => {
    for (const id of waiting) {
      try {
        records.push(await access.client.getNamedToken(id))
      } catch (error) {
        if (!isOnezoneError(error, 'notFound')) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, read))
  return records.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function printTable(records: readonly NamedToken[], all: boolean, terminal: Terminal): void {
  if (records.length === 0) {
    terminal.report('there are no named tokens')
    return
  }
  const nowMs = Date.now()
  const rows = records.map((record) => [
    record.name,
    ...(all ? [describeSubject(record.subject)] : []),
    describeType(record.type),
    record.revoked ? 'revoked' : 'good',
    endOf(record, nowMs),
    record.id,
  ])
  const header = ['name', ...(all ? ['subject'] : []), 'kind', 'state', 'expires', 'id']
  const [first = '', ...rest] = columns([header, ...rows.map((row) => row.map(printable))])
  terminal.print(terminal.style('bold', first))
  for (const line of rest) terminal.print(line)
}

function endOf({ caveats }: NamedToken, nowMs: number): string {
  const ends = caveats.flatMap((caveat) => (caveat.type === 'time' ? [caveat.validUntil] : []))
  return ends.length === 0 ? 'never' : momentAndDistance(Math.min(...ends), nowMs)
}
