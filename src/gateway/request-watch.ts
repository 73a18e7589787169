import type { AccessLog, RecentRefusals } from '../access-log/index.ts'
import { createAccessLog, createRecentRefusals } from '../access-log/index.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import type { RequestEvent } from '../proxy/index.ts'

/** What remembers requests after they have ended: the access log, and the refusals of late. */
export interface RequestWatch {
  readonly onRequest: (event: RequestEvent) => void
  readonly accessLog: Pick<AccessLog, 'dropped'>
  readonly find: RecentRefusals['find']
  /** Goes over to a configuration, which may be the one before: a file is opened anew all the same. */
  change(config: GatewayConfig): void
  close(): void
}

/** Makes the watch over requests of one process. */
export function createRequestWatch(config: GatewayConfig, logger: Logger): RequestWatch {
  const accessLog = createAccessLog(config.accessLog, logger)
  const refusals = createRecentRefusals()
  return {
    onRequest(event) {
      refusals.onRequest(event)
      accessLog.onRequest(event)
    },
    accessLog,
    find: (selector) => refusals.find(selector),
    change: (next) => accessLog.change(next.accessLog),
    close: () => accessLog.close(),
  }
}
