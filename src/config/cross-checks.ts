/**
 * Conditions that span several settings. They read the configuration as it was written, so that they are judged even
 * where the schema has refused something else: all problems are told at once.
 *
 * @module
 */

import { foldHeaderName } from './header-name.ts'
import { formatListenAddress, parseListenAddress } from './listen-address.ts'
import { isGroup, variableOf, waysToGive } from './overlay.ts'
import { formatPath, type Finding, type SettingPath } from './problems.ts'
import { coversPath, parseRoutePath } from './route-path.ts'
import { isLoopbackHost } from './service-url.ts'

type Group = Readonly<Record<string, unknown>>

/** Finds what is wrong between settings. */
export function crossCheck(config: Group): Finding[] {
  const routes = Array.isArray(config['routes']) ? (config['routes'] as unknown[]) : []
  return [
    ...checkListeners(config),
    ...checkOnezone(groupAt(config, 'onezone')),
    ...checkSources(config),
    ...routes.flatMap((route, index) =>
      isGroup(route) ? checkRoute(route, ['routes', index], config) : [],
    ),
    ...checkRouteOrder(routes),
    ...checkRouteIds(routes),
  ]
}

function checkListeners(config: Group): Finding[] {
  const [listen, admin] = ['listen', 'adminListen'].map((key) => normalAddress(config[key]))
  if (listen === undefined || listen !== admin || listen.endsWith(':0')) return []
  return [
    { path: ['adminListen'], message: 'is the same as "listen"; metrics are not for clients' },
  ]
}

function normalAddress(text: unknown): string | undefined {
  try {
    return typeof text === 'string' ? formatListenAddress(parseListenAddress(text)) : undefined
  } catch {
    return undefined
  }
}

function checkOnezone(onezone: Group): Finding[] {
  const url = onezone['url']
  if (typeof url !== 'string' || !URL.canParse(url)) return []
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'http:' || isLoopbackHost(hostname) || onezone['allowInsecureHttp'] === true) {
    return []
  }
  const message =
    'sends every token in the clear and lets anybody on the way forge answers; use https://, ' +
    `or set onezone.allowInsecureHttp: true (${variableOf(['onezone', 'allowInsecureHttp'])}=true)`
  return [{ path: ['onezone', 'url'], message }]
}

function checkSources(config: Group): Finding[] {
  const { routes, upstream } = config
  if (routes !== undefined && upstream !== undefined) {
    const message =
      'makes one route /** of its own, but "routes" are given too; remove one of the two'
    return [{ path: ['upstream'], message }]
  }
  if (routes === undefined && upstream === undefined) {
    const message = `are missing; list them in a configuration file, or make one route /** for access tokens by ${waysToGive(['upstream'])}`
    return [{ path: ['routes'], message }]
  }
  if (Array.isArray(routes) && routes.length === 0) {
    return [{ path: ['routes'], message: 'is empty; every request would get 404' }]
  }
  return []
}

function checkRoute(route: Group, path: SettingPath, config: Group): Finding[] {
  const findings: Finding[] = []
  const find = (at: SettingPath, message: string, atKey = false): void => {
    findings.push({ path: [...path, ...at], message, atKey })
  }
  if (route['token'] === 'none') {
    for (const key of ['optional', 'interface', 'inviteType', 'subjects', 'caveats']) {
      if (route[key] !== undefined) {
        find([key], 'has no meaning on a public route (token: none); remove it', true)
      }
    }
  } else if ((route['inviteType'] ?? null) !== null && route['token'] !== 'invite') {
    find(['inviteType'], 'is only for routes with "token: invite"; remove it', true)
  }
  for (const key of ['types', 'ids']) {
    const admitted = groupAt(route, 'subjects')[key]
    if (Array.isArray(admitted) && admitted.length === 0) {
      find(['subjects', key], 'is empty, so nobody could pass; remove it to admit everybody')
    }
  }
  const service = groupAt(route, 'caveats')['service']
  const hasServiceToken = groupAt(config, 'onezone')['serviceTokenFile'] !== undefined
  if (service === 'verify' && !hasServiceToken) {
    find(['caveats', 'service'], '"verify" needs onezone.serviceTokenFile; without it use "refuse"')
  }
  if (service === 'as-onezone' && hasServiceToken) {
    const message =
      '"as-onezone" contradicts onezone.serviceTokenFile; use "verify", or remove the file'
    find(['caveats', 'service'], message)
  }
  findings.push(...checkHeaders(groupAt(route, 'headers'), [...path, 'headers']))
  return findings
}

function checkHeaders(headers: Group, path: SettingPath): Finding[] {
  const seen = new Map<string, string>()
  const findings: Finding[] = []
  for (const [key, name] of Object.entries(headers)) {
    if (typeof name !== 'string') continue
    const other = seen.get(foldHeaderName(name))
    if (other !== undefined) {
      findings.push({ path: [...path, key], message: `is the name of "${other}" already` })
    }
    seen.set(foldHeaderName(name), key)
  }
  return findings
}

function checkRouteOrder(routes: readonly unknown[]): Finding[] {
  const paths = routes.map((route) => (isGroup(route) ? normalPath(route['path']) : undefined))
  return paths.flatMap((path, index) => {
    if (path === undefined) return []
    const first = paths.findIndex(
      (earlier, at) => at < index && earlier !== undefined && coversPath(earlier, path),
    )
    if (first < 0) return []
    const other = formatPath(['routes', first])
    const message =
      paths[first] === path
        ? `is the path of ${other} already; remove one of the two`
        : `can never match, since ${other} (${paths[first]}) comes first and matches it too; move this route up`
    return [{ path: ['routes', index, 'path'], message }]
  })
}

function normalPath(path: unknown): string | undefined {
  try {
    return typeof path === 'string' ? parseRoutePath(path) : undefined
  } catch {
    return undefined
  }
}

function checkRouteIds(routes: readonly unknown[]): Finding[] {
  const ids = routes.map((route) => (isGroup(route) ? route['id'] : undefined))
  return ids.flatMap((id, index) => {
    const first = ids.indexOf(id)
    if (typeof id !== 'string' || first === index) return []
    const message = `is the id of ${formatPath(['routes', first])} already; each route needs its own`
    return [{ path: ['routes', index, 'id'], message }]
  })
}

function groupAt(group: Group, key: string): Group {
  const value = group[key]
  return isGroup(value) ? value : {}
}
