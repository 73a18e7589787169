/**
 * Conditions on who is asked, and on what routes may demand of it.
 *
 * @module
 */

import { resolveScopes } from '../authenticator/index.ts'
import { isExposed } from '../http-client/index.ts'
import { problemsOfProviders } from '../identity-provider/index.ts'
import { isJsonObject } from '../json.ts'
import { variableOf, waysToGive } from './overlay.ts'
import type { Finding, SettingPath } from './problems.ts'
import { problemOf } from './problems.ts'
import { VERIFIER_KEYS } from './verifier-schema.ts'
import { findingsAt, groupAt, type Written } from './written.ts'

/** The group of settings that says how the verifier is asked. */
export type VerifierSection = 'onezone' | 'verifier'

/** In which group it stands how the chosen verifier is asked; null where none that exists is chosen. */
export function verifierSectionOf(config: Written): VerifierSection | null {
  const { type = 'onezone' } = groupAt(config, 'verifier')
  if (type === 'onezone') return 'onezone'
  return type === 'token-lookup' ? 'verifier' : null
}

/** Finds what is wrong with the choice of a verifier, and with how it is to be asked. */
export function checkVerifier(config: Written): Finding[] {
  const section = verifierSectionOf(config)
  if (section === null) return []
  return [
    ...checkUnused(config, section),
    ...checkMissing(config, section === 'onezone' ? ['url'] : ['url', 'apiTokenFile'], section),
    ...checkExposure(groupAt(config, section), section),
    ...checkProviders(groupAt(config, 'onezone')['identityProviders']),
  ]
}

function checkUnused(config: Written, section: VerifierSection): Finding[] {
  if (section === 'verifier') {
    if (config['onezone'] === undefined) return []
    const message = 'has no meaning with "verifier.type: token-lookup"; remove it'
    return [{ path: ['onezone'], message, atKey: true }]
  }
  return (
    Object.keys(groupAt(config, 'verifier'))
      // Of any other the schema says that it does not exist.
      .filter((key) => key !== 'type' && VERIFIER_KEYS.includes(key))
      .map((key) => {
        const message =
          'is only for "verifier.type: token-lookup"; how Onezone is asked stands under "onezone"'
        return { path: ['verifier', key], message, atKey: true }
      })
  )
}

function checkMissing(config: Written, keys: readonly string[], section: string): Finding[] {
  // What is no group at all is refused for that.
  if (config[section] !== undefined && !isJsonObject(config[section])) return []
  return keys
    .filter((key) => groupAt(config, section)[key] === undefined)
    .map((key) => {
      const path = [section, key]
      return {
        path,
        message: `is missing; set it in a configuration file, or by ${waysToGive(path)}`,
      }
    })
}

/** What goes with what in identity providers; what the parts may be, the schema says. */
function checkProviders(written: unknown): Finding[] {
  if (!Array.isArray(written)) return []
  const providers = written.map((one: unknown) => (isJsonObject(one) ? one : { clients: [''] }))
  return problemsOfProviders(providers)
    .filter(({ name, message }) => name !== 'prefix' || message !== 'is missing')
    .map(({ index, name, message }) => ({
      path: ['onezone', 'identityProviders', index, name],
      message,
    }))
}

function checkExposure(group: Written, section: VerifierSection): Finding[] {
  const { url } = group
  if (typeof url !== 'string' || !URL.canParse(url) || !isExposed(url)) return []
  if (group['allowInsecureHttp'] === true) return []
  const path = [section, 'allowInsecureHttp']
  const message =
    'sends every token in the clear and lets anybody on the way forge answers; use https://, ' +
    `or set ${path.join('.')}: true (${variableOf(path)}=true)`
  return [{ path: [section, 'url'], message }]
}

/** Finds what a route demands that the verifier cannot give. */
export function checkRouteVerifier(route: Written, path: SettingPath, config: Written): Finding[] {
  const section = verifierSectionOf(config)
  if (section === null || route['token'] === 'none') return []
  if (section === 'onezone') {
    if (!Array.isArray(route['scopes'])) return []
    const problem = problemOf(() => resolveScopes(route['scopes'] as string[], false))
    return problem === null ? [] : [{ path: [...path, 'scopes'], message: problem, atKey: true }]
  }
  const { all, find } = findingsAt(path)
  if (route['token'] === 'identity' || route['token'] === 'invite') {
    find(['token'], 'must be access or none: only access tokens can be looked up')
  }
  for (const key of ['interface', 'caveats']) {
    if (route[key] !== undefined) {
      find(
        [key],
        'has no meaning where tokens are looked up: they have no caveats; remove it',
        true,
      )
    }
  }
  const { types } = groupAt(route, 'subjects')
  if (Array.isArray(types) && types.includes('oneprovider')) {
    find(
      ['subjects'],
      'admits oneproviders, but tokens that are looked up speak for users only',
      true,
    )
  }
  if (Array.isArray(route['scopes']) && route['scopes'].length === 0) {
    find(['scopes'], 'is empty; remove it to demand none')
  }
  return all
}
