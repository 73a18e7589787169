import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

import { addressesOf, exchangeBoundMs, formatSocketAddress } from '../config/index.ts'
import { createClusteredGateway } from '../gateway/clustered-gateway.ts'
import { createGateway } from '../gateway/gateway.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { openListeners } from './listening.ts'
import { createLog, linesDropped, warnOfOldNode } from './log.ts'
import { loadWithFiles, startReloading } from './reloading.ts'
import { createStopSignal } from './stop-signal.ts'

// The files beside this one, in the sources as in the build, where this one has another name.
const programBeside = (name: string): string =>
  fileURLToPath(new URL(name + extname(import.meta.url), import.meta.url))

/** `onegate serve` */
export const serveCommand: Command = {
  name: 'serve',
  usage: ['--config FILE [FLAGS]', '--onezone-url URL --upstream URL [FLAGS]'],
  about: `Runs the gateway until SIGTERM, SIGINT or SIGQUIT; then requests that are under way finish, and it
exits with 0. A second signal ends it at once. SIGHUP, or a change of its files, makes it read the
configuration anew; where that cannot be used, the last good one stays and the log says why.

Settings come from flags, else from the environment, else from the file, else they have defaults.
Each scalar setting has a variable: verdicts.maxStalenessMs is ONEGATE_VERDICTS_MAX_STALENESS_MS.
Secrets are given as files: onezone.serviceTokenFile, ONEGATE_ONEZONE_SERVICE_TOKEN_FILE.`,
  options: {
    config: { value: 'FILE', help: 'YAML or JSON file with the configuration.' },
    'onezone-url': { value: 'URL', help: 'Onezone, which verifies the tokens.' },
    upstream: { value: 'URL', help: 'The one upstream, behind a route /** for access tokens.' },
    listen: { value: 'HOST:PORT', help: 'Where to accept requests (127.0.0.1:8080); port 0: any.' },
    'admin-listen': {
      value: 'HOST:PORT',
      help: 'Where to serve metrics, health and the admin API (127.0.0.1:9090).',
    },
    workers: { value: 'N', help: 'How many processes carry traffic; auto: one for each CPU (1).' },
    'trusted-proxy': {
      value: 'CIDR',
      multiple: true,
      help: 'Address or range whose X-Forwarded-For is believed (none).',
    },
    'log-level': { value: 'LEVEL', help: 'debug, info, warn or error (info).' },
    json: {
      help: 'When ready, print one line of JSON with the base URLs: gateway, admin, forwardAuth if there.',
    },
  },
  exits: [[EXIT.config, 'the configuration was refused; every problem is told with its place']],
  examples: [
    'onegate serve --config /etc/onegate.yaml',
    'onegate serve --onezone-url https://onezone.example.org --upstream http://127.0.0.1:3000',
  ],

  async run(args, terminal) {
    const trustedProxies = args.list('trusted-proxy')
    const sources = {
      file: args.text('config'),
      env: terminal.env,
      flags: {
        listen: args.text('listen'),
        adminListen: args.text('admin-listen'),
        onezoneUrl: args.text('onezone-url'),
        upstream: args.text('upstream'),
        workers: args.text('workers'),
        trustedProxies: trustedProxies.length > 0 ? trustedProxies : undefined,
        logLevel: args.text('log-level'),
      },
    }
    const loaded = await loadWithFiles(sources)
    const { config } = loaded
    const log = createLog(config.log.level)
    warnOfOldNode(log)

    const stop = createStopSignal()
    const asked = config.forwardAuth?.listen
    const gateway = await openListeners(
      [
        ...addressesOf(config.listen).map((address) => ({ address, setting: '--listen' })),
        ...(asked ? [{ address: asked, setting: 'forwardAuth.listen' }] : []),
        { address: config.adminListen, setting: '--admin-listen' },
      ],
      () => {
        if (config.workers === 1 || config.listen === undefined)
          return createGateway(config, { logger: log, linesDropped })
        return createClusteredGateway(config, {
          logger: log,
          linesDropped,
          program: programBeside('worker'),
        })
      },
    )
    const addresses = {
      gateway: gateway.url,
      admin: gateway.adminUrl,
      forwardAuth: gateway.forwardAuthUrl ?? undefined,
      forwardAuthGrpc: gateway.forwardAuthGrpcUrl ?? undefined,
    }
    if (args.has('json')) terminal.print(JSON.stringify(addresses))
    log.info(
      {
        ...addresses,
        listen: addressesOf(config.listen).map(formatSocketAddress).join(', ') || undefined,
        workers: config.workers,
        [config.verifier.type]: config.verifier.url,
        proxy: config.verifier.proxy && new URL(config.verifier.proxy).origin,
        routes: config.routes.map(({ id, token, upstream }) => ({
          id,
          token,
          urls: upstream?.urls ?? [],
        })),
        maxStalenessMs: config.verdicts.maxStalenessMs,
        exchangeBoundMs: exchangeBoundMs(config) || undefined,
      },
      'the gateway is ready',
    )

    const stopReloading = startReloading({
      sources,
      loaded,
      gateway,
      log,
      program: programBeside('config-thread'),
    })
    const cause = await stop.received
    stopReloading()
    const { drainMs } = config.shutdown
    if ('error' in cause) {
      const message = 'an exception was not caught, which is a mistake in onegate; stopping'
      log.error({ err: cause.error, drainMs }, message)
    } else {
      log.info({ signal: cause.signal, drainMs }, 'stopping; requests under way may finish')
    }
    await gateway.close()
    stop.release()
    log.info({}, 'stopped')
    return 'error' in cause ? EXIT.bug : EXIT.ok
  },
}
