import { readdirSync, readFileSync } from 'node:fs'

/** CPU time that each thread of some processes has used so far, in microseconds. */
export type CpuReading = ReadonlyMap<string, number>

/**
 * Reads what a process and all its descendants have used so far; null where the system does not tell.
 *
 * Read from `schedstat` of each thread, which counts nanoseconds: `stat` counts in steps of 10 ms, which is 1 % of a
 * busy second, and Node's own `cpuUsage` is the same clock in microseconds.
 */
export function readCpu(root: number): CpuReading | null {
  try {
    return new Map(processTree(root).flatMap(threadsOf))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/**
 * What was used between two readings, in microseconds. Threads that began in between count from their beginning; of
 * those that ended, what they used after the first reading is lost.
 */
export function cpuMicrosBetween(
  before: CpuReading | null,
  after: CpuReading | null,
): number | null {
  if (before === null || after === null) return null
  return [...after].reduce((sum, [thread, micros]) => sum + micros - (before.get(thread) ?? 0), 0)
}

/**
 * The ids of a process and of all its descendants, the process first.
 *
 * @throws {Error} ENOENT, where there is no `/proc`.
 */
export function processTree(root: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)] as const)
  const tree = [root]
  for (const ancestor of tree) {
    tree.push(...parents.filter(([, parent]) => parent === ancestor).map(([pid]) => pid))
  }
  return tree
}

/** null: it is gone by now. */
function parentOf(pid: string): number | null {
  const stat = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The name of the program stands in brackets, and may hold anything, brackets too.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[1] === undefined ? null : Number(fields[1])
}

function threadsOf(pid: number): (readonly [string, number])[] {
  const tasks = `/proc/${pid}/task`
  return (unlessGone(() => readdirSync(tasks)) ?? []).flatMap((task) => {
    const text = unlessGone(() => readFileSync(`${tasks}/${task}/schedstat`, 'utf8'))
    return text === null ? [] : [[`${pid}/${task}`, Number(text.split(' ')[0]) / 1000] as const]
  })
}

/** Processes and threads end whenever they like, also between being listed and being read. */
function unlessGone<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}
