import { isSameData } from '../same-data.ts'
import type { RoutePolicy } from './route-policy.ts'

/** So many policies are looked at for one that says the same: most gateways have fewer. */
const MOST_COMPARED = 16

interface Known<Parts> {
  /** But for the id. */
  readonly demands: Omit<RoutePolicy, 'id'>
  readonly reserved: readonly string[]
  readonly parts: Parts
}

/**
 * Makes `make` once for all routes whose policies say the same but for their ids: of thousands of routes most do.
 *
 * @param make Must not depend on the id of a policy, but for refusing one that is none.
 */
export function withSharedParts<Parts>(
  make: (policy: RoutePolicy, reserved: readonly string[]) => Parts,
): typeof make {
  const recent: Known<Parts>[] = []
  return (policy, reserved) => {
    // What is no policy at all is for `make` to refuse.
    if (typeof policy?.id !== 'string' || policy.id === '') return make(policy, reserved)
    const { id: _, ...demands } = policy
    const known = recent.find(
      (each) => each.reserved === reserved && isSameData(each.demands, demands),
    )
    if (known !== undefined) return known.parts
    const parts = make(policy, reserved)
    if (recent.length === MOST_COMPARED) recent.shift()
    recent.push({ demands, reserved, parts })
    return parts
  }
}
