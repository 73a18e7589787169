import { routePolicyOf, tileObjections } from '../authenticator/index.ts'
import {
  addressesOf,
  exchangeBoundMs,
  formatListenAddress,
  formatSocketAddress,
  loadConfig,
  originsOf,
  routeTitle,
  warningsOf,
} from '../config/index.ts'
import type { GatewayConfig, UpstreamTls } from '../config/index.ts'
import { ConfigError } from '../errors.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { interfaceWords } from './explanation-words.ts'
import { columns, type Terminal } from './terminal.ts'

/** `onegate check` */
export const checkCommand: Command = {
  name: 'check',
  usage: ['--config FILE [--json]'],
  about: `Validates a configuration as serve would load it in this environment, the files that it names included,
and says what would run. Nothing is started, and no verifier is asked.`,
  options: {
    config: { value: 'FILE', help: 'YAML or JSON file with the configuration.' },
    json: {
      help: 'Print one line: {"ok":true,"config","origins","warnings"} or {"ok":false,"problems"}.',
    },
  },
  exits: [
    [EXIT.ok, 'the configuration is good'],
    [EXIT.config, 'it is not; every problem is told as FILE:LINE:COLUMN: SETTING: PROBLEM'],
  ],
  examples: ['onegate check --config /etc/onegate.yaml'],

  async run(args, terminal) {
    const file = args.text('config')
    if (file === undefined) throw new UsageError('--config FILE is missing')
    try {
      const config = await loadConfig({ file, env: terminal.env })
      const warnings = warningsOf(config.routes)
      if (args.has('json')) {
        const shown = withoutSecrets(config)
        const origins = originsOf(config)
        terminal.print(JSON.stringify({ ok: true, config: shown, origins, warnings }))
      } else for (const line of summary(file, config, terminal)) terminal.print(line)
      return EXIT.ok
    } catch (error) {
      if (!(error instanceof ConfigError) || !args.has('json')) throw error
      terminal.print(JSON.stringify({ ok: false, problems: error.problems }))
      return EXIT.config
    }
  },
}

/** Settings of a verifier of which only that they are there may be told. */
const SECRETS = new Set(['ca', 'apiToken', 'serviceToken', 'watchToken', 'proxy'])

function withoutSecrets({ adminToken, ...config }: GatewayConfig): object {
  return {
    ...config,
    adminToken: adminToken !== undefined,
    verifier: Object.fromEntries(
      Object.entries(config.verifier).map(([name, value]) => [
        name,
        SECRETS.has(name) ? value !== undefined : value,
      ]),
    ),
    routes: config.routes.map(({ upstream, upstreamHeaders, ...route }) => ({
      ...route,
      upstreamHeaders: upstreamHeaders && withoutValues(upstreamHeaders),
      upstream: upstream && {
        ...upstream,
        ...(upstream.tls && { tls: withoutKey(upstream.tls) }),
      },
    })),
  }
}

/** Most are secrets; that one is not, nobody can see. */
function withoutValues(fields: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, '•••']))
}

/** Certificates are left out for their length, the key for what it is. */
function withoutKey({ ca, serverName, cert, key }: UpstreamTls): object {
  return { ca: ca !== undefined, serverName, cert: cert !== undefined, key: key !== undefined }
}

function describeVerifier(verifier: GatewayConfig['verifier']): string[] {
  const { url, proxy } = verifier
  const via = proxy === undefined ? '' : `, through the proxy ${new URL(proxy).origin}`
  if (verifier.type !== 'onezone') return [verifier.type, url + via]
  return [
    'Onezone',
    url + via + (verifier.serviceToken === undefined ? '' : ', with a service token'),
  ]
}

function describeWarnings(config: GatewayConfig, terminal: Terminal): string[] {
  const warnings = warningsOf(config.routes)
  const lines = warnings.map(
    ({ path, message }) => `${terminal.style('bold', 'warning')}: ${path} ${message}`,
  )
  return lines.length === 0 ? [] : ['', ...lines]
}

/** How long what happens at identity providers may go unseen. */
function describeExchange(config: GatewayConfig): [string, string][] {
  const boundMs = exchangeBoundMs(config)
  if (boundMs === 0) return []
  return [['identity providers', `what they revoke is seen within ${boundMs} ms`]]
}

function summary(file: string, config: GatewayConfig, terminal: Terminal): string[] {
  const { verifier, trustedProxies, routes, verdicts } = config
  const settings = [
    [
      'listen',
      addressesOf(config.listen).map(formatSocketAddress).join(', ') ||
        'nowhere: no route has an upstream',
    ],
    ['admin', formatListenAddress(config.adminListen)],
    describeVerifier(verifier),
    ['trusted proxies', trustedProxies.join(', ') || 'none'],
    ['staleness', `at most ${verdicts.maxStalenessMs} ms`],
    ...describeExchange(config),
  ]
  const header = ['route', 'path', 'token', 'interface', 'upstream'] as const
  const table = columns([
    header,
    ...routes.map((route) => [
      route.id,
      routeTitle(route),
      route.optional ? `${route.token} (optional)` : route.token,
      route.token === 'none' ? '-' : interfaceWords(route.interface),
      route.upstream?.urls.join(', ') ?? 'none, by forward auth only',
    ]),
  ])
  return [
    `${file}: ${terminal.style('green', 'good')}`,
    '',
    ...columns(settings),
    '',
    ...table.map((line, at) => (at === 0 ? terminal.style('bold', line) : line)),
    ...tileNotes(config),
    ...describeWarnings(config, terminal),
  ]
}

/** Which tokens that the wizard of Onezone's GUI makes do not pass, route by route. */
function tileNotes({ verifier, routes }: GatewayConfig): string[] {
  if (verifier.type !== 'onezone') return []
  const notes = routes.flatMap((route) =>
    tileObjections(routePolicyOf(route), verifier.serviceToken !== undefined).map(
      ({ tile, reason }) => [route.id, tile, reason],
    ),
  )
  if (notes.length === 0) return []
  return ['', "tokens of these tiles of Onezone's wizard do not pass:", ...columns(notes)]
}
