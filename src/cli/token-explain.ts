import type { GatewayConfig } from '../config/index.ts'
import { loadConfig } from '../config/index.ts'
import { explainRequest } from '../gateway/gateway.ts'
import { INTERFACES, type OnedataInterface } from '../token/index.ts'
import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { exitCodeOf, printExplanation } from './explanation-words.ts'
import { UsageError } from './failure.ts'
import { readIpAddress } from './peer-address.ts'
import { readTokenText, TOKEN_ARGUMENT_REFUSAL, TOKEN_FILE_OPTION } from './token-input.ts'

/** `onegate token explain` */
export const explainCommand: Command = {
  name: 'token explain',
  usage: ['--config FILE [--token-file FILE] [FLAGS]'],
  about: `Says what a gateway with this configuration would make of a request with a token, and why: the
route, where each caveat is judged, the family, the verdict. The verifier is asked once; no upstream is.
"explain" asks a gateway that is running, which answers from what it remembers.`,
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    config: { value: 'FILE', help: 'YAML or JSON file with the configuration.' },
    'token-file': TOKEN_FILE_OPTION,
    path: { value: 'PATH', help: 'Path of the request (/).' },
    method: { value: 'METHOD', help: 'Method of the request (GET).' },
    host: { value: 'HOST', help: 'Host of the request; without it no route for a host matches.' },
    'peer-ip': { value: 'IP', help: 'IP address of the client; without it no ip caveat holds.' },
    interface: { value: 'NAME', help: "rest, oneclient or graphsync, in place of the route's." },
    json: { help: 'Print the explanation as one line of JSON.' },
  },
  exits: [
    [EXIT.ok, 'the request would pass'],
    [EXIT.failure, 'it would be refused, or it is no token; standard output says why'],
    [EXIT.unknown, 'nobody could say: the verifier cannot be reached or gave no usable answer'],
    [EXIT.config, 'the configuration was refused'],
  ],
  examples: ['onegate token explain --config /etc/onegate.yaml --path /api < token.txt'],

  async run(args, terminal) {
    const file = args.text('config')
    if (file === undefined) throw new UsageError('--config FILE is missing')
    const door = readInterface(args)
    const request = {
      path: args.text('path'),
      method: args.text('method'),
      host: args.text('host'),
      peerIp: readIpAddress(args),
      ask: true,
    }
    const config = await loadConfig({ file, env: terminal.env })
    const token = await readTokenText(args, terminal)
    const explanation = await explainRequest(
      door === undefined ? config : throughInterface(config, door),
      { ...request, token },
    )
    printExplanation(explanation, args.has('json'), terminal)
    return exitCodeOf(explanation)
  },
}

function throughInterface(config: GatewayConfig, door: OnedataInterface): GatewayConfig {
  return { ...config, routes: config.routes.map((route) => ({ ...route, interface: door })) }
}

function readInterface(args: Arguments): OnedataInterface | undefined {
  const text = args.text('interface')
  const door = INTERFACES.find((name) => name === text)
  if (text !== undefined && door === undefined) {
    throw new UsageError(`--interface must be one of ${INTERFACES.join(', ')}`)
  }
  return door
}
