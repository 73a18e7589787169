import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { readConsent, YES_OPTION } from './consent.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { ADMIN_EXITS, ADMIN_OPTIONS, runningGateway } from './running-gateway.ts'
import { printable } from './terminal.ts'

/** Flags that say what is meant: exactly one. */
const SELECTORS = {
  user: (id: string) => ({ subject: { type: 'user', id } }),
  provider: (id: string) => ({ subject: { type: 'oneprovider', id } }),
  'token-id': (tokenId: string) => ({ tokenId }),
  fingerprint: (fingerprint: string) => ({ fingerprint }),
  all: () => ({ all: true }),
} as const

/** `onegate invalidate` */
export const invalidateCommand: Command = {
  name: 'invalidate',
  usage: [
    '[--admin URL] (--user ID | --provider ID | --token-id ID | --fingerprint HEX | --all) [FLAGS]',
  ],
  about: `Makes a running gateway forget what it knows of tokens, so that Onezone is asked again before they pass. It
counts first what that would take back, and asks.`,
  options: {
    ...ADMIN_OPTIONS,
    user: { value: 'ID', help: 'All tokens of a user.' },
    provider: { value: 'ID', help: 'All tokens of a Oneprovider.' },
    'token-id': { value: 'ID', help: 'A named token, and what was confined from it.' },
    fingerprint: { value: 'HEX', help: 'One token, by its fingerprint.' },
    all: { help: 'Everything, as after a start.' },
    'dry-run': { help: 'Only count.' },
    yes: YES_OPTION,
    json: {
      help: 'Print one line: {"families","tokens","dryRun"}; with a store "told" and "peers", too.',
    },
  },
  exits: ADMIN_EXITS,
  examples: ['onegate invalidate --user alice --dry-run', 'onegate invalidate --user alice --yes'],

  async run(args, terminal) {
    const selector = readSelector(args)
    const dryRun = args.has('dry-run')
    const consent = dryRun ? null : readConsent(args, terminal)
    const gateway = await runningGateway(args, terminal)
    if (consent !== null && !args.has('yes')) {
      const counted = await gateway.post('/invalidate', { ...selector, dryRun: true })
      await consent(
        `${amount(counted)} will be asked about anew before they pass, at ${printable(gateway.url)}.`,
      )
    }
    const done = await gateway.post('/invalidate', { ...selector, dryRun })
    if (args.has('json')) terminal.print(JSON.stringify(done))
    else
      terminal.print(
        `${dryRun ? 'would invalidate' : 'invalidated'} ${amount(done)}${toldOf(done)}`,
      )
    return EXIT.ok
  },
}

function readSelector(args: Arguments): object {
  const given = Object.entries(SELECTORS).filter(([flag]) => args.has(flag))
  const [first] = given
  if (given.length !== 1 || first === undefined) {
    const flags = Object.keys(SELECTORS).map((flag) => `--${flag}`)
    throw new UsageError(`say what is meant, by one of ${flags.join(', ')}`)
  }
  const [flag, selectorOf] = first
  return selectorOf(args.text(flag) ?? '')
}

/** How many other gateways did the same, where they share a store. */
function toldOf({ told, peers }: Readonly<Record<string, unknown>>): string {
  if (told === undefined) return ''
  return `; ${Number(told)} of ${Number(peers)} other gateways did so, too`
}

function amount({ families, tokens }: Readonly<Record<string, unknown>>): string {
  const one = (count: unknown, singular: string, plural: string): string =>
    `${Number(count)} ${count === 1 ? singular : plural}`
  return `${one(families, 'family', 'families')} and ${one(tokens, 'token', 'tokens')}`
}
