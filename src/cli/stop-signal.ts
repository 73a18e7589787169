import { constants } from 'node:os'

import { EXIT } from './exit-codes.ts'

/** Why a process is to stop: it was told to, or something went wrong that nobody foresaw. */
export type StopCause = { readonly signal: NodeJS.Signals } | { readonly error: unknown }

/** Waits for the reason to stop. */
export interface StopSignal {
  /**
   * Resolves with the first SIGTERM, SIGINT or SIGQUIT, or the first exception that nothing caught: what is left of the
   * process cannot be relied on, but requests under way may finish. The second one ends the process at once.
   */
  readonly received: Promise<StopCause>
  /** Stops listening for them. */
  release(): void
}

const STOPPING = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const

/** Listens for what stops a process, and takes the meaning from signals that would surprise. */
export function createStopSignal(): StopSignal {
  let first = true
  let resolve: (cause: StopCause) => void
  const received = new Promise<StopCause>((settle) => (resolve = settle))
  const stop = (cause: StopCause, code: number): void => {
    if (!first) process.exit(code)
    first = false
    resolve(cause)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    stop({ signal }, 128 + constants.signals[signal])
  }
  // A promise that rejects while nobody waits for it comes here, too.
  const onException = (error: unknown): void => stop({ error }, EXIT.bug)
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', onException)
  for (const signal of STOPPING) process.on(signal, onSignal)
  ignoreUserSignals()
  return {
    received,
    release() {
      process.off('uncaughtException', onException)
      for (const listener of before) process.on('uncaughtException', listener)
      for (const signal of STOPPING) process.off(signal, onSignal)
    },
  }
}

/** Throws what went wrong, if that is why a process stops. */
export function throwFault(cause: StopCause): void {
  if ('error' in cause) throw cause.error
}

/** Has SIGUSR1 and SIGUSR2 do nothing: Node would open a debugger, which runs whatever it is told, or just end. */
export function ignoreUserSignals(): void {
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    if (process.listenerCount(signal) === 0) process.on(signal, () => {})
  }
}
