import type { NamedToken } from '../onezone/index.ts'
import { kindOf, type TokenKind } from '../token/index.ts'
import type { Arguments } from './arguments.ts'
import { describeSubject } from './caveat-words.ts'
import type { Command } from './command.ts'
import { readDuration } from './duration.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { momentAndDistance } from './moment.ts'
import { endOf, readRecords, stateOf, type TokenState } from './named-token-records.ts'
import { withoutToken } from './named-token-words.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone } from './onezone-access.ts'
import { fitted, printable, type Terminal } from './terminal.ts'
import { OWNER_OPTIONS, readOwner, tokensOfOwner } from './token-owner.ts'
import { describeType } from './token-words.ts'
import { wordChoice } from './word-choice.ts'

const KINDS: readonly TokenKind[] = ['access', 'identity', 'invite']
const STATES: readonly TokenState[] = ['good', 'revoked', 'expired']

/** Flags that choose among the tokens. */
const FILTERS = ['name', 'kind', 'state', 'expiring-within', 'unlimited'] as const

/** `onegate token list` */
export const listCommand: Command = {
  name: 'token list',
  usage: ['[--user ID | --provider ID | --all] [FLAGS]'],
  about: `Lists named tokens by name; Onezone keeps no record of temporary ones. Onezone's list has ids only, so each
record is asked for: one call per token. The tokens themselves are not shown.`,
  options: {
    ...ACCESS_OPTIONS,
    ...OWNER_OPTIONS,
    all: { help: 'Those of all users and Oneproviders; needs oz_tokens_manage.' },
    name: { value: 'TEXT', help: 'Only those whose name has this in it, or fits it: build-*' },
    kind: { value: 'KIND', help: `Only those of a kind: ${KINDS.join(', ')}.` },
    state: { value: 'STATE', help: `Only those in a state: ${STATES.join(', ')}.` },
    'expiring-within': {
      value: 'TIME',
      help: 'Only good ones that end within that time, e.g. 7d.',
    },
    unlimited: { help: 'Only access tokens without an end that are not revoked.' },
    ids: { help: 'Print ids only, one a line: a single call where nothing is filtered.' },
    json: { help: 'Print one line: {"tokens":[…]}, of records without tokens, or of ids.' },
  },
  exits: ACCESS_EXITS,
  examples: [
    'onegate token list --onezone-url https://onezone.example.org --auth-file me.token',
    'onegate token list --state good --expiring-within 7d',
    'onegate token list --unlimited',
  ],

  async run(args, terminal) {
    const owner = readOwner(args)
    const all = args.has('all')
    if (all && owner !== undefined) {
      throw new UsageError('--all and --user or --provider exclude each other')
    }
    const nowMs = Date.now()
    const fits = readFilter(args, nowMs)
    return withOnezone(args, terminal, async (access) => {
      const { tokens: ids } = all
        ? await access.client.listAllNamedTokens()
        : await tokensOfOwner(access, owner).listNamedTokens()
      const needsRecords = !args.has('ids') || FILTERS.some((name) => args.has(name))
      const quiet = { report: () => {} }
      const records = needsRecords
        ? (await readRecords(access, ids, args.has('json') ? quiet : terminal)).filter(fits)
        : null
      if (args.has('ids')) {
        const chosen = records?.map(({ id }) => id) ?? ids
        if (args.has('json')) terminal.print(JSON.stringify({ tokens: chosen }))
        else for (const id of chosen) terminal.print(printable(id))
      } else if (args.has('json')) {
        terminal.print(JSON.stringify({ tokens: (records ?? []).map(withoutToken) }))
      } else {
        printTable(records ?? [], ids.length, all, terminal, nowMs)
      }
      return EXIT.ok
    })
  },
}

/** Which tokens are wanted. Throws a `UsageError`. */
function readFilter(args: Arguments, nowMs: number): (record: NamedToken) => boolean {
  const kind = wordChoice(args, 'kind', KINDS)
  const state = wordChoice(args, 'state', STATES)
  const name = args.text('name')
  const unlimited = args.has('unlimited')
  const pattern = name === undefined ? null : patternOf(name)
  const within = args.text('expiring-within')
  const untilMs =
    within === undefined ? null : nowMs + readDuration('expiring-within', within) * 1000
  return (record) => {
    if (kind !== undefined && kindOf(record.type) !== kind) return false
    if (state !== undefined && stateOf(record, nowMs) !== state) return false
    if (pattern !== null && !pattern.test(record.name)) return false
    if (unlimited && !isUnlimited(record)) return false
    if (untilMs === null) return true
    const end = endOf(record)
    return end !== null && end * 1000 <= untilMs && stateOf(record, nowMs) === 'good'
  }
}

/** Whether a token passes for ever, as far as it is up to time. */
function isUnlimited(record: NamedToken): boolean {
  return kindOf(record.type) === 'access' && endOf(record) === null && !record.revoked
}

/** With an asterisk it must fit as a whole. */
function patternOf(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return parts.length === 1
    ? new RegExp(parts[0] ?? '', 'iu')
    : new RegExp(`^${parts.join('.*')}$`, 'isu')
}

function printTable(
  records: readonly NamedToken[],
  found: number,
  all: boolean,
  terminal: Terminal,
  nowMs: number,
): void {
  if (records.length === 0) {
    terminal.report(
      found === 0 ? 'there are no named tokens' : `none of the ${found} named tokens is like that`,
    )
    return
  }
  const rows = records.map((record) => {
    const end = endOf(record)
    return [
      record.name,
      ...(all ? [describeSubject(record.subject)] : []),
      describeType(record.type),
      stateOf(record, nowMs),
      end === null ? 'never' : momentAndDistance(end, nowMs),
      record.id,
    ]
  })
  const header = ['name', ...(all ? ['subject'] : []), 'kind', 'state', 'expires', 'id']
  const [first = '', ...rest] = fitted(
    [header, ...rows.map((row) => row.map(printable))],
    terminal.width,
  )
  terminal.print(terminal.style('bold', first))
  for (const line of rest) terminal.print(line)
}
