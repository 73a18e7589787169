import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** Where a program is installed, by which `PATH` finds it; servers are often outside a user's own. */
const ALSO = ['/usr/sbin', '/usr/local/sbin', '/sbin']

/** Path of a program; null: it is not installed. */
export function pathOf(program: string): string | null {
  const directories = [...(process.env['PATH'] ?? '').split(':'), ...ALSO]
  return directories.map((directory) => join(directory, program)).find(isExecutable) ?? null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
