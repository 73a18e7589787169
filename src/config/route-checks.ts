/**
 * Conditions on the routes: which requests each takes, in what order, and where they go. They read what was written, and
 * leave to the schema what it refuses.
 *
 * @module
 */

import {
  checkStripPrefix,
  coversHosts,
  coversMethods,
  coversPath,
  parseRouteHost,
  parseRouteMethod,
  parseRoutePath,
} from '../routing/index.ts'
import type { RouteMatch } from '../routing/index.ts'
import { parseUpstreamUrl, UPSTREAM_DEFAULTS } from '../upstream/index.ts'
import { isGroup } from './overlay.ts'
import { formatPath, problemOf, type Finding, type SettingPath } from './problems.ts'

type Group = Readonly<Record<string, unknown>>

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

/** Finds lists that let nothing pass, and prefixes that are none. */
export function checkRouteMatch(route: Group, path: SettingPath): Finding[] {
  const findings: Finding[] = []
  for (const key of ['hosts', 'methods']) {
    const list = route[key]
    if (Array.isArray(list) && list.length === 0) {
      const message = 'is empty, so nothing would match; remove it to match all'
      findings.push({ path: [...path, key], message })
    }
  }
  const prefix = route['stripPrefix']
  const pattern = readable(route['path'], parseRoutePath)
  if (typeof prefix === 'string' && typeof pattern === 'string') {
    const message = problemOf(() => checkStripPrefix(prefix, pattern))
    if (message !== null) findings.push({ path: [...path, 'stripPrefix'], message })
  }
  return findings
}

/** Finds what is wrong between the settings of an upstream that is a list or a group. */
export function checkUpstream(upstream: unknown, path: SettingPath): Finding[] {
  if (Array.isArray(upstream)) return checkUrls(upstream, path)
  if (!isGroup(upstream)) return []
  const { urls, ejection, tls } = upstream
  const list = Array.isArray(urls) ? (urls as unknown[]) : []
  const findings = Array.isArray(urls) ? checkUrls(list, [...path, 'urls']) : []
  const find = (at: readonly string[], message: string, atKey = false): void => {
    findings.push({ path: [...path, ...at], message, atKey })
  }
  if (isGroup(ejection)) {
    const { baseMs = UPSTREAM_DEFAULTS.ejection.baseMs } = ejection
    const { maxMs = UPSTREAM_DEFAULTS.ejection.maxMs } = ejection
    if (typeof baseMs === 'number' && typeof maxMs === 'number' && maxMs < baseMs) {
      const key = ejection['maxMs'] === undefined ? 'baseMs' : 'maxMs'
      find(['ejection', key], `makes maxMs (${maxMs}) less than baseMs (${baseMs})`)
    }
  }
  if (!isGroup(tls)) return findings
  if (Object.keys(tls).length > 0 && list.some((url) => isPlain(url))) {
    find(['tls'], 'is only for URLs that begin with https://', true)
  }
  for (const [given, missing] of [
    ['certFile', 'keyFile'],
    ['keyFile', 'certFile'],
  ] as const) {
    if (tls[given] !== undefined && tls[missing] === undefined) {
      find(['tls', given], `needs "${missing}" beside it`, true)
    }
  }
  return findings
}

function checkUrls(urls: readonly unknown[], path: SettingPath): Finding[] {
  if (urls.length === 0) return [{ path, message: 'is empty; name at least one URL' }]
  const known = urls.map((url) => readable(url, parseUpstreamUrl))
  return known.flatMap((url, index) => {
    const first = known.indexOf(url)
    if (typeof url !== 'string' || first === index) return []
    return [{ path: [...path, index], message: 'is in the list already; remove it' }]
  })
}

function isPlain(url: unknown): boolean {
  const known = readable(url, parseUpstreamUrl)
  return typeof known === 'string' && !known.startsWith('https:')
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
  if (!isGroup(route)) return null
  const path = readable(route['path'], parseRoutePath)
  const hosts = readableList(route['hosts'], parseRouteHost)
  const methods = readableList(route['methods'], parseRouteMethod)
  if (typeof path !== 'string' || hosts === null || methods === null) return null
  return { path, hosts, methods }
}

function readableList(
  value: unknown,
  parse: (text: string) => string,
): string[] | undefined | null {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) return null
  const read = value.map((item) => readable(item, parse))
  return read.every((item) => typeof item === 'string') ? read : null
}

function readable(value: unknown, parse: (text: string) => string): string | undefined {
  if (typeof value !== 'string') return undefined
  let read: string | undefined
  problemOf(() => (read = parse(value)))
  return read
}
