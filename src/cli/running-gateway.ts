import { isJsonObject, type JsonObject } from '../json.ts'
import type { Arguments, OptionSpecs } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { printable, type Terminal } from './terminal.ts'
import { readSecretFile } from './token-input.ts'

const DEFAULT_ADMIN = 'http://127.0.0.1:9090'
const TIMEOUT_MS = 10_000

/** Flags of every command that speaks to a running gateway. */
export const ADMIN_OPTIONS: OptionSpecs = {
  admin: {
    value: 'URL',
    help: `The gateway's admin listener (ONEGATE_ADMIN, or ${DEFAULT_ADMIN}).`,
  },
  'admin-token-file': {
    value: 'FILE',
    help: 'File with its admin token, where it wants one (ONEGATE_ADMIN_TOKEN_FILE).',
  },
}

/** Exit codes of these commands. */
export const ADMIN_EXITS: readonly (readonly [number, string])[] = [
  [EXIT.failure, 'the gateway refused it, or it could not be done; standard error says why'],
  [EXIT.unknown, 'the gateway cannot be reached, or gave no usable answer'],
]

/** A gateway that is running. */
export interface RunningGateway {
  /** Base URL of its admin listener, without a slash. */
  readonly url: string
  get(path: string): Promise<JsonObject>
  post(path: string, body: object): Promise<JsonObject>
}

/**
 * The gateway that flags or environment mean.
 *
 * @throws {UsageError} for a URL that is none.
 */
export async function runningGateway(args: Arguments, { env }: Terminal): Promise<RunningGateway> {
  const url = readAdminUrl(args.text('admin') ?? (env['ONEGATE_ADMIN'] || DEFAULT_ADMIN))
  const file = args.text('admin-token-file') ?? (env['ONEGATE_ADMIN_TOKEN_FILE'] || undefined)
  const token =
    file === undefined ? null : (await readSecretFile(file, 'admin token')).toString('utf8').trim()
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` }

  return {
    url,
    get: (path) => call(url + path, { headers }),
    post: (path, body) =>
      call(url + path, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
  }
}

function readAdminUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '') {
    throw new UsageError('--admin must be a URL such as http://127.0.0.1:9090')
  }
  return url.origin
}

async function call(url: string, init: RequestInit): Promise<JsonObject> {
  let response: Response
  let answer: unknown
  try {
    response = await fetch(url, {
      ...init,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const { cause, message } = error as Error
    const reason = isJsonObject(cause) || cause instanceof Error ? codeOf(cause) : message
    throw new CommandFailure(`no gateway answers at ${printable(new URL(url).origin)}: ${reason}`, {
      cause: error,
      exitCode: EXIT.unknown,
      hint: 'Name its admin listener by --admin URL.',
    })
  }
  try {
    answer = await response.json()
  } catch (cause) {
    throw noGateway(url, cause)
  }
  if (!isJsonObject(answer)) throw noGateway(url)
  if (response.ok) return answer
  const { detail } = answer
  const says = typeof detail === 'string' ? detail : `status ${response.status}`
  throw new CommandFailure(printable(`the gateway refused: ${says}`), {
    facts: { status: response.status },
  })
}

function codeOf(cause: object): string {
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : 'it cannot be reached'
}

function noGateway(url: string, cause?: unknown): CommandFailure {
  return new CommandFailure(
    `what answers at ${printable(new URL(url).origin)} is no admin listener of onegate 0.2 or newer`,
    { cause, exitCode: EXIT.unknown },
  )
}
