/**
 * Conditions between the bound on the age of facts and the times that asking takes.
 *
 * @module
 */

import { HTTP_CLIENT_DEFAULTS } from '../http-client/index.ts'
import { VERDICT_DEFAULTS, VERDICT_RANGES, WATCH_DEFAULTS } from '../verification/index.ts'
import type { Finding } from './problems.ts'
import { verifierSectionOf } from './verifier-checks.ts'
import { groupAt, type Written } from './written.ts'

/** Finds a bound that an answer which takes as long as it may could be beyond when it comes. */
export function checkBound(config: Written): Finding[] {
  const bound = boundOf(config)
  const section = verifierSectionOf(config) ?? 'onezone'
  const timeout = groupAt(config, section)['totalTimeoutMs'] ?? HTTP_CLIENT_DEFAULTS.totalTimeoutMs
  if (typeof bound !== 'number' || typeof timeout !== 'number') return []
  const [least] = VERDICT_RANGES.maxStalenessMs
  if (bound < least || bound >= timeout) return []
  const message = `is less than ${section}.totalTimeoutMs (${timeout}): an answer could be too old when it comes; raise it, or lower that`
  return [{ path: ['verdicts', 'maxStalenessMs'], message }]
}

/** Finds a watch that looks more seldom than facts are renewed, so that it would find nothing first. */
export function checkWatch(config: Written): Finding[] {
  const onezone = groupAt(config, 'onezone')
  const interval = onezone['watchIntervalMs'] ?? WATCH_DEFAULTS.intervalMs
  const bound = boundOf(config)
  if (onezone['watchTokenFile'] === undefined) return []
  if (typeof interval !== 'number' || typeof bound !== 'number' || interval < bound) return []
  const message = `must be less than verdicts.maxStalenessMs (${bound}): otherwise the watch finds nothing first`
  return [{ path: ['onezone', 'watchIntervalMs'], message }]
}

function boundOf(config: Written): unknown {
  return groupAt(config, 'verdicts')['maxStalenessMs'] ?? VERDICT_DEFAULTS.maxStalenessMs
}
