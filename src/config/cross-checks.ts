/**
 * Conditions that span several settings. They read the configuration as it was written, so that they are judged even
 * where the schema has refused something else: all problems are told at once.
 *
 * @module
 */

import { clashingHeaderNames, resolveServicePolicy } from '../authenticator/index.ts'
import { formatListenAddress, parseListenAddress } from './listen-address.ts'
import { isGroup, waysToGive } from './overlay.ts'
import { formatPath, problemOf, type Finding, type SettingPath } from './problems.ts'
import { checkRouteMatch, checkRouteOrder, checkUpstream } from './route-checks.ts'
import { checkRouteVerifier, checkVerifier, verifierSectionOf } from './verifier-checks.ts'

type Group = Readonly<Record<string, unknown>>

/** Finds what is wrong between settings. */
export function crossCheck(config: Group): Finding[] {
  const routes = Array.isArray(config['routes']) ? (config['routes'] as unknown[]) : []
  return [
    ...checkListeners(config),
    ...checkTls(groupAt(config, 'tls')),
    ...checkVerifier(config),
    ...checkBound(config),
    ...checkWatch(config),
    ...checkSources(config),
    ...checkUpstream(config['upstream'], ['upstream']),
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

function checkTls({ certFile, keyFile, clientCaFile, clientAuth, http2 }: Group): Finding[] {
  if (http2 === true && certFile === undefined && keyFile === undefined) {
    const message = 'needs tls.certFile and tls.keyFile: HTTP/2 is spoken over TLS only'
    return [{ path: ['tls', 'http2'], message }]
  }
  const path = ['tls', 'clientAuth']
  if (clientCaFile === undefined && (clientAuth === 'request' || clientAuth === 'require')) {
    return [{ path, message: 'needs tls.clientCaFile: whose certificates are to be believed' }]
  }
  if (clientCaFile !== undefined && clientAuth === 'none') {
    const message = 'makes tls.clientCaFile useless; remove that, or ask for certificates'
    return [{ path, message }]
  }
  return []
}

function normalAddress(text: unknown): string | undefined {
  try {
    return typeof text === 'string' ? formatListenAddress(parseListenAddress(text)) : undefined
  } catch {
    return undefined
  }
}

/** An answer that takes as long as it may must not be too old when it comes. */
function checkBound(config: Group): Finding[] {
  const bound = groupAt(config, 'verdicts')['maxStalenessMs'] ?? 10_000
  const section = verifierSectionOf(config) ?? 'onezone'
  const timeout = groupAt(config, section)['totalTimeoutMs'] ?? 2_500
  if (typeof bound !== 'number' || typeof timeout !== 'number') return []
  if (bound < 100 || bound >= timeout) return []
  const message = `is less than ${section}.totalTimeoutMs (${timeout}): an answer could be too old when it comes; raise it, or lower that`
  return [{ path: ['verdicts', 'maxStalenessMs'], message }]
}

/** A watch that looks more seldom than facts are renewed finds nothing first. */
function checkWatch(config: Group): Finding[] {
  const onezone = groupAt(config, 'onezone')
  const interval = onezone['watchIntervalMs'] ?? 2_000
  const bound = groupAt(config, 'verdicts')['maxStalenessMs'] ?? 10_000
  if (onezone['watchTokenFile'] === undefined) return []
  if (typeof interval !== 'number' || typeof bound !== 'number' || interval < bound) return []
  const message = `must be less than verdicts.maxStalenessMs (${bound}): otherwise the watch finds nothing first`
  return [{ path: ['onezone', 'watchIntervalMs'], message }]
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
    for (const key of ['optional', 'interface', 'inviteType', 'subjects', 'scopes', 'caveats']) {
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
  const { service } = groupAt(route, 'caveats')
  if (service === 'verify' || service === 'as-onezone') {
    const hasServiceToken = groupAt(config, 'onezone')['serviceTokenFile'] !== undefined
    const problem = problemOf(() => resolveServicePolicy(service, hasServiceToken))
    if (problem !== null) find(['caveats', 'service'], `${problem} (see onezone.serviceTokenFile)`)
  }
  findings.push(...checkRouteVerifier(route, path, config))
  findings.push(...checkRouteMatch(route, path))
  findings.push(...checkUpstream(route['upstream'], [...path, 'upstream']))
  findings.push(...checkHeaders(groupAt(route, 'headers'), [...path, 'headers']))
  return findings
}

function checkHeaders(headers: Group, path: SettingPath): Finding[] {
  const names = Object.entries(headers).filter(([, name]) => typeof name === 'string')
  return clashingHeaderNames(Object.fromEntries(names)).map(({ fact, other }) => ({
    path: [...path, fact],
    message: `is the name of "${other}" already`,
  }))
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
