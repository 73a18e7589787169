import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { columns } from './terminal.ts'

/** What each command is for, in the order of the help. */
export const COMMAND_SUMMARIES: Readonly<Record<string, string>> = {
  demo: 'try it out: an embedded Onezone, an echo upstream and the gateway',
  serve: 'run the gateway',
  onezone: 'run the embedded development Onezone alone',
  'lookup-server': 'run a development stand-in for a token look-up API',
  check: 'validate a configuration: every problem at once, with line and column',
  echo: 'run a service that answers with what it was asked, to stand in for an API',
  probe: 'ask a front proxy what it must protect against, and say what is missing',
  status: 'say how a running gateway is',
  refusals: 'list what a running gateway refused of late, and go on listing',
  explain: 'ask a running gateway what it makes of a request with a token, and why',
  invalidate: 'have a running gateway ask Onezone anew',
  login: 'store a credential for the commands that act at a Onezone',
  'token inspect': 'show what a token says about itself, offline',
  'token link': 'link to a form that makes a token for a route',
  'token find': 'find tokens that lie in files',
  'token confine': 'add caveats to a token, offline',
  'token verify': 'ask Onezone whether a token is good',
  'token scope': 'ask Onezone what data an access token opens',
  'token explain': 'say what a gateway would make of a request with a token, and why',
  'token create': 'create a named or a temporary token at Onezone',
  'token list': 'list the named tokens of a user or a Oneprovider',
  'token get': 'show a named token, or print it',
  'token revoke': 'revoke a named token, which can be restored, or all temporary ones for ever',
  'token restore': 'take the revocation of a named token back',
  'token rename': 'give a named token another name',
  'token delete': 'delete a named token for good, or all of a user or a Oneprovider',
  'token generation': 'show the generation of the temporary tokens',
  completion: 'print what lets bash, zsh or fish complete commands and flags',
}

const EXIT_CODES: readonly (readonly [number, string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.failure, 'it could not be done; standard error says why'],
  [EXIT.usage, 'unknown command or flag, or a flag that makes no sense'],
  [EXIT.bug, 'a mistake in onegate itself; please report it'],
]

/** Help of `onegate` as a whole. */
export function overview(): string {
  return [
    'onegate: authentication gateway for Onedata tokens',
    '',
    'Usage: onegate COMMAND [FLAGS]',
    '',
    'Commands:',
    ...indent(columns(Object.entries(COMMAND_SUMMARIES))),
    '',
    'Flags:',
    ...indent(
      columns([
        [
          '--help',
          'this help; with a command, the help of that command, as "onegate help COMMAND"',
        ],
        ['--version', 'the version of onegate'],
      ]),
    ),
    '',
    ...exitCodes([[EXIT.config, 'the configuration was refused']]),
    '',
    'Data goes to standard output, diagnostics and logs to standard error.',
  ].join('\n')
}

/** Help of one command. */
export function helpOf(command: Command): string {
  const options = Object.entries(command.options).map(([name, { value, help, multiple }]) => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    multiple === true ? `${help} May be repeated.` : help,
  ])
  return [
    ...command.usage.map((usage, at) =>
      `${at === 0 ? 'Usage:' : '   or:'} onegate ${command.name} ${usage}`.trimEnd(),
    ),
    '',
    command.about,
    '',
    'Flags:',
    ...indent(columns([...options, ['--help', 'This help.']])),
    '',
    ...(command.examples === undefined ? [] : ['Examples:', ...indent(command.examples), '']),
    ...exitCodes(command.exits ?? []),
  ].join('\n')
}

function exitCodes(more: readonly (readonly [number, string])[]): string[] {
  const meanings = new Map([...EXIT_CODES, ...more])
  const rows = [...meanings].toSorted(([a], [b]) => a - b)
  return ['Exit codes:', ...indent(columns(rows.map(([code, text]) => [String(code), text])))]
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
