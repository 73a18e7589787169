import type { OptionShape } from '../option-shape.ts'
import { listOf, oneOf, TEXT } from '../option-shape.ts'
import { canonicalPath, decodeSegment, PLAIN_NAME, readObjectId } from '../token/index.ts'
import { nameOption } from './named-option.ts'

/**
 * Which of Onedata's files a request is about, by its URL alone. Paths of routes have parameters (`:space`) and may end
 * in `**`; what those stand for in a request is put into the canonical path.
 */
export interface DataMapping {
  /** The path of the route, e.g. `/files/:space/**`. */
  readonly from: string
  /** Canonical path in Onedata, e.g. `/:space/**`: the id of a space, then a path in it. @default none */
  readonly path?: string | undefined
  /**
   * What `:space` may be, and the id of the space that it stands for; without it `:space` is the id itself. Names of
   * spaces are neither unique nor lasting, so that no name stands for itself.
   */
  readonly spaces?: Readonly<Record<string, string>> | undefined
  /** Methods besides GET, HEAD and OPTIONS that only read, e.g. PROPFIND. @default [] */
  readonly reads?: readonly string[] | undefined
  /** Names of query parameters that do not choose other data. @default [] */
  readonly query?: readonly string[] | undefined
  /** The parameter of `from` that is the id of a file, e.g. `:file`. @default none: ids are not */
  readonly id?: string | undefined
  /**
   * What the door itself says of each request (`AuthenticationRequest.about`), in place of `from`, `path` and `id`.
   *
   * @default nothing: the URL says it
   */
  readonly stated?: readonly ('path' | 'id')[] | undefined
}

/** Which file a request is about, as a door says that knows it from elsewhere than the URL. */
export interface StatedData {
  /** Canonical path, decoded: `/<space id>/…`. Null: it is about none that a token could be for. */
  readonly path: string | null
  /** Id of the file. Null likewise. */
  readonly id: string | null
}

