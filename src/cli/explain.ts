import type { Explanation } from '../gateway/index.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { printExplanation, exitCodeOf } from './explanation-words.ts'
import { readIpAddress } from './peer-address.ts'
import { ADMIN_OPTIONS, runningGateway } from './running-gateway.ts'
import { readTokenText, TOKEN_ARGUMENT_REFUSAL, TOKEN_FILE_OPTION } from './token-input.ts'

/** `onegate explain` */
export const explainCommand: Command = {
  name: 'explain',
  usage: ['[--admin URL] [--token-file FILE] [FLAGS]'],
  about: `Asks a running gateway what it makes of a request with a token, and why, from what it remembers. The request
is sent nowhere. "token explain" does the same by a configuration, without a gateway.`,
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    ...ADMIN_OPTIONS,
    'token-file': TOKEN_FILE_OPTION,
    path: { value: 'PATH', help: 'Path of the request (/).' },
    method: { value: 'METHOD', help: 'Method of the request (GET).' },
    host: { value: 'HOST', help: 'Host of the request; without it no route for a host matches.' },
    'peer-ip': { value: 'IP', help: 'IP address of the client; without it no ip caveat holds.' },
    ask: { help: 'Let it ask Onezone where nothing is remembered that decides.' },
    json: { help: 'Print the explanation as one line of JSON.' },
  },
  exits: [
    [EXIT.ok, 'the request would pass'],
    [EXIT.failure, 'it would be refused; standard output says why'],
    [EXIT.unknown, 'undecided: Onezone would be asked; or the gateway cannot be reached'],
  ],
  examples: ['onegate explain --admin http://127.0.0.1:9090 --path /api --ask < token.txt'],

  async run(args, terminal) {
    const peerIp = readIpAddress(args)
    const gateway = await runningGateway(args, terminal)
    const explanation = (await gateway.post('/explain', {
      token: await readTokenText(args, terminal),
      path: args.text('path'),
      method: args.text('method'),
      host: args.text('host'),
      peerIp,
      ask: args.has('ask'),
    })) as unknown as Explanation
    printExplanation(explanation, args.has('json'), terminal)
    return exitCodeOf(explanation)
  },
}
