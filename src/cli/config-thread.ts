/**
 * The program of a thread that reads a configuration, while the one that it is for carries traffic. It hands it over in
 * pieces, one for each message that it gets, because to take all routes at once would hold requests up.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads'

import type { ConfigSources } from '../config/index.ts'
import { originsOf } from '../config/index.ts'
import { ConfigError } from '../errors.ts'
import type { ConfigPiece } from './config-apart.ts'
import { loadWithFiles } from './reloading.ts'

/** Some milliseconds to take. */
const ROUTES_OF_PIECE = 100
const ORIGINS_OF_PIECE = 2_000

const files = new Set<string>()
const reading = pieces(workerData as ConfigSources)
parentPort?.on('message', () => {
  void reading.next().then(({ value }) => parentPort?.postMessage(value))
})

async function* pieces(sources: ConfigSources): AsyncGenerator<ConfigPiece, undefined> {
  try {
    const { config } = await loadWithFiles(sources, files)
    const { routes } = config
    yield { kind: 'frame', config: { ...config, routes: [] }, files: [...files] }
    for (let at = 0; at < routes.length; at += ROUTES_OF_PIECE) {
      yield { kind: 'routes', routes: routes.slice(at, at + ROUTES_OF_PIECE) }
    }
    const origins = Object.entries(originsOf(config) ?? {})
    for (let at = 0; at < origins.length; at += ORIGINS_OF_PIECE) {
      yield { kind: 'origins', origins: origins.slice(at, at + ORIGINS_OF_PIECE) }
    }
    yield { kind: 'end' }
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : null
    yield { kind: 'failure', problems, error, files: [...files] }
  }
  return undefined
}
