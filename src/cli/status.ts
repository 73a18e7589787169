import type { State } from '../state/index.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { ADMIN_OPTIONS, runningGateway } from './running-gateway.ts'
import { columns, printable, type Terminal } from './terminal.ts'

const WORDS = {
  good: 'all is well',
  attention: 'needs attention',
  bad: 'in trouble',
  off: 'not in use',
} as const
const COLOURS = { good: 'green', attention: 'yellow', bad: 'red', off: 'dim' } as const

/** `onegate status` */
export const statusCommand: Command = {
  name: 'status',
  usage: ['[--admin URL] [--json]'],
  about: `Says how a running gateway is: what is wrong, if anything, what it has made of requests, and how old the
facts behind grants were against the bound. With workers it is their sum.`,
  options: {
    ...ADMIN_OPTIONS,
    json: { help: 'Print the whole state as one line of JSON, as GET /state has it.' },
  },
  exits: [
    [EXIT.ok, 'it runs; what needs attention is told'],
    [EXIT.failure, 'it is in trouble, or refused to say'],
    [EXIT.unknown, 'it cannot be reached, or gave no usable answer'],
  ],
  examples: ['onegate status', 'onegate status --admin http://127.0.0.1:9090 --json'],

  async run(args, terminal) {
    const gateway = await runningGateway(args, terminal)
    const state = (await gateway.get('/state')) as unknown as State
    if (args.has('json')) terminal.print(JSON.stringify(state))
    else for (const line of describeState(state, terminal)) terminal.print(line)
    return state.health === 'bad' ? EXIT.failure : EXIT.ok
  },
}

/** A state in lines for people. */
export function describeState(state: State, { style }: Pick<Terminal, 'style'>): string[] {
  const { verdicts, health, signs, routes, version, startedAt, at } = state
  const { greatestMs, boundMs } = verdicts.staleness
  const upSeconds = Math.round((Date.parse(at) - Date.parse(startedAt)) / 1000)
  const requests = routes.reduce((sum, route) => sum + route.requests, 0)
  const signRows = signs.map(({ name, health: one, says, detail }) => [
    one === 'good' || one === 'off' ? ' ' : one === 'bad' ? '✗' : '!',
    name,
    printable(says),
    printable(detail),
  ])
  const lines = columns(signRows)
  return [
    style(COLOURS[health], `onegate ${printable(version)}: ${WORDS[health]}`),
    ...lines.map((line, index) => {
      const one = signs[index]?.health ?? 'good'
      return one === 'good' ? line : style(COLOURS[one], line)
    }),
    '',
    ...columns([
      ['up', spanOf(upSeconds)],
      ['requests', `${requests}`],
      [
        'verdicts',
        `${verdicts.granted} granted, ${verdicts.refused} refused, ${verdicts.fault} faults`,
      ],
      [
        'staleness',
        `at most ${seconds(greatestMs)} of ${seconds(boundMs)} allowed, ${verdicts.violations} violations`,
      ],
      ['known', `${verdicts.known.grants} tokens, ${verdicts.known.families} families`],
      ['streams', `${verdicts.openStreams} open`],
    ]),
  ]
}

/** `4 d 2 h`, `3 h 20 min`, `12 min`, `40 s`. */
function spanOf(total: number): string {
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(total / unit))
  if (days) return `${days} d ${(hours ?? 0) % 24} h`
  if (hours) return `${hours} h ${(minutes ?? 0) % 60} min`
  return minutes ? `${minutes} min` : `${total} s`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
