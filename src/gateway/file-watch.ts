import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** Options of {@link watchFiles}. */
export interface FileWatchOptions {
  /** Names of the files; asked for anew at each look. */
  readonly files: () => Iterable<string>
  /** How often to look, in milliseconds. */
  readonly intervalMs: number
  /**
   * The content of a file has changed, or it came or went. Also told once at the beginning, since a file may have
   * changed between being read and being watched. It must not reject.
   */
  readonly onChange: () => void | Promise<void>
}

/** A watch on files, until it is closed. It does not keep the process alive. */
export interface FileWatch {
  close(): void
}

/** A file that has just changed is looked at again so soon, until it stays the same: somebody may still be writing. */
const SETTLE_MS = 100

/**
 * Watches the content of files by reading them. Notifications of the system would tell sooner, but they follow names
 * badly: an editor replaces a file, and Kubernetes a symbolic link two levels above it.
 */
export function watchFiles({ files, intervalMs, onChange }: FileWatchOptions): FileWatch {
  let told: string | null = null
  let seen: string | null = null
  let closed = false
  let timer = lookIn(SETTLE_MS)

  function lookIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => void look(), ms).unref()
  }

  async function look(): Promise<void> {
    const now = await digestOf([...files()])
    const isNew = now !== told
    const isSettled = now === seen
    seen = now
    if (isNew && isSettled && !closed) {
      told = now
      await onChange()
    }
    if (closed) return
    timer = lookIn(isNew && !isSettled ? SETTLE_MS : intervalMs)
  }

  return {
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

async function digestOf(names: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const name of names) {
    const content = await readFile(name).catch((error: NodeJS.ErrnoException) => error.code ?? '')
    const isText = typeof content === 'string'
    hash.update(`${name}\0${isText ? 'missing' : 'present'} ${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}
