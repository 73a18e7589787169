/**
 * The program of a process that `onegate serve` starts to carry traffic. It does what the primary says, and ends with
 * it.
 *
 * @module
 */

import { createChannel } from '../cluster/index.ts'
import { serveAsWorker } from '../gateway/worker-gateway.ts'
import { EXIT } from './exit-codes.ts'
import { createLog, linesDropped } from './log.ts'
import { ignoreUserSignals } from './stop-signal.ts'

// A terminal and some supervisors signal the whole group; when it is time to end is for the primary to say.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const)
  process.on(signal, () => {})
ignoreUserSignals()
const end = (): never => process.exit(EXIT.failure)
process.once('disconnect', end)
// While a socket is on its way to the primary Node tells of no disconnection: first it waits for the receipt.
setInterval(() => process.connected || end(), 250).unref()
serveAsWorker({
  channel: createChannel(process),
  openLog(worker) {
    const logger = createLog('info', { worker })
    return { logger, linesDropped, use: ({ log }) => void (logger.level = log.level) }
  },
  exit: (code) => process.exit(code),
})
