import type { Sliced } from '../slices.ts'
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
  /** The same for a server that does not regard case, in paths or in patterns. */
  findFolded(question: RouteQuestion): Route | null
  /** Whether a route counts before another, and their paths differ in more than case and what follows a final slash. */
  outranks(route: Route, other: Route): boolean
  /** Whether case could lead from the route of a path to another. */
  caseMatters(path: string): boolean
  /** Whether a final slash could. */
  readonly slashMatters: boolean
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
 * Makes the table of routes, in slices: the first that matches host, path and method counts. Routes are filed by their
 * first segment, so that a request is compared with those only that could match.
 */
export function* assembleRouteTable<Route extends RouteMatch>(
  routes: readonly Route[],
): Sliced<RouteTable<Route>> {
  const ranks = new Map(routes.map((route, rank) => [route, rank]))
  const several = routes.length > 1
  const hasCapitals = routes.some(({ path }) => /[A-Z]/.test(path))
  const exact = yield* assembleFinder(routes, (path) => path)
  const folded = hasCapitals ? yield* assembleFinder(routes, (path) => path.toLowerCase()) : exact
  return {
    find: ({ method, hostName, path }) => exact.find(method, hostName, path),
    findFolded: ({ method, hostName, path }) => folded.find(method, hostName, path.toLowerCase()),
    outranks: (route, other) =>
      (ranks.get(route) ?? 0) < (ranks.get(other) ?? 0) &&
      bareOf(route.path) !== bareOf(other.path),
    caseMatters: (path) => several && (hasCapitals || /[A-Z]/.test(path)),
    slashMatters: several && routes.some(({ path }) => !path.endsWith('/**')),
    methodsFor({ hostName, path }) {
      const methods = new Set<string>()
      for (const row of exact.rowsFor(path)) {
        if (!row.matchesPath(path) || row.matchesHost?.(hostName) === false) continue
        for (const method of row.methods ?? []) methods.add(method)
      }
      return [...methods]
    },
  }
}

/** `/docs`, `/Docs/` and `/docs/**` are one to who does not mind case and a final slash. */
function bareOf(pattern: string): string {
  return pattern.toLowerCase().replace(/\/(?:\*\*)?$/, '')
}

interface Finder<Route> {
  rowsFor(path: string): readonly Row<Route>[]
  find(method: string, hostName: string, path: string): Route | null
}

/** @param spell Writes the paths of routes as those will be that are looked up. */
function* assembleFinder<Route extends RouteMatch>(
  routes: readonly Route[],
  spell: (path: string) => string,
): Sliced<Finder<Route>> {
  const own = new Map<string, Row<Route>[]>()
  const others: Row<Route>[] = []
  const ranks = new Map<Row<Route>, number>()
  const file = (route: Route, rank: number): void => {
    const path = spell(route.path)
    const row = rowOf(route, path)
    const segment = firstLiteral(path)
    ranks.set(row, rank)
    const rows = segment === null ? others : own.get(segment)
    if (rows === undefined) own.set(segment ?? '', [row])
    else rows.push(row)
  }
  for (const [rank, route] of routes.entries()) {
    yield
    file(route, rank)
  }
  const rankOf = (row: Row<Route>): number => ranks.get(row) ?? 0
  const byFirstSegment = new Map<string, readonly Row<Route>[]>()
  for (const [segment, rows] of own) {
    if (others.length > 0) yield
    byFirstSegment.set(
      segment,
      others.length === 0 ? rows : [...rows, ...others].toSorted((a, b) => rankOf(a) - rankOf(b)),
    )
  }

  const rowsOf = (path: string): readonly Row<Route>[] =>
    byFirstSegment.get(firstSegment(path)) ?? others

  return {
    rowsFor: rowsOf,
    find(method, hostName, path) {
      for (const row of rowsOf(path)) {
        if (!row.matchesPath(path)) continue
        if (row.matchesHost !== null && !row.matchesHost(hostName)) continue
        if (row.methods === null || row.methods.has(method)) return row.route
      }
      return null
    },
  }
}

function rowOf<Route extends RouteMatch>(route: Route, path: string): Row<Route> {
  return {
    route,
    matchesPath: createPathMatcher(path),
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
