import { readFile } from 'node:fs/promises'
import { createDevOnezone, validateWorld, type World } from '../dev-onezone/index.ts'
import { isJsonObject } from '../json.ts'
import { isLoopbackHost } from '../loopback-host.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure, isSystemError, UsageError } from './failure.ts'
import { openListeners, readListenFlag } from './listening.ts'
import { onezoneFacts, onezoneGuide } from './onezone-guide.ts'
import { createStopSignal, throwFault } from './stop-signal.ts'

/** `onegate onezone` */
export const onezoneCommand: Command = {
  name: 'onezone',
  usage: ['[FLAGS]'],
  about: `Runs the embedded development Onezone: it issues and verifies real tokens for a world that is made
up, and says what to paste for a start. With --control everybody who reaches it rules it. Not for production.`,
  options: {
    listen: { value: 'HOST:PORT', help: 'Where to listen (127.0.0.1:9443); port 0: any.' },
    world: {
      value: 'FILE',
      help: 'JSON file with the world, or with the world under the key "world".',
    },
    state: {
      value: 'FILE',
      help: 'File to keep everything in across restarts; once there, it replaces --world.',
    },
    control: { help: 'Serve /control/ too, and believe X-Control-Auth: for tests.' },
    json: {
      help: 'When ready, print one line {"onezone","admin","user"}: base URL, and two tokens.',
    },
    'i-know-this-is-not-onezone': { help: 'Allow an address that others can reach.' },
  },
  exits: [[EXIT.config, 'the world or the state was refused; every problem is told']],
  examples: ['onegate onezone --listen 127.0.0.1:0 --world world.json --control --json'],

  async run(args, terminal) {
    const address = readListenFlag(args.text('listen') ?? '127.0.0.1:9443')
    const isAllowed = args.has('i-know-this-is-not-onezone')
    if (!isAllowed && !isLoopbackHost(address.host)) {
      throw new UsageError(
        `--listen ${address.host} can be reached by others, and this Onezone is for development only; ` +
          'listen on 127.0.0.1, or add --i-know-this-is-not-onezone',
      )
    }
    const file = args.text('world')
    const world = file === undefined ? undefined : await readWorld(file)
    const stateFile = args.text('state')
    const stop = createStopSignal()
    const onezone = await openListeners([{ address, setting: '--listen' }], () =>
      createDevOnezone({
        host: address.host,
        port: address.port,
        control: args.has('control'),
        iKnowThisIsNotOnezone: isAllowed,
        ...(world === undefined ? {} : { world }),
        ...(stateFile === undefined ? {} : { stateFile }),
      }),
    )
    const facts = onezoneFacts(onezone)
    if (args.has('json')) terminal.print(JSON.stringify(facts))
    else for (const line of onezoneGuide(facts, terminal)) terminal.print(line)

    const cause = await stop.received
    await onezone.close()
    stop.release()
    throwFault(cause)
    return EXIT.ok
  },
}

async function readWorld(file: string): Promise<World> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (isSystemError(error)) throw new CommandFailure(`cannot read ${file}: ${error.code}`)
    throw error
  }
  try {
    const json: unknown = JSON.parse(text)
    const nested = isJsonObject(json) && 'world' in json
    return validateWorld(nested ? json['world'] : json)
  } catch (error) {
    // The message of the parser repeats a part of the file, which may hold secrets of tokens.
    if (error instanceof SyntaxError) throw new CommandFailure(`${file} is no JSON`)
    throw error
  }
}
