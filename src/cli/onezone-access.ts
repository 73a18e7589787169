import { proxyUrlFor } from '../config/index.ts'
import { OnezoneApiError, OnezoneFaultError } from '../errors.ts'
import {
  createOnezoneClient,
  type OnezoneClient,
  type OnezoneClientOptions,
  type OnezoneCredentials,
} from '../onezone/index.ts'
import { parseToken, type Subject } from '../token/index.ts'
import type { Arguments, OptionSpec, OptionSpecs } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { describeRefusal } from './refusal-words.ts'
import { printable, type Terminal } from './terminal.ts'
import { readSecretFile } from './token-input.ts'

/** Flag of every command that calls Onezone. */
export const ONEZONE_URL_OPTION: OptionSpec = {
  value: 'URL',
  help: 'Onezone; http:// only on this machine.',
}

/** Flags of every command that calls Onezone as somebody. */
export const ACCESS_OPTIONS: OptionSpecs = {
  'onezone-url': ONEZONE_URL_OPTION,
  'auth-file': {
    value: 'FILE',
    help: "File with the caller's access token, or with USER:PASSWORD.",
  },
}

/** Exit codes of these commands. */
export const ACCESS_EXITS: readonly (readonly [number, string])[] = [
  [EXIT.failure, 'Onezone refused it, or it could not be done; standard error says why'],
  [EXIT.unknown, 'nobody could say: Onezone cannot be reached or gave no usable answer'],
]

/** Access to a Onezone as somebody. */
export interface OnezoneAccess {
  readonly client: OnezoneClient
  /** Who the caller is, as the paths of the API have it. */
  readonly caller: 'currentUser' | 'currentProvider'
  /** Who the caller is; null where only Onezone knows: behind a password or a legacy token. */
  readonly subject: Subject | null
}

/** What a call takes at most: a person waits for it, and lists have no pages. */
const LIMITS = { totalTimeoutMs: 15_000, maxAnswerBytes: 64 * 1024 * 1024 }

/**
 * Does something at a Onezone, and tells what went wrong there: 1 where Onezone says no, 3 where nobody could say.
 *
 * @throws {UsageError} for flags that make no sense, before anything is sent.
 */
export async function withOnezone(
  command: string,
  args: Arguments,
  terminal: Terminal,
  work: (access: OnezoneAccess) => Promise<number>,
): Promise<number> {
  const url = readOnezoneUrl(args)
  const file = args.text('auth-file')
  if (file === undefined) throw new UsageError('--auth-file FILE is missing')
  const caller = readCaller((await readSecretFile(file, 'credential')).toString('utf8').trim())
  const client = createClientAt(url, terminal, { credentials: caller.credentials, ...LIMITS })
  try {
    return await work({ client, ...caller })
  } catch (error) {
    if (error instanceof OnezoneApiError) {
      terminal.report(printable(`onegate ${command}: Onezone refused: ${describeRefusal(error)}`))
      return EXIT.failure
    }
    if (!(error instanceof OnezoneFaultError)) throw error
    terminal.report(`onegate ${command}: nobody could say: ${error.message}`)
    if (error.code === 'ERR_ONEZONE_RESET' || error.code === 'ERR_ONEZONE_TIMEOUT') {
      terminal.report(
        'If something was to be changed, it may be so now: look before you try again.',
      )
    }
    return EXIT.unknown
  } finally {
    await client.close()
  }
}

interface Caller extends Pick<OnezoneAccess, 'caller' | 'subject'> {
  readonly credentials: OnezoneCredentials
}

function readCaller(text: string): Caller {
  const basic = /^([^:\s]+):([^\r\n]+)$/.exec(text)
  if (basic !== null) {
    const [, username = '', password = ''] = basic
    return { credentials: { basic: { username, password } }, caller: 'currentUser', subject: null }
  }
  try {
    const { subject, version } = parseToken(text)
    return {
      credentials: { token: text },
      caller: subject.type === 'oneprovider' ? 'currentProvider' : 'currentUser',
      subject: version === 1 ? null : subject,
    }
  } catch (cause) {
    const message = 'the credential file holds neither a token nor USER:PASSWORD'
    throw new CommandFailure(message, { cause })
  }
}

/** The Onezone that the flags mean. Throws a `UsageError` where there is none. */
export function readOnezoneUrl(args: Arguments): string {
  const url = args.text('onezone-url')
  if (url === undefined) throw new UsageError('--onezone-url URL is missing')
  return url
}

/**
 * Makes a client of a Onezone that was given as `--onezone-url`, through the proxy that the environment names for it.
 * Throws a `UsageError` where that makes no sense.
 */
export function createClientAt(
  url: string,
  { env }: Pick<Terminal, 'env'>,
  options: Omit<OnezoneClientOptions, 'url'> = {},
): OnezoneClient {
  try {
    return createOnezoneClient({ url, proxy: proxyUrlFor(url, env), ...options })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`--onezone-url: ${error.message}`)
    throw error
  }
}
