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

/** What a person is told to paste into another shell. */
export function demoGuide(facts: DemoFacts, terminal: Pick<Terminal, 'style'>): string[] {
  const { gateway, admin, onezone, tokens, subject } = facts
  const revoke = `${onezone}/api/v3/onezone/user/tokens/temporary`
  return [
    terminal.style('bold', 'onegate demo'),
    '',
    `  gateway  ${terminal.style('cyan', gateway)}, with an echo service behind it`,
    `  Onezone  ${terminal.style('cyan', onezone)}, embedded, for development only`,
    `  metrics  ${terminal.style('cyan', `${admin}/metrics`)}`,
    '',
    `Paste these into another shell. They are tokens of ${subject.type} ${subject.id}; the first is temporary:`,
    '',
    `  TOKEN=${tokens.access}`,
    `  NAMED=${tokens.named}`,
    '',
    terminal.style('bold', '1. A request that passes; the upstream learns who it is'),
    `  curl -s ${gateway}/hello -H "X-Auth-Token: $TOKEN"`,
    '',
    terminal.style('bold', '2. A request that is refused, for want of a token'),
    `  curl -si ${gateway}/hello`,
    '',
    terminal.style(
      'bold',
      '3. Revoke all temporary tokens of the user; within 10 seconds the first one is refused',
    ),
    `  curl -s -X DELETE ${revoke} -H "X-Auth-Token: $NAMED"`,
    `  sleep 10; curl -si ${gateway}/hello -H "X-Auth-Token: $TOKEN"`,
    '',
    terminal.style('bold', '4. What the gateway has counted'),
    `  curl -s ${admin}/metrics | grep ^onegate_`,
    '',
    terminal.style('dim', 'Ctrl-C ends the demo.'),
  ]
}
