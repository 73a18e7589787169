import type { ConfigSources, GatewayConfig } from '../config/index.ts'
import { loadConfig } from '../config/index.ts'
import { isLong, loadApart } from './config-apart.ts'
import { watchFiles } from '../gateway/file-watch.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Log } from './log.ts'

/** A configuration, and the files that it was read from. */
export interface LoadedConfig {
  readonly config: GatewayConfig
  readonly files: ReadonlySet<string>
}

/**
 * Loads a configuration and notes its files.
 *
 * @param files Where they are noted, even if there is no configuration in the end.
 * @throws {ConfigError} with every problem.
 */
export async function loadWithFiles(
  sources: ConfigSources,
  files: Set<string> = new Set(),
): Promise<LoadedConfig> {
  const config = await loadConfig({ ...sources, onFile: (name) => void files.add(name) })
  return { config, files }
}

/** Where a gateway that runs gets its configuration from, again and again. */
export interface ReloadingOptions {
  readonly sources: ConfigSources
  readonly loaded: LoadedConfig
  readonly gateway: Pick<Gateway, 'reload'>
  readonly log: Log
  /** File name of the program of a thread that reads a long configuration. */
  readonly program: string
}

/**
 * Reloads the configuration on SIGHUP, and, unless `reload.watchFiles` says not to, when one of its files changes.
 *
 * @returns Stops doing so.
 */
export function startReloading(options: ReloadingOptions): () => void {
  const { sources, loaded, gateway, log, program } = options
  const { watchFiles: watches, intervalMs } = loaded.config.reload
  let { files } = loaded

  async function reload(): Promise<void> {
    const read = new Set<string>()
    await gateway.reload(async () => {
      try {
        const config = (await isLong(sources))
          ? await loadApart(program, sources, read)
          : (await loadWithFiles(sources, read)).config
        files = read
        log.level = config.log.level
        return config
      } catch (error) {
        // A file that is the reason may be one that was not watched yet.
        files = new Set([...files, ...read])
        throw error
      }
    })
  }

  const onHangup = (): void => {
    log.info({ signal: 'SIGHUP' }, 'reloading the configuration')
    void reload()
  }
  process.on('SIGHUP', onHangup)
  const watch =
    watches && files.size > 0
      ? watchFiles({ files: () => files, intervalMs, onChange: reload })
      : null
  return () => {
    process.off('SIGHUP', onHangup)
    watch?.close()
  }
}
