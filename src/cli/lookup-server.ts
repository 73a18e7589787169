import { createDevTokenLookup } from '../dev-token-lookup/index.ts'
import { isLoopbackHost } from '../loopback-host.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { openListeners, readListenFlag } from './listening.ts'
import { createStopSignal, throwFault } from './stop-signal.ts'

/** `onegate lookup-server` */
export const lookupServerCommand: Command = {
  name: 'lookup-server',
  usage: ['[FLAGS]'],
  about: `Runs a development stand-in for a cluster's TokensApi, for "verifier.type: token-lookup": it creates,
lists, changes, deletes and looks up tokens that protect nothing. Not for production.`,
  options: {
    listen: { value: 'HOST:PORT', help: 'Where to listen (127.0.0.1:9444); port 0: any.' },
    control: { help: 'Serve /control/ too: for tests.' },
    json: {
      help: 'When ready, print one line {"lookup","apiToken"}: base URL, and a secret to call with.',
    },
    'i-know-this-is-not-a-cluster': { help: 'Allow an address that others can reach.' },
  },
  examples: ['onegate lookup-server --listen 127.0.0.1:0 --json'],

  async run(args, terminal) {
    const address = readListenFlag(args.text('listen') ?? '127.0.0.1:9444')
    const isAllowed = args.has('i-know-this-is-not-a-cluster')
    if (!isAllowed && !isLoopbackHost(address.host)) {
      throw new UsageError(
        `--listen ${address.host} can be reached by others, and the tokens of this server protect nothing; ` +
          'listen on 127.0.0.1, or add --i-know-this-is-not-a-cluster',
      )
    }
    const stop = createStopSignal()
    const server = await openListeners([{ address, setting: '--listen' }], () =>
      createDevTokenLookup({
        ...address,
        control: args.has('control'),
        iKnowThisIsNotACluster: isAllowed,
      }),
    )
    const { url, apiToken } = server
    if (args.has('json')) terminal.print(JSON.stringify({ lookup: url, apiToken }))
    else {
      terminal.print(`The development token look-up listens at ${url}. Not for production.`)
      terminal.print(`Call it with: Authorization: Api-Token ${apiToken}`)
    }

    const cause = await stop.received
    await server.close()
    stop.release()
    throwFault(cause)
    return EXIT.ok
  },
}