/** What the options of a mapping may be. */
export const DATA_MAPPING_OPTIONS: OptionShape<DataMapping> = {
  from: TEXT,
  path: TEXT,
  spaces: {
    wanted: 'names and the ids that they stand for',
    accepts: (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.values(value).every((id) => typeof id === 'string' && id !== ''),
  },
  reads: listOf('methods', TEXT),
  query: listOf('names of query parameters', TEXT),
  id: TEXT,
  stated: listOf('what is stated: path, id', oneOf(['path', 'id'])),
}

/** A mapping, ready to be asked. */
export interface CompiledMapping {
  readonly reads: ReadonlySet<string>
  readonly query: ReadonlySet<string>
  /** Whether it says which path a request is about. */
  readonly hasPath: boolean
  readonly hasId: boolean
  /** The canonical path of what a request is about; null: it can be read in more than one way, or names nothing. */
  pathOf(path: string, about?: StatedData): string | null
  /** The file that it is about, by its id; null likewise. */
  objectOf(path: string, about?: StatedData): string | null
}

const READING = ['GET', 'HEAD', 'OPTIONS']

/**
 * Compiles a mapping.
 *
 * @throws {TypeError} naming the option that makes no sense.
 */
export function compileDataMapping(mapping: DataMapping): CompiledMapping {
  const { from, path, spaces, reads = [], query = [], id, stated } = mapping
  if (stated !== undefined) return statedMapping(stated, reads, query)
  const source = readPattern(from)
  const target = path === undefined ? null : readPattern(path)
  if (target === null && id === undefined) {
    throw new TypeError('"data" needs "path" or "id": without them nothing is known of a request')
  }
  nameOption('data.path', () => checkTarget(target, source))
  if (id !== undefined && !source.segments.includes(id)) {
    throw new TypeError(`"data.id": the path of the route has no parameter "${id}"`)
  }
  const idAt = source.segments.indexOf(id ?? '')
  const names = spaces === undefined ? null : new Map(Object.entries(spaces))
  const parts = (target?.segments ?? []).map((segment) => ({
    text: segment,
    at: segment.startsWith(':') ? source.segments.indexOf(segment) : -1,
  }))

  const plain = target === null ? null : plainForm(source, target)
  const beginsWithSpace = parts[0] !== undefined && parts[0].at !== -1
  const plainNames = beginsWithSpace ? names && canonicalOf(names) : null

  const spaceOf = (segment: string): string | null => {
    if (names === null) return segment
    const name = decodeSegment(segment)
    return name === null ? null : (names.get(name) ?? null)
  }

  return {
    reads: new Set([...READING, ...reads]),
    query: new Set(query),
    hasPath: target !== null,
    hasId: id !== undefined,
    pathOf(requested) {
      if (target === null) return null
      if (plain !== null && plain.form.test(requested)) {
        const end = requested.slice(plain.from, requested.endsWith('/') ? -1 : undefined)
        return plainNames === null ? end : withSpace(end, plainNames)
      }
      const given = segmentsOf(requested)
      const found: string[] = []
      for (const { text, at } of parts) {
        const value = at === -1 ? text : (given[at] ?? '')
        const segment = at !== -1 && found.length === 0 ? spaceOf(value) : value
        if (segment === null) return null
        found.push(segment)
      }
      if (target.open) {
        for (let at = source.segments.length; at < given.length; at += 1) {
          found.push(given[at] ?? '')
        }
      }
      return canonicalPath(found)
    },
    objectOf(requested) {
      const segment = decodeSegment(segmentsOf(requested)[idAt] ?? '')
      return segment === null ? null : readObjectId(segment)
    },
  }
}

/** The ids of spaces as they stand in canonical paths; without those that cannot. */
function canonicalOf(names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const known = new Map<string, string>()
  for (const [name, id] of names) {
    const decoded = decodeSegment(id)
    if (decoded !== null) known.set(name, `/${decoded}`)
  }
  return known
}

/** A path with the id of its space in place of the name. */
function withSpace(path: string, ids: ReadonlyMap<string, string>): string | null {
  const end = path.indexOf('/', 1)
  const id = ids.get(end === -1 ? path.slice(1) : path.slice(1, end))
  if (id === undefined) return null
  return end === -1 ? id : id + path.slice(end)
}

/** The paths of a route whose end is the canonical path, letter by letter. */
interface PlainForm {
  readonly form: RegExp
  /** Where the canonical path begins in them. */
  readonly from: number
}

/**
 * Finds them, so that a path of plain names is read by one test, and not segment by segment. Null: the canonical path
 * is not the end of the route's path.
 */
function plainForm(source: Pattern, target: Pattern): PlainForm | null {
  const before = source.segments.length - target.segments.length
  const isEnd = target.segments.every((segment, at) => segment === source.segments[before + at])
  const literals = source.segments.filter((segment) => !segment.startsWith(':'))
  if (before < 0 || !isEnd || !literals.every((segment) => PLAIN.test(segment))) return null
  const dropped = source.segments.slice(0, before)
  if (dropped.some((segment) => segment.startsWith(':'))) return null
  const names = source.segments.map((segment) =>
    segment.startsWith(':') ? PLAIN_NAME : segment.replaceAll('.', '\\.'),
  )
  // What names nothing has no canonical path.
  const rest = source.open ? `(?:/${PLAIN_NAME})${target.segments.length === 0 ? '+' : '*'}` : ''
  return {
    form: new RegExp(`^${names.map((name) => `/${name}`).join('')}${rest}/?$`),
    from: dropped.reduce((length, segment) => length + 1 + segment.length, 0),
  }
}

const PLAIN = new RegExp(`^${PLAIN_NAME}$`)

/** Of a door that says itself what requests are about: the same rules, for text that was decoded before. */
function statedMapping(
  stated: readonly ('path' | 'id')[],
  reads: readonly string[],
  query: readonly string[],
): CompiledMapping {
  if (stated.length === 0) {
    throw new TypeError('"data" needs "path" or "id": without them nothing is known of a request')
  }
  return {
    reads: new Set([...READING, ...reads]),
    query: new Set(query),
    hasPath: stated.includes('path'),
    hasId: stated.includes('id'),
    pathOf(_, about) {
      const path = about?.path ?? null
      // A path that does not begin with a slash, or is not of whole characters, is none.
      if (path === null || !path.startsWith('/') || /\p{Surrogate}/u.test(path)) return null
      return canonicalPath(segmentsOf(path).map(encodeURIComponent))
    },
    objectOf(_, about) {
      const id = about?.id ?? null
      return id === null ? null : readObjectId(id)
    },
  }
}

interface Pattern {
  readonly segments: readonly string[]
  readonly open: boolean
}

function readPattern(text: string): Pattern {
  const open = text.endsWith('/**')
  return { segments: (open ? text.slice(0, -3) : text).split('/').slice(1), open }
}

function checkTarget(target: Pattern | null, source: Pattern): void {
  if (target === null) return
  const { segments, open } = target
  if (open !== source.open) {
    throw new TypeError('must end in /** where the path of the route does, and only there')
  }
  if (segments.length === 0 && !open) throw new TypeError('must name a space, e.g. /:space/**')
  if (segments.some((segment) => segment === '' || segment.includes('*'))) {
    throw new TypeError('must be a path of names and parameters, with ** at its end only')
  }
  const unknown = segments.find(
    (segment) => segment.startsWith(':') && !source.segments.includes(segment),
  )
  if (unknown !== undefined)
    throw new TypeError(`has "${unknown}", which the path of the route lacks`)
}

/** The segments of a path as they were sent; one slash at its end is no segment. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1)
  if (segments.at(-1) === '') segments.pop()
  return segments
}
