/**
 * Conditions on routes: that there are some, what each demands, which requests it takes, and in what order.
 *
 * @module
 */

import {
  checkSupport,
  clashingHeaderNames,
  compileDataMapping,
  foldName,
  readConfiningCaveat,
  resolveServicePolicy,
  ROUTE_CHOICES,
} from '../authenticator/index.ts'
import { isJsonObject } from '../json.ts'
import { parseFixedName, problemOfOrigins } from '../proxy/index.ts'
import { checkStripPrefix, parseRoutePath } from '../routing/index.ts'
import { checkRouteAssertion } from './assertion-checks.ts'
import { waysToGive } from './overlay.ts'
import { formatPath, problemOf, type Finding, type SettingPath } from './problems.ts'
import { checkRouteOrder } from './route-order.ts'
import { checkUpstream } from './upstream-checks.ts'
import { checkRouteVerifier, verifierSectionOf } from './verifier-checks.ts'
import { findingsAt, groupAt, listAt, readable, type Findings, type Written } from './written.ts'

/** Finds what is wrong with the routes of a configuration. */
export function checkRoutes(config: Written): Finding[] {
  const routes = listAt(config, 'routes')
  const identity = identityNamesOf(routes)
  return [
    ...checkSources(config),
    ...checkCredentials(config['credentials'], []),
    ...routes.flatMap((route, index) =>
      isJsonObject(route) ? checkRoute(route, ['routes', index], config, identity) : [],
    ),
    ...checkRouteOrder(routes),
    ...checkRouteIds(routes),
  ]
}

