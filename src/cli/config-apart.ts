import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'

import type { ConfigSources, GatewayConfig, RouteConfig } from '../config/index.ts'
import { withKeyOfThisProcess, withOrigins } from '../config/index.ts'
import type { ConfigProblem } from '../errors.ts'
import { ConfigError } from '../errors.ts'

/** What `config-thread` says, in this order: the frame, its routes, where they stand, the end; or why there is none. */
export type ConfigPiece =
  | { readonly kind: 'frame'; readonly config: GatewayConfig; readonly files: readonly string[] }
  | { readonly kind: 'routes'; readonly routes: readonly RouteConfig[] }
  | { readonly kind: 'origins'; readonly origins: readonly (readonly [string, string])[] }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'failure'
      /** Null: it was another error. */
      readonly problems: readonly ConfigProblem[] | null
      readonly error: unknown
      readonly files: readonly string[]
    }

/** Files up to this size are read in a few milliseconds, and a thread would cost more than that. */
const SMALL_BYTES = 16 * 1024

/** Whether a configuration is so long that reading it would hold requests up. */
export async function isLong({ file }: ConfigSources): Promise<boolean> {
  if (file === undefined) return false
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  return size > SMALL_BYTES
}

/**
 * Loads a configuration in a thread of its own, as `loadConfig` does.
 *
 * @param program File name of `config-thread`.
 * @param files Gets the name of each file that was read.
 * @throws {ConfigError} with every problem.
 */
export async function loadApart(
  program: string,
  { file, env, flags }: ConfigSources,
  files: Set<string>,
): Promise<GatewayConfig> {
  const thread = new Worker(program, { workerData: { file, env: { ...env }, flags } })
  const ended = new AbortController()
  thread.once('exit', () => ended.abort())
  const next = async (): Promise<ConfigPiece> => {
    thread.postMessage(null)
    const [piece] = await once(thread, 'message', { signal: ended.signal })
    return piece as ConfigPiece
  }
  try {
    let frame: GatewayConfig | null = null
    const routes: RouteConfig[] = []
    const origins: Record<string, string> = {}
    for (;;) {
      const piece = await next()
      if (piece.kind === 'frame') frame = await withKeyOfThisProcess(piece.config)
      else if (piece.kind === 'routes') routes.push(...piece.routes)
      else if (piece.kind === 'origins') Object.assign(origins, Object.fromEntries(piece.origins))
      else if (piece.kind === 'end' && frame !== null)
        return withOrigins({ ...frame, routes }, origins)
      if ('files' in piece) for (const name of piece.files) files.add(name)
      if (piece.kind === 'failure') {
        throw piece.problems === null ? piece.error : new ConfigError(piece.problems)
      }
    }
  } finally {
    await thread.terminate()
  }
}
