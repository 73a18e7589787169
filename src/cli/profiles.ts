import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { parse, stringify } from 'yaml'

import { isJsonObject } from '../json.ts'
import { CommandFailure, isSystemError } from './failure.ts'
import { printable, type Terminal } from './terminal.ts'

/** A Onezone, and who acts there. */
export interface Profile {
  readonly onezoneUrl: string
  /** An access token, or `USER:PASSWORD`. */
  readonly credential: string
}

/** What is stored for commands that act at a Onezone. */
export interface Profiles {
  /** Which one is used where none is named. */
  readonly current: string
  readonly profiles: Readonly<Record<string, Profile>>
}

/** Name of the first one. */
export const DEFAULT_PROFILE = 'default'

/** What a profile may be called. */
export const PROFILE_NAME: RegExp = /^[\w.-]{1,64}$/

/** Where they are stored: `onegate/profiles.yaml` under `$XDG_CONFIG_HOME`, or under `~/.config`; null: nowhere. */
function profilesFile(env: Terminal['env']): string | null {
  const home = env['HOME'] || env['USERPROFILE']
  const directory = env['XDG_CONFIG_HOME'] || (home && join(home, '.config'))
  return directory ? join(directory, 'onegate', 'profiles.yaml') : null
}

/**
 * Reads the stored profiles.
 *
 * @returns Null where nothing is stored.
 * @throws {CommandFailure} for a file that others can read, or that makes no sense. No value is repeated.
 */
export async function readProfiles(env: Terminal['env']): Promise<Profiles | null> {
  const file = profilesFile(env)
  if (file === null) return null
  const shown = printable(file)
  let text: string
  try {
    const { mode } = await stat(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new CommandFailure(`others can read ${shown}, which holds credentials: chmod 600 it`)
    }
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (!isSystemError(error)) throw error
    if (error.code === 'ENOENT') return null
    throw new CommandFailure(`cannot read ${shown}: ${error.code}`)
  }
  const profiles = profilesIn(text)
  if (profiles !== null) return profiles
  throw new CommandFailure(
    `${shown} is not understood; it must have "current" and "profiles", each with "onezoneUrl" and "credential"`,
  )
}

function profilesIn(text: string): Profiles | null {
  let value: unknown
  try {
    value = parse(text)
  } catch {
    return null
  }
  if (!isJsonObject(value)) return null
  const { current = DEFAULT_PROFILE, profiles } = value
  if (typeof current !== 'string' || !isJsonObject(profiles)) return null
  const read: Record<string, Profile> = {}
  for (const [name, profile] of Object.entries(profiles)) {
    if (!isJsonObject(profile)) return null
    const { onezoneUrl, credential } = profile
    if (typeof onezoneUrl !== 'string' || typeof credential !== 'string') return null
    read[name] = { onezoneUrl, credential }
  }
  return { current, profiles: read }
}

/**
 * Stores profiles, so that only their owner can read them; what was stored before stays whole until then.
 *
 * @returns Name of the file.
 * @throws {CommandFailure} where that cannot be done.
 */
export async function writeProfiles(env: Terminal['env'], profiles: Profiles): Promise<string> {
  const file = profilesFile(env)
  if (file === null) throw new CommandFailure('there is no home directory to store it in: set HOME')
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const next = `${file}.${process.pid}`
    const handle = await open(next, 'w', 0o600)
    try {
      await handle.writeFile(stringify(profiles, { lineWidth: 0 }))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(next, file)
    return file
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new CommandFailure(`cannot write ${printable(file)}: ${error.code}`)
  }
}
