import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

/** A lock file that says which process owns the file beside it. */
export interface StateLock {
  /**
   * @throws Error if the lock is lost: somebody removed it, or took it for that of a dead process
   */
  assertHeld(): void
  release(): void
}

/**
 * Takes the lock, also from a process that died with it.
 *
 * @returns the id of the process that holds it and lives, or the lock
 */
export function takeStateLock(path: string): StateLock | { readonly heldBy: number } {
  const mine = `${process.pid} ${startOf(process.pid) ?? '-'} ${randomBytes(8).toString('hex')}\n`
  while (!writeNew(path, mine)) {
    const [pid = '', start = ''] = (readOrNull(path) ?? '').split(' ')
    if (isAlive(Number(pid), start)) return { heldBy: Number(pid) }
    rmSync(path, { force: true })
  }
  return {
    // Two processes may both find a dead owner's lock and remove it one after the other: the loser notices here.
    assertHeld() {
      if (readOrNull(path) === mine) return
      throw new Error(`The lock ${path} is gone or another process has taken it: nothing is saved`)
    },
    release() {
      if (readOrNull(path) === mine) rmSync(path, { force: true })
    },
  }
}

function writeNew(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/**
 * Process ids are used again, in containers soon: where the system tells it, the time of the start must be the same.
 */
function isAlive(pid: number, start: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  if (existsSync('/proc/self/stat')) return startOf(pid) === start
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in ticks since the machine did (proc(5)); null for a dead one, or if it cannot be known. */
function startOf(pid: number): string | null {
  const stat = readOrNull(`/proc/${pid}/stat`)
  // The name of the program stands in parentheses and may hold spaces.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const isZombie = fields?.[0] === 'Z'
  return isZombie ? null : (fields?.[19] ?? null)
}
