import { OnezoneFaultError } from '../errors.ts'
import type { OnezoneClient, VerifyAnswer } from '../onezone/index.ts'
import {
  INTERFACES,
  isIPv4,
  type OnedataInterface,
  type Token,
  type TokenKind,
} from '../token/index.ts'
import type { Arguments } from './arguments.ts'
import { describeSubject } from './caveat-words.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { momentAndDistance } from './moment.ts'
import {
  createClientAt,
  ONEZONE_URL_OPTION,
  PROFILE_OPTION,
  readOnezoneUrl,
} from './onezone-access.ts'
import { printable } from './terminal.ts'
import { describeVerdict } from './refusal-words.ts'
import { readToken, TOKEN_ARGUMENT_REFUSAL, TOKEN_FILE_OPTION } from './token-input.ts'
import { wordChoice } from './word-choice.ts'

const KINDS: readonly TokenKind[] = ['access', 'identity', 'invite']

/** `onegate token verify` */
export const verifyCommand: Command = {
  name: 'token verify',
  usage: ['[--token-file FILE] [FLAGS]'],
  about: `Asks Onezone whether a token is good, anonymously, as the gateway does. With --peer-ip and --interface it
answers for that context; caveats on what is not given do not hold.`,
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    'onezone-url': ONEZONE_URL_OPTION,
    profile: PROFILE_OPTION,
    'token-file': TOKEN_FILE_OPTION,
    as: { value: 'KIND', help: 'access, identity or invite (what the token says it is).' },
    'peer-ip': { value: 'IP', help: 'IPv4 address from which the token is presented.' },
    interface: { value: 'NAME', help: 'rest, oneclient or graphsync.' },
    json: { help: 'Print one line: {"ok":true,"subject","ttl"} or {"ok":false,"error"}.' },
  },
  exits: [
    [EXIT.ok, 'Onezone accepts the token'],
    [EXIT.failure, 'Onezone refuses the token, or it is no token; standard output says why'],
    [EXIT.unknown, 'nobody could say: Onezone cannot be reached or gave no usable answer'],
  ],
  examples: ['onegate token verify --onezone-url https://onezone.example.org < token.txt'],

  async run(args, terminal) {
    const url = await readOnezoneUrl(args, terminal)
    const kind = wordChoice(args, 'as', KINDS)
    const context = {
      peerIp: readPeerIp(args),
      interface: wordChoice(args, 'interface', INTERFACES),
    }
    const client = createClientAt(url, terminal)
    try {
      const token = await readToken(args, terminal)
      const answer = await ask(client, token, kind ?? token.kind, context)
      terminal.print(args.has('json') ? JSON.stringify(answer) : printable(describe(answer)))
      return answer.ok ? EXIT.ok : EXIT.failure
    } catch (error) {
      if (!(error instanceof OnezoneFaultError)) throw error
      throw new CommandFailure(`nobody could say: ${error.message}`, {
        cause: error,
        exitCode: EXIT.unknown,
        facts: { fault: error.code },
      })
    } finally {
      await client.close()
    }
  },
}

function ask(
  client: OnezoneClient,
  { serialized: token }: Token,
  kind: TokenKind,
  { peerIp, interface: door }: { peerIp: string | null; interface: OnedataInterface | undefined },
): Promise<VerifyAnswer> {
  switch (kind) {
    case 'access':
      return client.verifyAccessToken({ token, peerIp, interface: door })
    case 'identity':
      return client.verifyIdentityToken({ token, peerIp, interface: door })
    case 'invite':
      return client.verifyInviteToken({ token, peerIp })
  }
}

function describe(answer: VerifyAnswer): string {
  if (answer.ok) {
    const { ttl } = answer
    const nowMs = Date.now()
    const end =
      ttl === null || ttl === Infinity
        ? 'without end'
        : `until ${momentAndDistance(nowMs / 1000 + ttl, nowMs)}`
    return `accepted: ${describeSubject(answer.subject)}, ${end}`
  }
  return `refused: ${describeVerdict(answer.error)}`
}

function readPeerIp(args: Arguments): string | null {
  const text = args.text('peer-ip')
  if (text === undefined) return null
  if (!isIPv4(text)) throw new UsageError('--peer-ip must be an IPv4 address, e.g. 192.0.2.1')
  return text
}
