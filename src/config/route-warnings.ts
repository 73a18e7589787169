/**
 * What is allowed in routes, and yet worth a second look.
 *
 * @module
 */

import { createRouter, isRefusal, withHead } from '../routing/index.ts'
import type { RouteRequest } from '../routing/index.ts'
import type { RouteConfig } from './gateway-config.ts'
import { formatPath } from './problems.ts'
import { routeTitle } from './route-order.ts'

/** Something that a person should know about a setting that is allowed. */
export interface ConfigWarning {
  /** e.g. `routes[1]` */
  readonly path: string
  readonly message: string
}

/** Methods that change or list something, of those that routes may leave out. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']

const ANY_HOST = 'host.example'
const OTHER_HOST = 'other.example'

/**
 * Finds public routes that take near misses of a protected one: what an upstream may serve by the same code (a format
 * as suffix, another method, another name of the host), but without a token.
 */
export function warningsOf(routes: readonly RouteConfig[]): ConfigWarning[] {
  const router = createRouter(routes)
  return routes.flatMap((protectedRoute, at) => {
    if (protectedRoute.token === 'none') return []
    const taken = new Map<RouteConfig, string[]>()
    for (const request of nearMissesOf(protectedRoute)) {
      const found = router.find(request)
      if (isRefusal(found) || found.token !== 'none') continue
      const { method, target, host = ANY_HOST } = request
      const example = `${method} ${host === ANY_HOST ? '' : host}${target}`
      taken.set(found, [...(taken.get(found) ?? []), example])
    }
    const other = formatPath(['routes', at])
    return [...taken].map(([route, examples]) => ({
      path: formatPath(['routes', routes.indexOf(route)]),
      message:
        `is public, and takes near misses of ${other} (${routeTitle(protectedRoute)}): ` +
        `${examples.join(', ')}; if the upstream serves them, protect them too`,
    }))
  })
}

function nearMissesOf({ path, methods, hosts }: RouteConfig): RouteRequest[] {
  const target = path.replace(/\/\*\*$|\/$/, '').replace(/:[^/]*/g, 'x')
  const [method = 'GET'] = methods ?? []
  const host = (hosts?.[0] ?? ANY_HOST).replace(/^\*/, 'a')
  const open = path.endsWith('/**')
  const suffixes = open ? ['.json', '-x'] : ['.json', '-x', '/x']
  const paths = target === '' ? [] : suffixes.map((suffix) => target + suffix)
  const missing = methods === undefined ? [] : METHODS.filter(isNoneOf(withHead(methods)))
  const place = target === '' ? '/' : target
  return [
    ...paths.map((each) => ({ method, target: each, host })),
    ...missing.map((each) => ({ method: each, target: place, host })),
    ...(hosts === undefined ? [] : [{ method, target: place, host: OTHER_HOST }]),
  ]
}

function isNoneOf(methods: readonly string[]): (method: string) => boolean {
  return (method) => !methods.includes(method)
}
