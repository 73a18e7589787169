import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../errors.ts'
import { isJsonObject } from '../json.ts'
import { readJson, withoutFloats, writeJson } from './json-text.ts'
import type { StateLock } from './state-lock.ts'
import { takeStateLock } from './state-lock.ts'
import type { World } from './world.ts'
import { validateWorld } from './world-validation.ts'

/** A file that keeps a world across restarts, owned by one process at a time. */
export interface StateFile {
  /** What it held when it was opened; null if it was not there. */
  readonly world: World | null
  /**
   * Replaces the content: a process that is killed at any moment, or a machine that loses power, leaves the old file or
   * the new one, whole. When it returns, the new one is on the disk.
   */
  write(world: World): void
  /** Lets other processes have it. */
  close(): void
}

const FORMAT = 'onegate development onezone'
const VERSION = 1

/**
 * Opens a state file; beside it there will be `FILE.lock`, and for moments `FILE.new`.
 *
 * @throws {ConfigError} if the file is torn, is none of ours, cannot be used, or if another process has it
 */
export function openStateFile(path: string): StateFile {
  const lock = orRefuse(path, () => takeStateLock(`${path}.lock`))
  if ('heldBy' in lock) {
    throw refusal(
      path,
      `is in use by process ${lock.heldBy}; end that one first, or choose another file`,
    )
  }
  try {
    const text = orRefuse(path, () => readIfThere(path))
    const world = text === null ? null : parse(path, text)
    return {
      world,
      write: (next) => orRefuse(path, () => write(path, lock, next)),
      close: () => lock.release(),
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

function write(path: string, lock: StateLock, world: World): void {
  lock.assertHeld()
  const next = `${path}.new`
  // What a killed process left may be readable for others.
  rmSync(next, { force: true })
  const file = openSync(next, 'wx', 0o600)
  try {
    writeFileSync(file, `${writeJson({ format: FORMAT, version: VERSION, world })}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(next, path)
  syncDirectory(dirname(path))
}

/** Without it the new name may be lost with the power, though the content is on the disk. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parse(path: string, text: string): World {
  const { format, version, world } = parseObject(path, text)
  if (format !== FORMAT) throw refusal(path, `is no state file of a development Onezone; ${REMEDY}`)
  if (version !== VERSION) {
    throw refusal(path, `was written by another release, which can read it; or ${REMEDY}`)
  }
  try {
    return validateWorld(world)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(error.problems.map((problem) => ({ ...problem, source: path })))
  }
}

function parseObject(path: string, text: string): Record<string, unknown> {
  try {
    const value = withoutFloats(readJson(text))
    return isJsonObject(value) ? value : {}
  } catch {
    // The parser's message repeats a part of the file, which holds secrets.
    throw refusal(path, `is torn, or no state file at all; ${REMEDY}`)
  }
}

const REMEDY = 'put a copy in its place, or choose a file that does not exist to start anew'

/** Errors of the file system are the user's to mend. */
function orRefuse<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    throw refusal(
      path,
      `cannot be used (${code}); its directory must exist, be writable and have room`,
    )
  }
}

function refusal(path: string, message: string): ConfigError {
  return new ConfigError([{ path: '', message, source: path }])
}
