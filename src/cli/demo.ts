import { loadConfig, type GatewayConfig, type RouteConfig } from '../config/index.ts'
import { createDevOnezone, type DevOnezone } from '../dev-onezone/index.ts'
import { createGateway } from '../gateway/gateway.ts'
import type { Subject, TokenType } from '../token/index.ts'
import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { demoGuide, type DemoFacts } from './demo-guide.ts'
import { startDemoTraffic } from './demo-traffic.ts'
import { createEchoUpstream } from './echo-upstream.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { openListeners } from './listening.ts'
import { createLog } from './log.ts'
import { createStopSignal, throwFault } from './stop-signal.ts'

const HOST = '127.0.0.1'
const ONE_DAY_SECONDS = 24 * 3600
const ALICE: Subject = { type: 'user', id: 'alice' }

/** `onegate demo` */
export const demoCommand: Command = {
  name: 'demo',
  usage: ['[FLAGS]'],
  about: `Starts an embedded development Onezone, an echo service as upstream, and the gateway between them, all on
127.0.0.1, with tokens of a made-up user; and says what to paste next, and what that prints. Ends with SIGTERM or
SIGINT.`,
  options: {
    port: { value: 'PORT', help: 'Of the gateway (8080); 0: any free one.' },
    'admin-port': {
      value: 'PORT',
      help: 'Of the page for operators, /metrics and /readyz (9090); 0: any free one.',
    },
    'onezone-port': { value: 'PORT', help: 'Of the embedded Onezone (9443); 0: any free one.' },
    'trusted-proxy': {
      value: 'CIDR',
      multiple: true,
      help: 'Address or range whose X-Forwarded-For is believed (none).',
    },
    traffic: {
      help: 'Let made-up users work with the gateway, so that its page has something to show.',
    },
    json: {
      help: 'When ready, print one line {"gateway","admin","onezone","tokens","subject"} instead.',
    },
  },
  exits: [[EXIT.config, 'a flag was refused; every problem is told']],
  examples: [
    'onegate demo',
    'onegate demo --traffic',
    'onegate demo --port 0 --admin-port 0 --onezone-port 0 --json',
  ],

  async run(args, terminal) {
    const stop = createStopSignal()
    const closers: (() => Promise<void>)[] = []
    try {
      const facts = await start(args, closers)
      if (args.has('json')) terminal.print(JSON.stringify(facts))
      else for (const line of demoGuide(facts, terminal, args.has('traffic'))) terminal.print(line)
      throwFault(await stop.received)
    } finally {
      for (const close of closers.toReversed()) await close()
      stop.release()
    }
    return EXIT.ok
  },
}

async function start(args: Arguments, closers: (() => Promise<void>)[]): Promise<DemoFacts> {
  const listen = { host: HOST, port: readPort(args, 'port', 8080) }
  const adminListen = { host: HOST, port: readPort(args, 'admin-port', 9090) }
  const onezoneAddress = { host: HOST, port: readPort(args, 'onezone-port', 9443) }

  const upstream = await createEchoUpstream()
  closers.push(() => upstream.close())
  const onezone = await openListeners(
    [{ address: onezoneAddress, setting: '--onezone-port' }],
    () => createDevOnezone({ ...onezoneAddress, control: true }),
  )
  closers.push(() => onezone.close())
  const single = await loadConfig({
    flags: {
      onezoneUrl: onezone.url,
      upstream: upstream.url,
      trustedProxies: args.list('trusted-proxy'),
      logLevel: 'warn',
    },
  })
  // Standard output is for the guide, or for one line of JSON.
  const accessLog = undefined
  const config = { ...single, listen, adminListen, accessLog, routes: demoRoutes(single) }
  const gateway = await openListeners(
    [
      { address: listen, setting: '--port' },
      { address: adminListen, setting: '--admin-port' },
    ],
    () => createGateway(config, { logger: createLog(config.log.level) }),
  )
  closers.push(() => gateway.close())
  const tokens = createTokens(onezone)
  if (args.has('traffic')) {
    const stop = startDemoTraffic({ gateway: gateway.url, onezone, tokens })
    closers.push(async () => stop())
  }
  return {
    gateway: gateway.url,
    admin: gateway.adminUrl,
    onezone: onezone.url,
    tokens,
    subject: ALICE,
  }
}

/** One route for each kind of token, and a public one. */
function demoRoutes(config: GatewayConfig): RouteConfig[] {
  // A page whose name was bent to this machine finds nothing here.
  const hosts = ['localhost', HOST, '[::1]']
  return config.routes.flatMap((each) => {
    const route = { ...each, hosts }
    return [
      { ...route, id: 'public', path: '/public/**', token: 'none' },
      { ...route, id: 'identity', path: '/identity/**', token: 'identity' },
      { ...route, id: 'invite', path: '/invite/**', token: 'invite' },
      route,
    ]
  })
}

function createTokens(onezone: DevOnezone): DemoFacts['tokens'] {
  const subject = ALICE
  const temporary = (type: TokenType): string =>
    onezone.createTemporaryToken({ subject, type, validForSeconds: ONE_DAY_SECONDS })
  return {
    access: temporary({ accessToken: {} }),
    identity: temporary({ identityToken: {} }),
    invite: temporary({
      inviteToken: { inviteType: 'registerOneprovider', adminUserId: 'alice', parameters: {} },
    }),
    named: onezone.createNamedToken({ subject, name: 'demo' }).token,
  }
}

function readPort(args: Arguments, name: string, fallback: number): number {
  const text = args.text(name)
  if (text === undefined) return fallback
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new UsageError(`--${name} must be a port from 0 (any free one) to 65535`)
  }
  return Number(text)
}
