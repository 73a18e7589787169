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
  const earlierOf = createEarlierRoutes()
  return routes.map(matchOf).flatMap((match, index) => {
    if (match === null) return []
    const earlier = earlierOf(match, index)
    if (earlier === null) return []
    const other = formatPath(['routes', earlier.index])
    const message = covers(match, earlier.match)
      ? `is the path of ${other} already; remove one of the two`
      : `can never match, since ${other} (${routeTitle(earlier.match)}) comes first and matches it too; move this route up`
    return [{ path: ['routes', index, 'path'], message }]
  })
}

interface Placed {
  readonly index: number
  readonly match: RouteMatch
}

/** Where the paths of routes lead that were looked at: a step for each segment, all parameters being one. */
interface Step {
  readonly next: Map<string, Step>
  /** Routes that end here, by their hosts. */
  readonly closed: Map<string, Placed[]>
  /** Routes that take all that goes on from here. */
  readonly open: Map<string, Placed[]>
}

/**
 * Makes the function that finds the first of all routes that it was asked about before, and that takes all requests of
 * this one. Compared are those only whose paths and hosts could.
 */
function createEarlierRoutes(): (match: RouteMatch, index: number) => Placed | null {
  const root = newStep()

  function candidates({ path, hosts }: RouteMatch): Placed[] {
    const { segments, open } = readPattern(path)
    const keys = [ANY_HOST, ...(hosts === undefined ? [] : keysOfHost(hosts[0] ?? ''))]
    const at = (filed: Step['open']): Placed[] => keys.flatMap((key) => filed.get(key) ?? [])
    const found: Placed[] = []
    let steps = [root]
    for (const segment of segments) {
      found.push(...steps.flatMap((step) => at(step.open)))
      const ways = segment === '' || segment === PARAMETER ? [segment] : [segment, PARAMETER]
      steps = steps
        .flatMap(({ next }) => ways.map((way) => next.get(way)))
        .filter((step) => step !== undefined)
    }
    found.push(...steps.flatMap((step) => [...at(step.open), ...(open ? [] : at(step.closed))]))
    return found.toSorted((a, b) => a.index - b.index)
  }

  function file(placed: Placed): void {
    const { segments, open } = readPattern(placed.match.path)
    let step = root
    for (const segment of segments) {
      const next = step.next.get(segment) ?? newStep()
      step.next.set(segment, next)
      step = next
    }
    const filed = open ? step.open : step.closed
    for (const host of new Set(placed.match.hosts ?? [ANY_HOST])) {
      const others = filed.get(host)
      if (others === undefined) filed.set(host, [placed])
      else others.push(placed)
    }
  }

  return (match, index) => {
    const found = candidates(match).find((earlier) => covers(earlier.match, match)) ?? null
    file({ match, index })
    return found
  }
}

function newStep(): Step {
  return { next: new Map(), closed: new Map(), open: new Map() }
}

/** No segment of a request is taken for one: it stands for any. */
const PARAMETER = ':'

function readPattern(path: string): { segments: string[]; open: boolean } {
  const open = path.endsWith('/**')
  const written = (open ? path.slice(0, -3) : path).split('/').slice(1)
  return { segments: written.map((each) => (each.startsWith(':') ? PARAMETER : each)), open }
}

/** No host is called so. */
const ANY_HOST = ''

/** The hosts that take a host: itself, and any name in place of its first label. */
function keysOfHost(host: string): string[] {
  return [host, `*${host.slice(Math.max(0, host.indexOf('.')))}`]
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
