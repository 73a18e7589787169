import { createAdminDoor, isLoopbackHost } from '../admin/index.ts'
import type { AdminAppOptions } from '../admin/index.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { Listener } from '../listener/index.ts'
import { openListener } from '../listener/index.ts'

/** What operators see, whatever the configuration is. */
export type AdminView = Omit<AdminAppOptions, 'host' | 'token' | 'page'>

/** The admin listener of a gateway. */
export interface AdminWindow {
  readonly url: string
  /** Asks for another token from now on. */
  change(config: GatewayConfig): void
  close(): Promise<void>
}

/**
 * Opens it.
 *
 * @throws {Error} the system's own where it cannot be opened (`EADDRINUSE` …).
 */
export async function openAdminWindow(
  config: GatewayConfig,
  view: AdminView,
): Promise<AdminWindow> {
  const { host } = config.adminListen
  const doorFor = ({ adminToken, adminPage }: GatewayConfig) =>
    createAdminDoor({
      ...view,
      host,
      token: adminToken,
      page: adminPage?.shown ?? isLoopbackHost(host),
    })
  const listener: Listener = await openListener({
    on: config.adminListen,
    door: doorFor(config),
    onFault: (error) => view.logger?.error({ err: error }, 'an admin request could not be handled'),
  })
  return {
    url: listener.url,
    change: (next) => void listener.use(doorFor(next)),
    close: () => listener.drain(0),
  }
}
