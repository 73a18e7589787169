import type { Terminal } from './terminal.ts'

/** Tells of work that takes long. */
export interface Progress {
  /** So much of it is done. */
  done(count: number): void
  /** Says no more. */
  end(): void
}

/** Before that, whoever waits does not wonder. */
const AFTER_MS = 1_000
const EVERY_MS = 1_000

/**
 * Begins to tell, on standard error, of work that takes more than a second.
 *
 * @param what What is done, e.g. `reading tokens`.
 * @param total How much there is; null: that is not known.
 */
export function startProgress(
  { report }: Pick<Terminal, 'report'>,
  what: string,
  total: number | null,
): Progress {
  const startedAtMs = performance.now()
  let count = 0
  const tell = (): void => {
    const seconds = Math.round((performance.now() - startedAtMs) / 1000)
    report(`${what}: ${total === null ? '' : `${count} of ${total}, `}${seconds} s`)
  }
  let repeated: NodeJS.Timeout | null = null
  const first = setTimeout(() => {
    tell()
    repeated = setInterval(tell, EVERY_MS)
  }, AFTER_MS)
  return {
    done: (now) => (count = now),
    end() {
      clearTimeout(first)
      if (repeated !== null) clearInterval(repeated)
    },
  }
}
