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
import { createRequestRecorder, DRY_RUN_OPTION } from './dry-run.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { readProfiles, type Profile } from './profiles.ts'
import { describeRefusal } from './refusal-words.ts'
import { printable, type Terminal } from './terminal.ts'
import { readSecretFile } from './token-input.ts'

/** Flag of every command that calls Onezone. */
export const ONEZONE_URL_OPTION: OptionSpec = {
  value: 'URL',
  help: 'Onezone (ONEGATE_ONEZONE_URL, ONEZONE_HOST, the profile); http:// only on this machine.',
}

/** Flag of every command that may use a profile. */
export const PROFILE_OPTION: OptionSpec = {
  value: 'NAME',
  help: 'What "onegate login" stored under that name (ONEGATE_PROFILE, or the latest).',
}

/** Flags of every command that calls Onezone as somebody. */
export const ACCESS_OPTIONS: OptionSpecs = {
  'onezone-url': ONEZONE_URL_OPTION,
  'auth-file': {
    value: 'FILE',
    help: "File with the caller's token, or USER:PASSWORD (ONEGATE_AUTH_FILE, ONEZONE_API_KEY, profile).",
  },
  profile: PROFILE_OPTION,
  'dry-run': DRY_RUN_OPTION,
}

/** Exit codes of these commands. */
export const ACCESS_EXITS: readonly (readonly [number, string])[] = [
  [EXIT.failure, 'Onezone refused it, or it could not be done; standard error says why'],
  [EXIT.unknown, 'nobody could say: Onezone cannot be reached or gave no usable answer'],
]

/** Access to a Onezone as somebody. */
export interface OnezoneAccess {
  readonly client: OnezoneClient
  /** Base URL of the Onezone. */
  readonly url: string
  /** Who the caller is, as the paths of the API have it. */
  readonly caller: 'currentUser' | 'currentProvider'
  /** Who the caller is; null where only Onezone knows: behind a password or a legacy token. */
  readonly subject: Subject | null
}

/** What a call takes at most: a person waits for it, and lists have no pages. */
const LIMITS = { totalTimeoutMs: 15_000, maxAnswerBytes: 64 * 1024 * 1024 }

/**
 * Does something at the Onezone, and as the caller, that flags, environment or profile say.
 *
 * @throws {UsageError} for flags that make no sense, before anything is sent.
 * @throws {CommandFailure} exit code 1 where Onezone says no, 3 where nobody could say.
 */
export async function withOnezone(
  args: Arguments,
  terminal: Terminal,
  work: (access: OnezoneAccess) => Promise<number>,
): Promise<number> {
  const url = await readOnezoneUrl(args, terminal)
  const credential = await readCredential(args, terminal)
  return asCaller(terminal, { url, credential }, work, args)
}

/** The same, as the holder of a credential; and with `args` a dry run, if they ask for one. */
export async function asCaller(
  terminal: Terminal,
  { url, credential }: { readonly url: string; readonly credential: string },
  work: (access: OnezoneAccess) => Promise<number>,
  args?: Arguments,
): Promise<number> {
  const { credentials, ...caller } = readCaller(credential)
  return withClient(args, terminal, { url, credentials }, (client) =>
    work({ client, url, ...caller }),
  )
}

/** Does something at a Onezone as nobody in particular, or a dry run of it. */
export async function asNobody(
  args: Arguments,
  terminal: Terminal,
  url: string,
  work: (client: OnezoneClient) => Promise<number>,
): Promise<number> {
  return withClient(args, terminal, { url }, work)
}

async function withClient(
  args: Arguments | undefined,
  terminal: Terminal,
  { url, credentials }: Pick<OnezoneClientOptions, 'url' | 'credentials'>,
  work: (client: OnezoneClient) => Promise<number>,
): Promise<number> {
  const recorder = args?.has('dry-run') ? createRequestRecorder(url) : null
  const dispatcher = recorder?.dispatcher
  const client = createClientAt(url, terminal, { credentials, dispatcher, ...LIMITS })
  try {
    return await work(client)
  } catch (error) {
    if (recorder?.print(terminal, args?.has('json') ?? false)) return EXIT.ok
    throw told(error)
  } finally {
    await client.close()
  }
}

