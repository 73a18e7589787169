import { createAdminApp } from '../admin/index.ts'
import type { AdminAppOptions } from '../admin/index.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { Listener } from '../listener.ts'
import { openListener } from '../listener.ts'

/** What operators see, whatever the configuration is. */
export type AdminView = Omit<AdminAppOptions, 'host' | 'token'>

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
  const appFor = ({ adminToken }: GatewayConfig) =>
    createAdminApp({ ...view, host, token: adminToken })
  const listener: Listener = await openListener({
    on: config.adminListen,
    door: { app: appFor(config) },
  })
  return {
    url: listener.url,
    change: (next) => void listener.use({ app: appFor(next) }),
    close: () => listener.drain(0),
  }
}
