import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { loadConfig } from '../../src/config/index.ts'
import type { Gateway, GatewayOptions } from '../../src/gateway/index.ts'
import { createGateway } from '../../src/gateway/index.ts'

export interface GatewaySettings {
  readonly onezoneUrl: string
  /** Upstream of the one route that there is without `yaml`. */
  readonly upstream?: string
  /** A configuration file; what it leaves open comes from here. */
  readonly yaml?: string
  /** Files beside it, by name. */
  readonly files?: Readonly<Record<string, string>>
}

/**
 * A gateway on free ports, configured as an operator would, until the test ends. It then waits for no connection that
 * clients have kept open, unless `yaml` says how long with `shutdown`.
 */
export async function startGateway(
  settings: GatewaySettings,
  options: GatewayOptions = {},
): Promise<Gateway> {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-gateway-'))
  const file = join(directory, 'onegate.yaml')
  writeFileSync(file, settings.yaml ?? '{}')
  for (const [name, text] of Object.entries(settings.files ?? {})) {
    writeFileSync(join(directory, name), text)
  }
  const config = await loadConfig({
    file,
    env: {
      ONEGATE_LISTEN: '127.0.0.1:0',
      ONEGATE_ADMIN_LISTEN: '127.0.0.1:0',
      ONEGATE_ONEZONE_URL: settings.onezoneUrl,
      ...(/^shutdown:/m.test(settings.yaml ?? '') ? {} : { ONEGATE_SHUTDOWN_DRAIN_MS: '0' }),
      // The standard output of tests is not for that.
      ...(settings.yaml?.includes('accessLog') ? {} : { ONEGATE_ACCESS_LOG_TO: 'none' }),
      ...(settings.upstream === undefined ? {} : { ONEGATE_UPSTREAM: settings.upstream }),
    },
  }).finally(() => rmSync(directory, { recursive: true }))
  const gateway = await createGateway(config, options)
  onTestFinished(() => gateway.close())
  return gateway
}
