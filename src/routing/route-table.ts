import { createHostMatcher, type HostMatcher } from './host-name.ts'
import type { RouteMatch } from './route-match.ts'
import { withHead } from './route-methods.ts'
import { createPathMatcher, literalPrefix, type PathMatcher } from './route-path.ts'

/** The part of a request that says which route it takes. */
export interface RouteQuestion {
  readonly method: string
  /** In its one spelling, without port. */
  readonly hostName: string
  readonly path: string
}

/** Which route a request takes. */
export interface RouteTable<Route> {
  /** The first route that matches; null: none does. */
  find(question: RouteQuestion): Route | null
  /** The methods of all routes that match but for the method; empty: there is none. */
  methodsFor(question: Omit<RouteQuestion, 'method'>): string[]
}

interface Row<Route> {
  readonly route: Route
  readonly matchesPath: PathMatcher
  /** Null: every host. */
  readonly matchesHost: HostMatcher | null
  /** Null: every method. */
  readonly methods: ReadonlySet<string> | null
}

/**
 * Makes the table of routes: the first that matches host, path and method counts. Routes are filed by their first
 * segment, so that a request is compared with those only that could match.
 */
export function createRouteTable<Route extends RouteMatch>(
  routes: readonly Route[],
): RouteTable<Route> {
  const filed = routes.map((route) => ({ row: rowOf(route), segment: firstLiteral(route.path) }))
  const rowsFor = (segment: string | null): Row<Route>[] =>
    filed.filter((each) => each.segment === null || each.segment === segment).map(({ row }) => row)
  const byFirstSegment = new Map<string, readonly Row<Route>[]>()
  for (const { segment } of filed) {
    if (segment !== null) byFirstSegment.set(segment, rowsFor(segment))
  }
  const others: readonly Row<Route>[] = rowsFor(null)

  return {
    find({ method, hostName, path }) {
      for (const row of byFirstSegment.get(firstSegment(path)) ?? others) {
        if (!row.matchesPath(path)) continue
        if (row.matchesHost !== null && !row.matchesHost(hostName)) continue
        if (row.methods === null || row.methods.has(method)) return row.route
      }
      return null
    },
    methodsFor({ hostName, path }) {
      const methods = new Set<string>()
      for (const row of byFirstSegment.get(firstSegment(path)) ?? others) {
        if (!row.matchesPath(path) || row.matchesHost?.(hostName) === false) continue
        for (const method of row.methods ?? []) methods.add(method)
      }
      return [...methods]
    },
  }
}

function rowOf<Route extends RouteMatch>(route: Route): Row<Route> {
  return {
    route,
    matchesPath: createPathMatcher(route.path),
    matchesHost: route.hosts === undefined ? null : createHostMatcher(route.hosts),
    methods: route.methods === undefined ? null : new Set(withHead(route.methods)),
  }
}

/** The segment that all paths of a pattern begin with; null: there is none. */
function firstLiteral(pattern: string): string | null {
  const prefix = literalPrefix(pattern)
  return prefix === '' ? null : firstSegment(prefix)
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return end === -1 ? path.slice(1) : path.slice(1, end)
}
