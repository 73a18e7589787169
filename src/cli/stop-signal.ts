import { constants } from 'node:os'

/** Waits for the wish to stop. */
export interface StopSignal {
  /** Resolves with the first SIGTERM or SIGINT; the second one ends the process at once. */
  readonly received: Promise<NodeJS.Signals>
  /** Stops listening for signals. */
  release(): void
}

/** Listens for SIGTERM and SIGINT from now on. */
export function createStopSignal(): StopSignal {
  let first = true
  let resolve: (signal: NodeJS.Signals) => void
  const received = new Promise<NodeJS.Signals>((settle) => (resolve = settle))
  const listener = (signal: NodeJS.Signals): void => {
    if (!first) process.exit(128 + constants.signals[signal])
    first = false
    resolve(signal)
  }
  process.on('SIGTERM', listener)
  process.on('SIGINT', listener)
  return {
    received,
    release() {
      process.off('SIGTERM', listener)
      process.off('SIGINT', listener)
    },
  }
}
