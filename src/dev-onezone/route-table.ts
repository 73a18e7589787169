import type { Route } from './route.ts'

/** What is found at a path. */
export interface RouteMatch {
  readonly params: Readonly<Record<string, string>>
  /** By method. */
  readonly routes: ReadonlyMap<string, Route>
}

/** Finds the routes of a decoded path; null if there are none. */
export type RouteTable = (segments: readonly string[]) => RouteMatch | null

export function createRouteTable(routes: readonly Route[]): RouteTable {
  const places = new Map<string, { pattern: readonly Segment[]; routes: Map<string, Route> }>()
  for (const route of routes) {
    const place = places.get(route.path) ?? {
      pattern: route.path.split('/').slice(1).map(parseSegment),
      routes: new Map<string, Route>(),
    }
    place.routes.set(route.method, route)
    places.set(route.path, place)
  }

  return (segments) => {
    for (const place of places.values()) {
      const params = paramsOf(place.pattern, segments)
      if (params !== null) return { params, routes: place.routes }
    }
    return null
  }
}

/**
 * The decoded segments of a request path. A trailing slash does not count, and dot segments are followed (RFC 3986,
 * §5.2.4), encoded ones too. A segment may be empty.
 *
 * @returns null if the percent-encoding is malformed
 */
export function segmentsOf(path: string): readonly string[] | null {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return null
  const given = path.split('/').slice(1)
  if (given.at(-1) === '') given.pop()
  const segments: string[] = []
  for (const segment of given.map(decode)) {
    if (segment === '..') segments.pop()
    else if (segment !== '.') segments.push(segment)
  }
  return segments
}

/** Octets that are no UTF-8 become U+FFFD, which stands in no id: a path with them is valid and leads nowhere. */
function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  const octets = segment.replace(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  )
  return Buffer.from(octets, 'latin1').toString('utf8')
}

/** A segment of a route's path: a fixed text, or the name of a parameter. */
type Segment = { readonly text: string } | { readonly param: string }

function parseSegment(text: string): Segment {
  const param = /^\{(\w+)\}$/.exec(text)?.[1]
  return param === undefined ? { text } : { param }
}

function paramsOf(
  pattern: readonly Segment[],
  segments: readonly string[],
): Record<string, string> | null {
  if (pattern.length !== segments.length) return null
  const params: Record<string, string> = {}
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (!('text' in expected)) params[expected.param] = segment
    else if (segment !== expected.text) return null
  }
  return params
}
