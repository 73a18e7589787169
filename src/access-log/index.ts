export type { AccessLog } from './access-log.ts'
export { createAccessLog } from './access-log.ts'
export type { AccessLogChoice, AccessLogOptions } from './access-log-options.ts'
export {
  ACCESS_LOG_CHOICES,
  ACCESS_LOG_DEFAULTS,
  ACCESS_LOG_OPTIONS,
  parseAccessLogTarget,
} from './access-log-options.ts'
export type { RecentRefusals, Refusal, RefusalSelector } from './recent-refusals.ts'
export { createRecentRefusals, mergeRefusals } from './recent-refusals.ts'
