import type { AccessTokenScope, DataAccessScope } from '../onezone/index.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { DRY_RUN_OPTION } from './dry-run.ts'
import { momentAndDistance } from './moment.ts'
import {
  ACCESS_EXITS,
  asNobody,
  ONEZONE_URL_OPTION,
  PROFILE_OPTION,
  readOnezoneUrl,
} from './onezone-access.ts'
import { fitted, printable, type Terminal } from './terminal.ts'
import { readToken, TOKEN_ARGUMENT_REFUSAL, TOKEN_FILE_OPTION } from './token-input.ts'

/** `onegate token scope` */
export const scopeCommand: Command = {
  name: 'token scope',
  usage: ['[--token-file FILE] [FLAGS]'],
  about: `Asks Onezone, anonymously, what data an access token opens: spaces, the Oneproviders that support them, and
until when. Caveats on service and interface count for nothing there.`,
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    'onezone-url': ONEZONE_URL_OPTION,
    profile: PROFILE_OPTION,
    'token-file': TOKEN_FILE_OPTION,
    'dry-run': DRY_RUN_OPTION,
    json: { help: 'Print one line: {"validUntil","dataAccessScope"}, as Onezone does.' },
  },
  exits: ACCESS_EXITS,
  examples: ['onegate token scope --onezone-url https://onezone.example.org < token.txt'],

  async run(args, terminal) {
    const url = await readOnezoneUrl(args, terminal)
    const { serialized: token, kind } = await readToken(args, terminal)
    if (kind !== 'access') throw new UsageError(`it is no access token, but an ${kind} token`)
    return asNobody(args, terminal, url, async (client) => {
      const scope = await client.inferAccessTokenScope({ token })
      if (args.has('json')) terminal.print(JSON.stringify(scope))
      else printScope(scope, terminal)
      return EXIT.ok
    })
  },
}

function printScope({ validUntil, dataAccessScope }: AccessTokenScope, terminal: Terminal): void {
  const end = validUntil === null ? 'without end' : momentAndDistance(validUntil, Date.now())
  terminal.print(`valid: ${end}`)
  if (dataAccessScope === null) {
    terminal.print('data: none: it speaks for a Oneprovider')
    return
  }
  const { readonly, spaces, providers } = dataAccessScope
  terminal.print(`data: ${readonly ? 'read only' : 'read and write'}`)
  printTable('spaces', spacesOf(spaces, providers), terminal)
  printTable('Oneproviders', providersOf(providers), terminal)
}

function spacesOf(
  spaces: DataAccessScope['spaces'],
  providers: DataAccessScope['providers'],
): string[][] {
  const rows = Object.entries(spaces).map(([id, { name, supports }]) => {
    const by = Object.entries(supports).map(([provider, support]) => {
      const known = Object.hasOwn(providers, provider) ? providers[provider]?.name : undefined
      return (known ?? provider) + (support.readonly ? ' (read only)' : '')
    })
    return [name, id, by.join(', ') || 'nobody']
  })
  return [['space', 'id', 'supported by'], ...rows.toSorted(byName)]
}

function providersOf(providers: DataAccessScope['providers']): string[][] {
  const rows = Object.entries(providers).map(([id, { name, domain, version, online }]) => [
    name,
    domain,
    version,
    online ? 'online' : 'offline',
    id,
  ])
  return [['Oneprovider', 'domain', 'version', 'state', 'id'], ...rows.toSorted(byName)]
}

function byName([a = '']: string[], [b = '']: string[]): number {
  return a < b ? -1 : Number(a > b)
}

function printTable(what: string, rows: string[][], terminal: Terminal): void {
  terminal.print('')
  if (rows.length === 1) return terminal.print(`${what}: none`)
  const [header = '', ...lines] = fitted(
    rows.map((row) => row.map(printable)),
    terminal.width,
  )
  terminal.print(terminal.style('bold', header))
  for (const line of lines) terminal.print(line)
}