function checkSources({ routes, upstream }: Written): Finding[] {
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

function checkRoute(
  route: Written,
  path: SettingPath,
  config: Written,
  identity: ReadonlySet<string>,
): Finding[] {
  const findings = findingsAt(path)
  checkDemands(route, findings)
  checkServiceCaveats(route, groupAt(config, 'onezone')['serviceTokenFile'] !== undefined, findings)
  checkMatch(route, findings)
  checkCors(groupAt(route, 'cors'), findings)
  checkUpstreamHeaders(groupAt(route, 'upstreamHeaders'), identity, findings)
  checkData(route, findings)
  checkForwardToken(route, config, findings)
  checkProviderTokens(route, config, findings)
  checkForwardAuth(route, groupAt(config, 'forwardAuth')['listen'] !== undefined, findings)
  return [
    ...findings.all,
    ...checkRouteVerifier(route, path, config),
    ...checkRouteAssertion(route, path, config),
    ...checkUpstream(route['upstream'], [...path, 'upstream']),
    ...checkHeaders(groupAt(route, 'headers'), [...path, 'headers']),
    ...(route['token'] === 'none' ? [] : checkCredentials(route['credentials'], path)),
  ]
}

/** Settings of a route that say something about a token. */
const ABOUT_TOKENS = [
  'optional',
  'identityProviderTokens',
  'interface',
  'inviteType',
  'subjects',
  'scopes',
  'caveats',
  'data',
  'assertion',
]

function checkDemands(route: Written, { find }: Findings): void {
  if (route['token'] === 'none') {
    for (const key of ABOUT_TOKENS) {
      if (route[key] === undefined) continue
      find([key], 'has no meaning on a public route (token: none); remove it', true)
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
}

function checkServiceCaveats(route: Written, hasServiceToken: boolean, { find }: Findings): void {
  const { service } = groupAt(route, 'caveats')
  if (service !== 'verify' && service !== 'as-onezone') return
  const problem = problemOf(() => resolveServicePolicy(service, hasServiceToken))
  if (problem !== null) find(['caveats', 'service'], `${problem} (see onezone.serviceTokenFile)`)
}

/** Whether what is to be enforced of data caveats can be. */
function checkData(route: Written, { find }: Findings): void {
  const { path, data } = route
  const enforced = groupAt(route, 'caveats')['data'] === 'enforce'
  if (!enforced) {
    if (data !== undefined) find(['data'], 'is only for "caveats.data: enforce"; remove it', true)
    return
  }
  const doors = [route['interface']].flat()
  if (doors.includes('graphsync')) {
    find(
      ['caveats', 'data'],
      'cannot be "enforce" with "interface: graphsync": its URL says nothing',
    )
  }
  if (!isJsonObject(data)) {
    find(['caveats', 'data'], 'needs "data" beside it: which files a request is about')
    return
  }
  if (typeof path !== 'string') return
  const problem = problemOf(() => compileDataMapping({ ...data, from: path }))
  if (problem !== null) find(['data'], problem)
}

/** Whether tokens of the route can be made weaker as it says. */
function checkForwardToken(route: Written, config: Written, { find }: Findings): void {
  const { forwardToken, token = 'access' } = route
  const kind = ROUTE_CHOICES.token.find((known) => known === token)
  if (!isJsonObject(forwardToken) || kind === undefined) return
  const at = ['forwardToken', 'confine']
  if (verifierSectionOf(config) === 'verifier') {
    return find(at, 'is for tokens of Onedata; a look-up API cannot make weaker ones')
  }
  if (kind === 'none') return find(at, 'has no meaning on a public route (token: none); remove it')
  const caveats = listAt(forwardToken, 'confine')
  if (Array.isArray(forwardToken['confine']) && caveats.length === 0) {
    find(at, 'is empty; name a caveat, or write "forwardToken: true" to forward tokens as they are')
  }
  for (const [index, given] of caveats.entries()) {
    // What is no caveat, the schema says.
    if (problemOf(() => readConfiningCaveat(given)) !== null) continue
    const problem = problemOf(() => {
      const caveat = readConfiningCaveat(given)
      if (!('lifeMs' in caveat)) checkSupport(caveat, kind)
    })
    if (problem !== null) find([...at, index], problem)
  }
}

/** Whether tokens of identity providers can be taken as the route says. */
function checkProviderTokens(route: Written, config: Written, { find }: Findings): void {
  const { identityProviderTokens, forwardToken = false, token = 'access' } = route
  // Of a public route it is said that it has no meaning.
  if (identityProviderTokens !== true || token === 'none') return
  const providers = groupAt(config, 'onezone')['identityProviders']
  if (token !== 'access') {
    find(['identityProviderTokens'], 'is for routes with "token: access" only; remove it', true)
  } else if (!Array.isArray(providers) || providers.length === 0) {
    find(['identityProviderTokens'], 'needs onezone.identityProviders: which ones they may be of')
  }
  if (forwardToken !== false) {
    const message = 'contradicts "identityProviderTokens": such tokens are never forwarded'
    find(['forwardToken'], message, true)
  }
}

/** What a route needs, and may not do, with forward auth or without. */
function checkForwardAuth(route: Written, isAsked: boolean, { find }: Findings): void {
  if (route['upstream'] === undefined && !isAsked) {
    find(['upstream'], 'is missing; only with forwardAuth.listen may a route be without one')
  }
  if (!isAsked || route['assertion'] !== undefined) return
  for (const key of ['api', 'data']) {
    if (groupAt(route, 'caveats')[key] !== 'delegate') continue
    find(
      ['caveats', key],
      'needs "assertion" on the route with forwardAuth: a front proxy can lose the field that tells the caveats, and that must not mean that there are none; or set it to "refuse"',
    )
  }
}

/** Origins that are none, or too many. */
function checkCors({ origins, credentials }: Written, { find }: Findings): void {
  if (!Array.isArray(origins)) return
  const problem = problemOfOrigins(origins, credentials)
  if (problem !== null) find(['cors', 'origins'], problem)
}

/** Names that have another meaning, or occur twice. */
function checkUpstreamHeaders(
  headers: Written,
  identity: ReadonlySet<string>,
  { find }: Findings,
): void {
  const known = new Set<string>()
  for (const name of Object.keys(headers)) {
    const folded = foldName(name)
    const problem = identity.has(folded)
      ? 'is the name of an identity field'
      : known.has(folded)
        ? 'is there already, in another spelling'
        : problemOf(() => parseFixedName(name))
    known.add(folded)
    if (problem !== null) find(['upstreamHeaders', name], problem, true)
  }
}

/** Of all routes: nobody may forge them on any. */
function identityNamesOf(routes: readonly unknown[]): ReadonlySet<string> {
  const names = routes.flatMap((route) =>
    isJsonObject(route) ? Object.values(groupAt(route, 'headers')) : [],
  )
  return new Set(names.filter((name) => typeof name === 'string').map(foldName))
}

/** Lists that let nothing pass, and prefixes that are none. */
function checkMatch(route: Written, { find }: Findings): void {
  for (const key of ['hosts', 'methods']) {
    const list = route[key]
    if (Array.isArray(list) && list.length === 0) {
      find([key], 'is empty, so nothing would match; remove it to match all')
    }
  }
  const prefix = route['stripPrefix']
  const pattern = readable(route['path'], parseRoutePath)
  if (typeof prefix !== 'string' || pattern === undefined) return
  const problem = problemOf(() => checkStripPrefix(prefix, pattern))
  if (problem !== null) find(['stripPrefix'], problem)
}

function checkCredentials(credentials: unknown, path: SettingPath): Finding[] {
  if (!Array.isArray(credentials) || credentials.length > 0) return []
  const message = 'is empty, so no token could be read; remove it to read the usual ones'
  return [{ path: [...path, 'credentials'], message }]
}

function checkHeaders(headers: Written, path: SettingPath): Finding[] {
  const names = Object.entries(headers).filter(([, name]) => typeof name === 'string')
  return clashingHeaderNames(Object.fromEntries(names)).map(({ fact, other }) => ({
    path: [...path, fact],
    message: `is the name of "${other}" already`,
  }))
}

function checkRouteIds(routes: readonly unknown[]): Finding[] {
  const ids = routes.map((route) => (isJsonObject(route) ? route['id'] : undefined))
  const firsts = new Map<unknown, number>()
  return ids.flatMap((id, index) => {
    const first = firsts.get(id) ?? index
    firsts.set(id, first)
    if (typeof id !== 'string' || first === index) return []
    const message = `is the id of ${formatPath(['routes', first])} already; each route needs its own`
    return [{ path: ['routes', index, 'id'], message }]
  })
}
