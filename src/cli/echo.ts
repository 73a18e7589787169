import type { Command } from './command.ts'
import { createEchoUpstream } from './echo-upstream.ts'
import { EXIT } from './exit-codes.ts'
import { openListeners, readListenFlag } from './listening.ts'
import { createStopSignal } from './stop-signal.ts'

/** `onegate echo` */
export const echoCommand: Command = {
  name: 'echo',
  usage: ['[FLAGS]'],
  about: `Runs a service to stand in for an API: it answers every request, as JSON, with what it was asked and who
it was told is asking. Of credentials it tells the names only. For trying out, and for "onegate probe".`,
  options: {
    listen: { value: 'HOST:PORT', help: 'Where to listen (127.0.0.1:3000); port 0: any.' },
    json: { help: 'When ready, print one line {"echo"} instead: its base URL.' },
  },
  examples: ['onegate echo --listen 127.0.0.1:0 --json'],

  async run(args, terminal) {
    const address = readListenFlag(args.text('listen') ?? '127.0.0.1:3000')
    const stop = createStopSignal()
    const echo = await openListeners([{ address, setting: '--listen' }], () =>
      createEchoUpstream(address),
    )
    if (args.has('json')) terminal.print(JSON.stringify({ echo: echo.url }))
    else terminal.print(`The echo listens at ${echo.url} and tells again what it is told.`)
    await stop.received
    await echo.close()
    stop.release()
    return EXIT.ok
  },
}
