/**
 * Header fields by which other systems say who asks, from where, and for what. An upstream that stands behind such a
 * system elsewhere believes them; here a client could send them, so they do not reach it.
 *
 * @module
 */

import { foldName } from './identity-header-names.ts'

/** Who asks, as proxies, portals and platforms state it, and what a client certificate says. */
const IDENTITY =
  /^(?:remote-(?:user|groups?|name|email)|x-(?:remote|auth-request|authenticated|webauth|authentik|pomerium|vouch|consumer|credential|ssl-client|client-cert|amzn-oidc|goog-iap|goog-authenticated-user|ms-client-principal|ms-token)(?:-.*)?|x-(?:user|username|user-id|user-email|userinfo|groups)|oidc-.*|cf-access-.*|tailscale-user-.*|ssl-client-.*|client-cert(?:-chain)?)$/

/** What is asked for: another target or host than the one that was judged. */
const ROUTING =
  /^(?:x-(?:original|rewrite)-(?:url|uri|host|path)|x-original-method|x-host|x-http-destinationurl|x-envoy-original-(?:path|host))$/

/** Where it comes from. */
const ADDRESS =
  /^(?:(?:true-|x-|x-cluster-|fastly-|fly-|wl-proxy-)?client-ip|cf-(?:connecting-ip(?:v6)?|pseudo-ipv4)|x-(?:azure-clientip|azure-socketip|appengine-user-ip|originating-ip|original-forwarded-for|envoy-external-address))$/

/** By which some servers take another method. */
export const METHOD_OVERRIDES: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
])

/** Whether a field is one of them, by its folded name. */
export function isForeign(folded: string): boolean {
  return IDENTITY.test(folded) || ROUTING.test(folded) || ADDRESS.test(folded)
}

/**
 * Reads the name of such a field that a route lets through all the same.
 *
 * @returns The name itself.
 * @throws {TypeError} for a name that is not held back, or is for other reasons.
 */
export function parsePassedHeader(name: string): string {
  if (isForeign(foldName(name))) return name
  throw new TypeError(
    'must be the name of a header field that is held back as that of another system, e.g. X-Original-URL',
  )
}
