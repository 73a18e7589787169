import type { Subject } from '../token/index.ts'
import type { Terminal } from './terminal.ts'

/** What a running demo consists of: the line that `--json` prints. */
export interface DemoFacts {
  readonly gateway: string
  readonly admin: string
  readonly onezone: string
  readonly tokens: {
    readonly access: string
    readonly identity: string
    readonly invite: string
    readonly named: string
  }
  readonly subject: Subject
}

/** A shell, as far as variables are set in it. */
type Shell = 'sh' | 'fish' | 'powershell'

const ASSIGNMENTS: Readonly<Record<Shell, (name: string, value: string) => string>> = {
  sh: (name, value) => `${name}=${value}`,
  fish: (name, value) => `set ${name} ${value}`,
  powershell: (name, value) => `$${name} = '${value}'`,
}

const OTHERS: Readonly<Record<Shell, string>> = {
  sh: "The two lines are for sh, bash and zsh; fish wants: set TOKEN VALUE, PowerShell: $TOKEN = 'VALUE'",
  fish: "The two lines are for fish; sh wants: TOKEN=VALUE, PowerShell: $TOKEN = 'VALUE'",
  powershell: 'The two lines are for PowerShell; sh wants: TOKEN=VALUE, fish: set TOKEN VALUE',
}

/** What a person is told to paste into another shell, and what comes of it. */
export function demoGuide(
  facts: DemoFacts,
  { style, env = {} }: Pick<Terminal, 'style'> & Partial<Pick<Terminal, 'env'>>,
  traffic = false,
): string[] {
  const { gateway, admin, onezone, tokens, subject } = facts
  const shell = shellOf(env)
  const assign = ASSIGNMENTS[shell]
  const who = `${subject.type} ${subject.id}`
  const revoke = `${onezone}/api/v3/onezone/user/tokens/temporary`
  const step = (title: string, lines: readonly string[], prints: string): string[] => [
    style('bold', title),
    ...lines.map((line) => `  ${line}`),
    style('dim', `  prints: ${prints}`),
    '',
  ]
  const alive = traffic ? 'made-up users are at work' : 'with --traffic it has something to show'
  return [
    style('bold', 'onegate demo'),
    '',
    `  the page ${style('cyan', `${admin}/`)}: open it in a browser; ${alive}`,
    `  gateway  ${style('cyan', gateway)}, with an echo service behind it`,
    `  Onezone  ${style('cyan', onezone)}, embedded, for development only`,
    `  metrics  ${style('cyan', `${admin}/metrics`)}`,
    '',
    `Paste these into another shell. They are tokens of ${who}; the first is temporary:`,
    '',
    `  ${assign('TOKEN', tokens.access)}`,
    `  ${assign('NAMED', tokens.named)}`,
    style('dim', `  ${OTHERS[shell]}`),
    '',
    ...step(
      '1. A request that passes; the upstream learns who it is',
      [`curl -s ${gateway}/hello -H "X-Auth-Token: $TOKEN"`],
      `what the echo service got, with "x-onedata-subject-id":"${subject.id}" and without the token`,
    ),
    ...step(
      '2. A request that is refused, for want of a token',
      [`curl -si ${gateway}/hello`],
      'HTTP/1.1 401 Unauthorized, and a problem document with the code credentials_missing',
    ),
    ...step(
      '3. Revoke all temporary tokens of the user; within 10 seconds the first one is refused',
      [
        `curl -s -X DELETE ${revoke} -H "X-Auth-Token: $NAMED"`,
        `sleep 10; curl -si ${gateway}/hello -H "X-Auth-Token: $TOKEN"`,
      ],
      'nothing, then HTTP/1.1 401 Unauthorized with the code token_revoked',
    ),
    ...step(
      '4. What the gateway is up to, without a browser',
      [`npx onegate status --admin ${admin}`],
      'ready or why not, and how old the facts behind grants were',
    ),
    ...step(
      '5. What the gateway has counted',
      [`curl -s ${admin}/metrics | grep ^onegate_`],
      'lines such as onegate_requests_total{route="…",method="GET",status="200"} 1',
    ),
    style('dim', 'Ctrl-C ends the demo.'),
  ]
}

/** By what the shell says of itself; nothing here runs in it. */
function shellOf(env: Terminal['env']): Shell {
  if (env['SHELL']?.endsWith('/fish') === true) return 'fish'
  return env['SHELL'] === undefined && env['PSModulePath'] !== undefined ? 'powershell' : 'sh'
}
