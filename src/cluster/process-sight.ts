import { readFileSync } from 'node:fs'

/** What the system says that a process does. */
export interface ProcessSight {
  /**
   * `stopped`: by a signal. `asleep`: it waits for something to happen. `runnable`: it computes, or waits for a
   * processor. `held`: anything else, as waiting for a disk.
   */
  readonly doing: 'stopped' | 'asleep' | 'runnable' | 'held'
  /** Processor time that all its threads have had since it began, in milliseconds, in steps of 10. */
  readonly cpuMs: number
}

/** Linux counts in hundredths of a second, whatever its own tick (proc_pid_stat(5), sysconf `_SC_CLK_TCK`). */
const MS_PER_TICK = 10

const DOING: Readonly<Record<string, ProcessSight['doing']>> = {
  T: 'stopped',
  S: 'asleep',
  I: 'asleep',
  R: 'runnable',
}

/** Looks at a process of this machine; null: it has ended, or the system, which is not Linux, does not say. */
export function lookAtProcess(pid: number): ProcessSight | null {
  try {
    return readProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return null
  }
}

/** Reads a line of `/proc/<pid>/stat` (proc_pid_stat(5)); null: it is none. */
export function readProcessStat(line: string): ProcessSight | null {
  // Behind the name of the program, which may hold anything, brackets too.
  const fields = line.slice(line.lastIndexOf(') ') + 2).split(' ')
  const [state = '', userTicks, systemTicks] = [fields[0], fields[11], fields[12]]
  const ticks = Number(userTicks) + Number(systemTicks)
  if (!/^[A-Za-z]$/.test(state) || !Number.isSafeInteger(ticks)) return null
  return { doing: DOING[state] ?? 'held', cpuMs: ticks * MS_PER_TICK }
}
