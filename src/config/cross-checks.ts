/**
 * Conditions that span several settings. They read the configuration as it was written, so that they are judged even
 * where the schema has refused something else: all problems are told at once.
 *
 * @module
 */

import { checkAssertion } from './assertion-checks.ts'
import {
  checkForwardAuth,
  checkLimits,
  checkListeners,
  checkOwnUpstreams,
  checkTls,
  checkTrustedProxies,
} from './listener-checks.ts'
import type { Finding } from './problems.ts'
import { checkRoutes } from './route-checks.ts'
import { checkStoreSettings } from './store-checks.ts'
import { checkReplacements } from './text-checks.ts'
import { checkUpstream } from './upstream-checks.ts'
import { checkBound, checkWatch } from './verdict-checks.ts'
import { checkVerifier } from './verifier-checks.ts'
import { groupAt, type Written } from './written.ts'

/** Finds what is wrong between settings. */
export function crossCheck(config: Written): Finding[] {
  return [
    ...checkListeners(config),
    ...checkForwardAuth(config),
    ...checkTrustedProxies(config),
    ...checkOwnUpstreams(config),
    ...checkTls(groupAt(config, 'tls')),
    ...checkTls(groupAt(groupAt(config, 'forwardAuth'), 'tls'), ['forwardAuth', 'tls']),
    ...checkAssertion(config),
    ...checkLimits(groupAt(config, 'limits')),
    ...checkVerifier(config),
    ...checkBound(config),
    ...checkWatch(config),
    ...checkStoreSettings(config),
    ...checkUpstream(config['upstream'], ['upstream']),
    ...checkRoutes(config),
    ...checkReplacements(config),
  ]
}
