import type { Caveat } from './caveat.ts'
import { objectIdFields } from './data-access.ts'

/**
 * What the data caveats of a token leave of Onedata's files. Each caveat is a demand of its own: what is allowed lies
 * within every one of them (Onezone API, §4; op-worker, `data_constraints`).
 */
export interface DataScope {
  /** Whether one says that nothing may be changed. */
  readonly readonly: boolean
  /**
   * Of each `data.path`: the canonical paths that it names, `/<space id>/…`, as latin-1 text of their bytes; none where
   * all were malformed, and then it allows nothing.
   */
  readonly paths: readonly (readonly string[])[]
  /** Of each `data.objectid`: the files that it names, `<uuid>#<space id>`. */
  readonly objects: readonly (readonly string[])[]
}

/** Reads the data caveats of a token. Null: it carries none, and is not confined to any data. */
export function readDataScope(caveats: readonly Caveat[]): DataScope | null {
  let readonly = false
  const paths: string[][] = []
  const objects: string[][] = []
  let found = false
  for (const caveat of caveats) {
    if (caveat.type === 'data.readonly') readonly = true
    else if (caveat.type === 'data.path') paths.push(read(caveat.whitelist, readEntry))
    else if (caveat.type === 'data.objectid') objects.push(read(caveat.whitelist, readObjectId))
    else continue
    found = true
  }
  return found ? { readonly, paths, objects } : null
}

function read(list: readonly string[], one: (text: string) => string | null): string[] {
  return list.flatMap((text) => one(text) ?? [])
}

const SLASH = '/'.charCodeAt(0)

/** Whether a canonical path lies at or below a path of every `data.path`; byte by byte, as Oneprovider compares. */
export function isWithinPaths({ paths }: DataScope, path: string): boolean {
  for (const entries of paths) if (!isWithinOne(entries, path)) return false
  return true
}

function isWithinOne(entries: readonly string[], path: string): boolean {
  for (const entry of entries) {
    if (!path.startsWith(entry)) continue
    if (path.length === entry.length || path.charCodeAt(entry.length) === SLASH) return true
  }
  return false
}

/** Whether a file, as {@link readObjectId} reads it, is named by every `data.objectid`. */
export function isAmongObjects({ objects }: DataScope, object: string): boolean {
  return objects.every((files) => files.includes(object))
}

/** Reads an entry of `data.path`: base64 of a path. An entry with `..` or NUL in it is dropped, as Oneprovider does. */
function readEntry(text: string): string | null {
  const path = Buffer.from(text, 'base64')
  if (!path.toString('latin1').startsWith('/')) return null
  const segments = path
    .toString('latin1')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
  if (segments.length === 0 || segments.some((segment) => !isSegment(segment))) return null
  return segments.map((segment) => `/${segment}`).join('')
}

/**
 * Makes the canonical path of what a request names, from segments of its path as they were sent. Each is decoded once;
 * what could be read in a second way names nothing.
 *
 * @returns Latin-1 text of its bytes; or null.
 */
export function canonicalPath(segments: readonly string[]): string | null {
  let path = ''
  for (const segment of segments) {
    const decoded = decodeSegment(segment)
    if (decoded === null) return null
    path += `/${decoded}`
  }
  return path === '' ? null : path
}

/**
 * A pattern of names that every reading leaves as they are, so that they are canonical as sent: most are, and to decode
 * them costs more than all the rest.
 */
export const PLAIN_NAME = '[A-Za-z0-9_-][A-Za-z0-9._-]*'

const PLAIN_SEGMENT = new RegExp(`^${PLAIN_NAME}$`)

/** One segment, decoded once, as latin-1 text of its bytes. Null: it could be read in a second way. */
export function decodeSegment(segment: string): string | null {
  if (PLAIN_SEGMENT.test(segment)) return segment
  let text: string
  try {
    text = decodeURIComponent(segment)
  } catch {
    return null
  }
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  return isSegment(bytes) && !/%[0-9A-Fa-f]{2}/.test(bytes) ? bytes : null
}

/** Whether a segment is a name of one file: what the empty one, dots, slashes and control characters are not. */
function isSegment(bytes: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return bytes !== '' && bytes !== '.' && bytes !== '..' && !/[\x00-\x1f\x7f/\\]/.test(bytes)
}

/**
 * Reads the id of a file (CDMI object id, §4.1): hex of a header and of `guid#<uuid>#<space>`. Checksums vary between
 * ids of one file, so that ids are compared by what they decode to. Null: it is none, or that of a share, which is
 * served to guests whatever a token says.
 */
export function readObjectId(text: string): string | null {
  const [kind, uuid = '', space = ''] = objectIdFields(text) ?? []
  return kind === 'guid' && uuid !== '' && space !== '' ? `${uuid}#${space}` : null
}
