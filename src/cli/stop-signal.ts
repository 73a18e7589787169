import { constants } from 'node:os'

/** Waits for the wish to stop. */
export interface StopSignal {
  /** Resolves with the first SIGTERM, SIGINT or SIGQUIT; the second one ends the process at once. */
  readonly received: Promise<NodeJS.Signals>
  /** Stops listening for signals. */
  release(): void
}

const STOPPING = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const

/** Listens for the signals that stop a process, and takes the meaning from those that would surprise. */
export function createStopSignal(): StopSignal {
  let first = true
  let resolve: (signal: NodeJS.Signals) => void
  const received = new Promise<NodeJS.Signals>((settle) => (resolve = settle))
  const listener = (signal: NodeJS.Signals): void => {
    if (!first) process.exit(128 + constants.signals[signal])
    first = false
    resolve(signal)
  }
  for (const signal of STOPPING) process.on(signal, listener)
  ignoreUserSignals()
  return {
    received,
    release() {
      for (const signal of STOPPING) process.off(signal, listener)
    },
  }
}

/** Has SIGUSR1 and SIGUSR2 do nothing: Node would open a debugger, which runs whatever it is told, or just end. */
export function ignoreUserSignals(): void {
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    if (process.listenerCount(signal) === 0) process.on(signal, () => {})
  }
}
