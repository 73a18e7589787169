import { Hono } from 'hono'
import type { Registry } from 'prom-client'

/** Options of {@link createAdminApp}. */
export interface AdminAppOptions {
  readonly registry: Registry
  /** Why the gateway should get no new requests, or null where it may. */
  readonly unreadiness: () => string | null
}

/**
 * Makes the window for operators: `GET /metrics` (Prometheus text format), `GET /livez` (the process runs) and
 * `GET /readyz` (it may get requests).
 */
export function createAdminApp(options: AdminAppOptions): Hono {
  const { registry, unreadiness } = options
  const app = new Hono()
  app.get('/metrics', async (c) =>
    c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
  )
  app.get('/livez', (c) => c.text('ok\n'))
  app.get('/readyz', (c) => {
    const reason = unreadiness()
    return reason === null ? c.text('ok\n') : c.text(`${reason}\n`, 503)
  })
  return app
}
