import {
  formatSocketAddress,
  parseListenAddress,
  type ListenAddress,
  type SocketAddress,
} from '../config/listen-address.ts'
import { CommandFailure, isSystemError, UsageError } from './failure.ts'

/** A listener that a command opens, and how its user names the address. */
export interface ListenerChoice {
  readonly address: SocketAddress
  /** The flag or setting that chooses it. */
  readonly setting: string
}

/**
 * Reads what `--listen` says.
 *
 * @throws {UsageError} for what is no address.
 */
export function readListenFlag(text: string): ListenAddress {
  try {
    return parseListenAddress(text)
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`--listen ${error.message}`)
    throw error
  }
}

/**
 * Opens listeners and tells a person which of their settings is to blame where that fails.
 *
 * @throws {CommandFailure} that names the setting.
 */
export async function openListeners<T>(
  choices: readonly ListenerChoice[],
  open: () => Promise<T>,
): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (!isSystemError(error)) throw error
    const choice = choices.find(({ address }) => failedAt(error, address)) ?? choices[0]
    if (choice === undefined) throw error
    const problem = `cannot listen on ${formatSocketAddress(choice.address)}: ${reasonOf(error.code, 'path' in choice.address)}`
    throw new CommandFailure(`${problem}; choose another with ${choice.setting}`, { cause: error })
  }
}

function failedAt(error: Error, address: SocketAddress): boolean {
  const failed = error as { port?: number; hostname?: string; address?: string; path?: string }
  if ('path' in address) return [failed.address, failed.path].includes(address.path)
  const { port: failedPort, hostname } = failed
  const { host, port } = address
  return hostname === undefined ? failedPort === port : hostname === host
}

function reasonOf(code: string, isFile: boolean): string {
  switch (code) {
    case 'EADDRINUSE':
      return isFile ? 'something listens there' : 'the port is in use'
    case 'EACCES':
      return 'permission denied'
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address'
    case 'ENOENT':
      return 'there is no such folder'
    case 'ENOTFOUND':
      return 'there is no such host'
    default:
      return code
  }
}
