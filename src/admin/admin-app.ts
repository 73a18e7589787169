import type { IncomingMessage } from 'node:http'

import type { Context, Handler } from 'hono'
import { Hono } from 'hono'

import { KEY_SET_FIELDS, KEY_SET_PATH } from '../assertion/index.ts'
import type { Logger } from '../logger.ts'
import { silentLogger } from '../logger.ts'
import type { AdminAction } from './admin-action.ts'
import type { AdminGuardOptions } from './admin-guard.ts'
import { createAdminGuards } from './admin-guard.ts'
import type { Explainer } from './explainer.ts'
import { createExplainRoute } from './explain-route.ts'
import type { Invalidate } from './invalidate-route.ts'
import { createInvalidateRoute } from './invalidate-route.ts'
import { readJsonBody } from './json-body.ts'
import { problem, ProblemError } from './problem.ts'
import type { FindRefusals } from './refusals-route.ts'
import { readRefusalQuery } from './refusals-route.ts'
import { addPage } from './page-routes.ts'
import { createStateRoute } from './state-route.ts'

/** Options of {@link createAdminApp}. */
export interface AdminAppOptions extends AdminGuardOptions {
  /** What is shown to Prometheus: a registry of prom-client fits. */
  readonly registry: { readonly contentType: string; metrics(): Promise<string> }
  /** Why the gateway should get no new requests, or null where it may. */
  readonly unreadiness: () => string | null
  readonly invalidate: Invalidate
  readonly explain: Explainer
  readonly refusals: FindRefusals
  /** The public keys of assertions, a JWK Set; null: none are signed. */
  readonly keySet?: (() => string | null) | undefined
  /** What the page and programs read as one document. */
  readonly state: () => Promise<object>
  /** Whether there is a page for people at `/`. */
  readonly page: boolean
  /** Gets a line for each invalidation. @default silentLogger */
  readonly logger?: Logger | undefined
}

/** What `@hono/node-server` gives to an app. */
export interface AdminBindings {
  readonly incoming: IncomingMessage
}

/**
 * Makes the window for operators: `GET /metrics` (Prometheus text format), `GET /livez` (the process runs), `GET
 * /readyz` (it may get requests), `GET /` (the page for people), and behind a guard `GET /state`, `GET /refusals`,
 * `POST /invalidate` and `POST /explain`, JSON in and out.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createAdminApp(options: AdminAppOptions): Hono<{ Bindings: AdminBindings }> {
  const { registry, unreadiness, logger = silentLogger } = options
  const guards = createAdminGuards(options)
  const app = new Hono<{ Bindings: AdminBindings }>()

  app.use(async (c, next) => {
    const refusal = guards.reading(c.req.raw.headers)
    if (refusal === null) await next()
    else c.res = problem(refusal)
  })
  app.get('/metrics', async (c) =>
    c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
  )
  // HAProxy's plain check of a path is OPTIONS.
  app.on(CHECKING, '/livez', (c) => c.text('ok\n'))
  app.on(CHECKING, '/readyz', (c) => {
    const reason = unreadiness()
    return reason === null ? c.text('ok\n') : c.text(`${reason}\n`, 503)
  })

  app.get(KEY_SET_PATH, (c) => {
    const keySet = options.keySet?.() ?? null
    if (keySet === null) return c.notFound()
    return c.body(keySet, 200, Object.fromEntries(pairsOf(KEY_SET_FIELDS)))
  })

  const guardedBy =
    (
      act: (c: Context<{ Bindings: AdminBindings }>) => Promise<object>,
    ): Handler<{ Bindings: AdminBindings }> =>
    async (c) => {
      try {
        const refusal = guards.orders(c.req.raw.headers)
        if (refusal !== null) throw refusal
        const done = await act(c)
        if (done instanceof Response) return done
        return c.json(done, 200, { 'Cache-Control': 'no-store' })
      } catch (error) {
        if (error instanceof ProblemError) return problem(error)
        // The text of an error that nobody foresaw may hold anything.
        logger.error({ path: c.req.path, err: error }, 'an admin request could not be handled')
        return problem(new ProblemError(500, 'The gateway failed to do it; its log says why'))
      }
    }
  const guarded = (action: AdminAction): Handler<{ Bindings: AdminBindings }> =>
    guardedBy(async (c) => action(await readJsonBody(c.req.raw), remoteAddressOf(c)))
  const answerState = createStateRoute(options.state)
  app.get(
    '/state',
    guardedBy((c) => answerState(c.req.header('If-None-Match'))),
  )
  addPage(app, options.page)
  app.get(
    '/refusals',
    guardedBy(async (c) => ({
      refusals: await options.refusals(readRefusalQuery(c.req.url)),
    })),
  )
  app.post('/invalidate', guarded(createInvalidateRoute(options.invalidate, logger)))
  app.post('/explain', guarded(createExplainRoute(options.explain)))
  for (const path of ['/invalidate', '/explain']) {
    const onlyPost = new ProblemError(405, 'Send a POST request', { Allow: 'POST' })
    app.all(path, () => problem(onlyPost))
  }
  return app
}

/** HEAD is answered as GET is. */
const CHECKING = ['GET', 'OPTIONS']

function pairsOf(fields: readonly string[]): [name: string, value: string][] {
  return fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? '']] : []))
}

function remoteAddressOf(c: Context<{ Bindings: AdminBindings }>): string {
  return c.env.incoming.socket.remoteAddress ?? 'unknown'
}