/** What went wrong at Onezone, as it is told. */
function told(error: unknown): unknown {
  if (error instanceof OnezoneApiError) {
    return new CommandFailure(printable(`Onezone refused: ${describeRefusal(error)}`), {
      cause: error,
      facts: { onezone: { status: error.status, id: error.id } },
    })
  }
  if (!(error instanceof OnezoneFaultError)) return error
  const isDone = error.code === 'ERR_ONEZONE_RESET' || error.code === 'ERR_ONEZONE_TIMEOUT'
  const hint = 'If something was to be changed, it may be so now: look before you try again.'
  return new CommandFailure(`nobody could say: ${error.message}`, {
    cause: error,
    exitCode: EXIT.unknown,
    ...(isDone ? { hint } : {}),
    facts: { fault: error.code },
  })
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

/** The profile that is meant; null: none is stored, and none was named. */
async function profileOf(args: Arguments, { env }: Terminal): Promise<Profile | null> {
  const named = args.text('profile') ?? (env['ONEGATE_PROFILE'] || undefined)
  const stored = await readProfiles(env)
  const name = named ?? stored?.current
  if (name === undefined) return null
  const { profiles = {} } = stored ?? {}
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile !== undefined) return profile
  if (named === undefined) return null
  const names = Object.keys(profiles)
  const known = names.length === 0 ? 'none is stored' : `there are ${names.join(', ')}`
  throw new UsageError(`there is no profile of that name; ${printable(known)}: onegate login`)
}

/** What the variables of other tools of Onedata say, where no profile is named. */
function otherToolsOf(args: Arguments, { env }: Terminal): { url?: string; credential?: string } {
  if (args.has('profile') || env['ONEGATE_PROFILE']) return {}
  const { ONEZONE_HOST: host, ONEZONE_API_KEY: credential } = env
  return {
    ...(host ? { url: /^https?:\/\//i.test(host) ? host : `https://${host}` } : {}),
    ...(credential ? { credential } : {}),
  }
}

/** The caller's credential: flag, environment, profile. Throws a `UsageError` where there is none. */
async function readCredential(args: Arguments, terminal: Terminal): Promise<string> {
  const file = args.text('auth-file') ?? (terminal.env['ONEGATE_AUTH_FILE'] || undefined)
  if (file !== undefined) {
    return (await readSecretFile(file, 'credential')).toString('utf8').trim()
  }
  const given = args.text('onezone-url') ?? (terminal.env['ONEGATE_ONEZONE_URL'] || undefined)
  const others = otherToolsOf(args, terminal)
  if (others.credential !== undefined) {
    if (given === undefined || others.url === undefined || isSameUrl(given, others.url)) {
      return others.credential.trim()
    }
    throw new UsageError(
      'ONEZONE_API_KEY is for ONEZONE_HOST, another Onezone; give --auth-file FILE',
    )
  }
  const profile = await profileOf(args, terminal)
  if (profile === null) {
    throw new UsageError('--auth-file FILE is missing; or store a credential: onegate login')
  }
  // A credential is for the Onezone that it was stored with, and must get to no other.
  const elsewhere = given ?? others.url
  if (elsewhere !== undefined && !isSameUrl(elsewhere, profile.onezoneUrl)) {
    throw new UsageError(
      'the stored credential is for another Onezone; give --auth-file FILE, or log in there',
    )
  }
  return profile.credential
}

function isSameUrl(a: string, b: string): boolean {
  const same = (url: string): string => url.replace(/\/+$/, '').toLowerCase()
  return same(a) === same(b)
}

/** The Onezone that is meant: flag, environment, profile. Throws a `UsageError` where there is none. */
export async function readOnezoneUrl(args: Arguments, terminal: Terminal): Promise<string> {
  const given = args.text('onezone-url') ?? (terminal.env['ONEGATE_ONEZONE_URL'] || undefined)
  if (given !== undefined) return given
  const { url } = otherToolsOf(args, terminal)
  if (url !== undefined) return url
  const profile = await profileOf(args, terminal)
  if (profile !== null) return profile.onezoneUrl
  throw new UsageError(
    '--onezone-url URL is missing; or set ONEGATE_ONEZONE_URL, or log in: onegate login',
  )
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
    // In a dry run there is no way to go through a proxy.
    const proxy = options.dispatcher === undefined ? proxyUrlFor(url, env) : undefined
    return createOnezoneClient({ url, proxy, ...options })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`--onezone-url: ${error.message}`)
    throw error
  }
}
