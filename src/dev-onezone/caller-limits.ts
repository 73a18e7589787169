import type { Caveat, ServiceCaveat } from '../token/index.ts'
import { parseService } from '../token/index.ts'
import type { Refusal } from './answers.ts'
import { refusals } from './answers.ts'
import type { Gri, GriOperation } from './gri.ts'
import { apiCaveatAllows, griMatches } from './gri.ts'

/**
 * Why the caller's own token does not reach as far as this call; null if it does (Onezone API, §4.4). Asked of every
 * operation, public ones included, before any permission. Tokens with data-access caveats, which would be confined
 * here too, do not come so far: they fail as credentials.
 */
export function refuseBeyondLimits(
  caveats: readonly Caveat[],
  operation: GriOperation,
  gri: Gri,
): Refusal | null {
  const broken =
    caveats.find((caveat) => caveat.type === 'api' && !apiCaveatAllows(caveat, operation, gri)) ??
    caveats.find((caveat) => caveat.type === 'service' && !serviceMayCall(caveat, operation, gri))
  return broken === undefined ? null : refusals.unauthorized(refusals.tokenCaveatUnverified(broken))
}

const PANEL_MAY_GET = ['user.*.*:*', 'cluster.*.*:*', 'provider.*.*:*']
const WORKER_MAY_GET = [
  'user.*.*:*',
  'group.*.*:*',
  'space.*.*:*',
  'provider.*.*:*',
  'handleService.*.*:*',
  'atm_inventory.*.*:*',
  'atm_lambda.*.*:*',
  'atm_workflow_schema.*.*:*',
]
const WORKER_MAY_CREATE = ['user.*.idp_access_token,*:*', 'space.*.infer_accessible_eff_groups:*']
const WORKER_MAY_DO = ['share.*.*:*', 'handle.*.*:*']

/** A service caveat admits the calls of all the services that it lists. */
function serviceMayCall(caveat: ServiceCaveat, operation: GriOperation, gri: Gri): boolean {
  const listed = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => griMatches(pattern, gri))
  return caveat.whitelist.some((entry) => {
    switch (parseService(entry)?.type) {
      case 'oz_worker':
        return true
      case 'oz_panel':
      case 'op_panel':
        return operation === 'get' && listed(PANEL_MAY_GET)
      case 'op_worker':
        return (
          listed(WORKER_MAY_DO) ||
          (operation === 'get' && listed(WORKER_MAY_GET)) ||
          (operation === 'create' && listed(WORKER_MAY_CREATE))
        )
      default:
        return false
    }
  })
}
