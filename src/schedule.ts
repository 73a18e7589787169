import { clearTimeout, setTimeout } from 'node:timers'

/** Runs something later, once. What it returns takes that back. */
export type Schedule = (afterMs: number, run: () => void) => () => void

/** Timers of this process that do not keep it alive. */
export const systemSchedule: Schedule = (afterMs, run) => {
  const timer = setTimeout(run, afterMs)
  timer.unref()
  return () => clearTimeout(timer)
}
