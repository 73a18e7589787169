import type { JsonObject } from '../json.ts'
import type { Logger } from '../logger.ts'
import type {
  Invalidation,
  InvalidationOptions,
  InvalidationSelector,
} from '../verification/index.ts'
import { parseSelector } from '../verification/index.ts'
import type { AdminAction } from './admin-action.ts'
import { ProblemError } from './problem.ts'

/** Takes back what is known; when it has settled, nothing of that counts any more. */
export type Invalidate = (
  selector: InvalidationSelector,
  options?: InvalidationOptions,
) => Invalidation | Promise<Invalidation>

/** `POST /invalidate`: a selector and `dryRun` in, what was selected out, and a line in the log. */
export function createInvalidateRoute(invalidate: Invalidate, logger: Logger): AdminAction {
  return async (order, who) => {
    const { dryRun = false, ...rest } = order
    if (typeof dryRun !== 'boolean') throw new ProblemError(400, '"dryRun" must be true or false')
    const selector = readSelector(rest)
    const { families, tokens, told } = await invalidate(selector, { dryRun })
    // Where gateways share a store: how many others were told, of how many that were heard of late.
    const others = told === undefined ? {} : await told
    logger.info(
      { remoteAddress: who, selector, families, tokens, ...others, dryRun },
      dryRun ? 'an operator asked what an invalidation would select' : 'an operator invalidated',
    )
    return { families, tokens, ...others, dryRun }
  }
}

function readSelector(group: JsonObject): InvalidationSelector {
  try {
    return parseSelector(group)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new ProblemError(400, error.message)
  }
}
