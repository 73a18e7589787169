import type { DataScope } from '../token/index.ts'
import { isAmongObjects, isWithinPaths } from '../token/index.ts'
import type { CompiledMapping } from './data-mapping.ts'
import type { AuthenticationRequest } from './decision.ts'
import { METHOD_OVERRIDES } from './foreign-fields.ts'
import { foldName } from './identity-header-names.ts'
import type { Objection } from './objection.ts'

/** Methods that a request about one file may have, besides those that a route calls reading. */
const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Fields by which a request names other data, or does something else than its method says. */
const NAMING = new Set([
  'destination',
  'content-location',
  'x-amz-copy-source',
  ...METHOD_OVERRIDES,
  'x-original-url',
  'x-rewrite-url',
])

const METHOD_OVERRIDES_LIST = [...METHOD_OVERRIDES]

/** Bodies that are about other paths than the target. */
const NAMING_BODY = /^(?:application\/cdmi-|multipart\/)/i

const READONLY: Objection = { code: 'data_readonly', caveat: 'data.readonly' }
const UNREADABLE: Objection = { code: 'request_invalid' }

/**
 * Judges a request by the data caveats of its token, from method, path, query and fields alone.
 *
 * @returns Why it is refused; null: every caveat allows it.
 */
export function judgeData(
  scope: DataScope,
  mapping: CompiledMapping,
  request: AuthenticationRequest,
): Objection | null {
  const { method, path, query = '', upgrade = false } = request
  const about = kindOf(scope)
  // A door that does not say what is asked for cannot have it judged.
  if (method === undefined || path === undefined) return refused(about)
  const fields = fieldsOf(request.rawHeaders)
  if (scope.readonly) {
    const overridden = fields.size > 0 && METHOD_OVERRIDES_LIST.some((name) => fields.has(name))
    if (upgrade || overridden || !mapping.reads.has(method)) return READONLY
  }
  if (scope.paths.length > 0) {
    if (!mapping.hasPath) return refused('data.path')
    const canonical = mapping.pathOf(path, request.about)
    if (canonical === null) return UNREADABLE
    if (!isWithinPaths(scope, canonical)) return { code: 'data_path_outside', caveat: 'data.path' }
  }
  if (scope.objects.length > 0) {
    if (!mapping.hasId) return refused('data.objectid')
    const object = mapping.objectOf(path, request.about)
    if (object === null || !isAmongObjects(scope, object)) {
      return { code: 'data_path_outside', caveat: 'data.objectid' }
    }
  }
  return namesOtherData(method, query, upgrade, fields, mapping) ? refused(about) : null
}

function namesOtherData(
  method: string,
  query: string,
  upgrade: boolean,
  fields: ReadonlyMap<string, string>,
  mapping: CompiledMapping,
): boolean {
  if (upgrade || !(METHODS.has(method) || mapping.reads.has(method))) return true
  if (fields.size > 0) {
    for (const name of fields.keys()) if (NAMING.has(name)) return true
    if (/<|\/\//.test(fields.get('if') ?? '')) return true
    if (NAMING_BODY.test(fields.get('content-type') ?? '')) return true
  }
  if (method === 'PROPFIND' && !/^[01]$/.test(fields.get('depth') ?? '')) return true
  return query !== '' && queryNames(query).some((name) => !mapping.query.has(name))
}

/** Names of query parameters in every way that servers part them; a name that is escaped stands for none. */
function queryNames(query: string): string[] {
  return query
    .replace(/^\?/, '')
    .split(/[&;]/)
    .filter((part) => part !== '')
    .map((part) => part.split('=', 1)[0] ?? '')
}

/** Fields that decide; of others nothing need be known. */
const DECIDING = new Set([...NAMING, 'if', 'content-type', 'depth'])
/** Their lengths and first letters, so that most other names are told apart by these alone. */
const PLACES: readonly boolean[] = Array.from({ length: 1024 }, (_, place) =>
  [...DECIDING].some((name) => placeOf(name) === place),
)

/** Folding keeps the length, and the first letter but for its case. */
function placeOf(name: string): number {
  return name.length * 32 + (name.charCodeAt(0) & 31)
}

const NO_FIELDS: ReadonlyMap<string, string> = new Map()

/** Values of those that decide, by name as loose readers spell names; of repeated ones, all. */
function fieldsOf(rawHeaders: readonly string[]): ReadonlyMap<string, string> {
  let fields: Map<string, string> | null = null
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const written = rawHeaders[i] ?? ''
    if (PLACES[placeOf(written)] !== true) continue
    const name = foldName(written)
    if (!DECIDING.has(name)) continue
    fields ??= new Map()
    const before = fields.get(name)
    const value = rawHeaders[i + 1] ?? ''
    fields.set(name, before === undefined ? value : `${before},${value}`)
  }
  return fields ?? NO_FIELDS
}

function kindOf({ paths, objects }: DataScope): string {
  if (paths.length > 0) return 'data.path'
  return objects.length > 0 ? 'data.objectid' : 'data.readonly'
}

function refused(caveat: string): Objection {
  return { code: 'caveat_not_enforced', caveat }
}
