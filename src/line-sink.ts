import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { Socket } from 'node:net'

/** Where lines go that must never hold up the process: what cannot be written in time is lost, and counted. */
export interface LineSink {
  /** @param line With its line feed. */
  write(line: string): void
  /** How many lines were lost so far. */
  readonly dropped: number
  /** Opens a file anew, since it may have been renamed. */
  reopen(): void
  /** Writes what is left, as far as that goes without waiting, and lets go of it. */
  close(): void
}

/** Options of {@link openLineSink}. */
export interface LineSinkOptions {
  /** 1: standard output; 2: standard error; or the name of a file, to which lines are appended. */
  readonly to: 1 | 2 | string
  /** How much may wait, in characters. @default 1_048_576 */
  readonly maxWaiting?: number | undefined
}

const MAX_WAITING = 1024 * 1024

/**
 * Opens it. Pipes are written without blocking: a synchronous one that nobody reads would stop the whole process, and
 * an asynchronous one a thread of its pool, for good.
 *
 * @throws {Error} the system's own where a file cannot be opened.
 */
export function openLineSink({ to, maxWaiting = MAX_WAITING }: LineSinkOptions): LineSink {
  let waiting: string[] = []
  let length = 0
  let dropped = 0
  let busy = false
  let target = openTarget(to)

  function pump(): void {
    if (busy || waiting.length === 0) return
    const lines = waiting
    const text = lines.join('')
    waiting = []
    length = 0
    busy = true
    target.write(text, (failed) => {
      busy = false
      if (failed) dropped += lines.length
      pump()
    })
  }

  function flush(): void {
    const text = waiting.join('')
    if (text !== '' && !target.writeNow(text)) dropped += waiting.length
    waiting = []
    length = 0
  }

  process.on('exit', flush)
  return {
    write(line) {
      if (length + line.length > maxWaiting) {
        dropped++
        return
      }
      waiting.push(line)
      length += line.length
      pump()
    },
    get dropped() {
      return dropped
    },
    reopen() {
      if (typeof to !== 'string') return
      const next = openTarget(to)
      target.close()
      target = next
    },
    close() {
      flush()
      process.off('exit', flush)
      target.close()
    },
  }
}

interface Target {
  write(text: string, done: (failed: boolean) => void): void
  /** Writes at once, as far as that goes; says whether it was all. */
  writeNow(text: string): boolean
  close(): void
}

function openTarget(to: 1 | 2 | string): Target {
  const fd = typeof to === 'string' ? openSync(to, 'a') : to
  if (typeof to !== 'string') {
    const stat = fstatSync(fd)
    if (stat.isFIFO() || stat.isSocket()) return openPipe(to)
  }
  let writing = false
  let closed = false
  const release = (): void => {
    if (closed && !writing && typeof to === 'string') closeSync(fd)
  }
  return {
    write(text, done) {
      writing = true
      write(fd, text, (error) => {
        writing = false
        release()
        done(error !== null)
      })
    },
    writeNow: (text) => writeAll(fd, text),
    close() {
      closed = true
      release()
    },
  }
}

function openPipe(to: 1 | 2): Target {
  const fd = ownDescriptionOf(to)
  const socket = new Socket({ fd, readable: false, writable: true })
  socket.unref()
  let broken = false
  socket.on('error', () => (broken = true))
  return {
    write(text, done) {
      if (broken) return queueMicrotask(() => done(true))
      socket.write(text, (error) => done(error !== undefined && error !== null))
    },
    // Node tells only later that a write is over; where one is not, the pipe is full.
    writeNow: (text) => !broken && writeAll(fd, text),
    close() {
      if (fd !== to) socket.destroySoon()
    },
  }
}

/**
 * The same pipe under a description of our own: whether it blocks is a property of that, and others who write to the
 * same pipe do not expect it to change.
 */
function ownDescriptionOf(fd: 1 | 2): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // Node makes it block when it is first used; not after us.
    void (fd === 1 ? process.stdout : process.stderr)
    return fd
  }
}

/** Writes for as long as that goes without waiting; says whether it was all. */
function writeAll(fd: number, text: string): boolean {
  let rest = Buffer.from(text)
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest))
    return true
  } catch {
    return false
  }
}
