import type { OnezoneState } from './state.ts'
import type { StateFile } from './state-file.ts'

/** Sees to it that no change is acknowledged that is not kept. */
export interface StateKeeper {
  /** Everything that was changed so far is on the disk when it returns. */
  save(): void
  /** The same when the promise resolves. Everybody who asks before the next turn of the event loop shares one write. */
  saved(): Promise<void>
  close(): void
}

/**
 * Keeps a state in a file. It writes synchronously: while one write lasts, the requests that arrive meanwhile gather,
 * and share the next one; and no answer that could be given in between would be true after a kill.
 */
export function createStateKeeper(state: OnezoneState, file: StateFile): StateKeeper {
  let keptChanges = -1
  let pending: Promise<void> | null = null

  const keeper: StateKeeper = {
    save() {
      const changes = state.changes()
      if (changes === keptChanges) return
      file.write(state.world())
      keptChanges = changes
    },
    saved() {
      if (state.changes() === keptChanges) return Promise.resolve()
      pending ??= new Promise((resolve, reject) => {
        setImmediate(() => {
          pending = null
          try {
            keeper.save()
            resolve()
          } catch (error) {
            reject(error as Error)
          }
        })
      })
      return pending
    },
    close() {
      keeper.save()
      file.close()
    },
  }
  return keeper
}

/** Keeps nothing. */
export const forgetful: StateKeeper = {
  save() {},
  saved: () => Promise.resolve(),
  close() {},
}
