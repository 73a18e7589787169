/**
 * Which requests each route takes, and in what order.
 *
 * @module
 */

import { isJsonObject } from '../json.ts'
import {
  coversHosts,
  coversMethods,
  coversPath,
  parseRouteHost,
  parseRouteMethod,
  parseRoutePath,
} from '../routing/index.ts'
import type { RouteMatch } from '../routing/index.ts'
import { formatPath, type Finding } from './problems.ts'
import { readable } from './written.ts'

/** Finds routes that no request can reach, because those before them take all of theirs. */
export function checkRouteOrder(routes: readonly unknown[]): Finding[] {
  const matches = routes.map(matchOf)
  return matches.flatMap((match, index) => {
    if (match === null) return []
    const first = matches.findIndex(
      (earlier, at) => at < index && earlier !== null && covers(earlier, match),
    )
    const earlier = matches[first]
    if (!earlier) return []
    const other = formatPath(['routes', first])
    const message = covers(match, earlier)
      ? `is the path of ${other} already; remove one of the two`
      : `can never match, since ${other} (${routeTitle(earlier)}) comes first and matches it too; move this route up`
    return [{ path: ['routes', index, 'path'], message }]
  })
}

/** What a route is called that has no id: which requests it takes, in one line. */
export function routeTitle({ methods, hosts, path }: RouteMatch): string {
  const before = methods === undefined ? '' : `${methods.join(',')} `
  return `${before}${hosts?.join(',') ?? ''}${path}`
}

function covers(earlier: RouteMatch, later: RouteMatch): boolean {
  return (
    coversPath(earlier.path, later.path) &&
    coversHosts(earlier.hosts, later.hosts) &&
    coversMethods(earlier.methods, later.methods)
  )
}

/** What a route says about requests; null where some of it makes no sense. */
function matchOf(route: unknown): RouteMatch | null {
  if (!isJsonObject(route)) return null
  const path = readable(route['path'], parseRoutePath)
  const hosts = readableList(route['hosts'], parseRouteHost)
  const methods = readableList(route['methods'], parseRouteMethod)
  if (path === undefined || hosts === null || methods === null) return null
  return { path, hosts, methods }
}

function readableList(
  value: unknown,
  parse: (text: string) => string,
): string[] | undefined | null {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) return null
  const read = value.map((item) => readable(item, parse))
  return read.every((item) => item !== undefined) ? read : null
}
