import { tokenFormUrl } from '../authenticator/index.ts'
import type { GatewayConfig, RouteConfig } from '../config/index.ts'
import { loadConfig } from '../config/index.ts'
import type { Caveat, TokenKind } from '../token/index.ts'
import type { Arguments } from './arguments.ts'
import { CAVEAT_OPTIONS, readCaveats } from './caveat-options.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'

/** `onegate token link` */
export const linkCommand: Command = {
  name: 'token link',
  usage: ['--config FILE [--route ID] [CAVEATS]'],
  about: `Prints a link that opens the token form of Onezone's GUI, filled in so that the token passes at a route.
Caveats are added to what the route needs. Nobody is asked.`,
  options: {
    config: { value: 'FILE', help: 'YAML or JSON file with the configuration.' },
    route: { value: 'ID', help: 'The route that the token is for; the first one by default.' },
    ...CAVEAT_OPTIONS,
  },
  exits: [[EXIT.config, 'the configuration is not good']],
  examples: ['onegate token link --config onegate.yaml --expires-in 30d --readonly'],

  async run(args, terminal) {
    const file = args.text('config')
    if (file === undefined) throw new UsageError('--config FILE is missing')
    const config = await loadConfig({ file, env: terminal.env })
    const route = chosen(args, config)
    const link = tokenFormUrl(guiOf(config), {
      kind: kindOf(route),
      caveats: [...demandedBy(route, args), ...readCaveats(args, Date.now())],
    })
    terminal.print(link ?? '')
    return EXIT.ok
  },
}

function chosen(args: Arguments, { routes }: GatewayConfig): RouteConfig {
  const id = args.text('route')
  const route = id === undefined ? routes[0] : routes.find((each) => each.id === id)
  if (route !== undefined) return route
  const ids = routes.map((each) => each.id).join(', ')
  throw new UsageError(`--route ${id ?? ''} is not one of the routes: ${ids}`)
}

function guiOf({ verifier }: GatewayConfig): string {
  const { guiUrl } = verifier.type === 'onezone' ? verifier : { guiUrl: null }
  if (typeof guiUrl === 'string') return guiUrl
  throw new UsageError(
    'there is no GUI to link to: onezone.guiUrl is null, or Onezone is not asked',
  )
}

function kindOf({ id, token }: RouteConfig): Exclude<TokenKind, 'invite'> {
  if (token === 'access' || token === 'identity') return token
  throw new UsageError(`route ${id} takes no token that a form makes (token: ${token})`)
}

/** What a token needs there, unless the flags say which interface it is to be for. */
function demandedBy({ interface: given }: RouteConfig, args: Arguments): Caveat[] {
  const first = typeof given === 'object' && given !== null ? given[0] : given
  if (args.text('interface') !== undefined || first === null || first === undefined) return []
  return [{ type: 'interface', interface: first }]
}
