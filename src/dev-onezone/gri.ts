import type { ApiCaveat } from '../token/index.ts'

/** What a request is about, as `api` caveats name it: `type.id.aspect,qualifier:scope` (Onezone API, §4.4). */
export interface Gri {
  readonly type: string
  /** Null where the request is about no single entity. */
  readonly id: string | null
  readonly aspect: string
  /** The second half of a compound aspect. */
  readonly qualifier?: string
  /** @default 'private' */
  readonly scope?: 'private' | 'shared' | 'public'
}

/** How `api` caveats call what a request does. */
export type GriOperation = 'create' | 'get' | 'update' | 'delete'

/** Whether an `api` caveat lists this call to Onezone. */
export function apiCaveatAllows(caveat: ApiCaveat, operation: GriOperation, gri: Gri): boolean {
  return caveat.whitelist.some((spec) => {
    const [service, does = '', pattern = ''] = spec.split('/', 3)
    if (service !== 'all' && service !== 'ozw') return false
    return (does === 'all' || does === operation) && griMatches(pattern, gri)
  })
}

/** Whether a pattern `type.id.aspect:scope`, in its normal form, covers a resource. `*` stands for any part. */
export function griMatches(pattern: string, gri: Gri): boolean {
  const [type, id, rest = ''] = pattern.split('.', 3)
  const [aspect = '', scope] = rest.split(':', 2)
  return (
    fits(type, gri.type) &&
    idFits(id, gri.id) &&
    aspectFits(aspect, gri) &&
    fits(scope, gri.scope ?? 'private')
  )
}

function fits(pattern: string | undefined, value: string): boolean {
  return pattern === '*' || pattern === value
}

/** `null` says that there is no id, and covers none that happens to be so written. */
function idFits(pattern: string | undefined, id: string | null): boolean {
  return pattern === '*' || (pattern === 'null' ? id === null : pattern === id)
}

/** `*` alone covers every aspect; with a comma a pattern covers compound ones only. */
function aspectFits(pattern: string, { aspect, qualifier }: Gri): boolean {
  if (pattern === '*') return true
  const comma = pattern.indexOf(',')
  if (comma < 0) return qualifier === undefined && pattern === aspect
  if (qualifier === undefined) return false
  return fits(pattern.slice(0, comma), aspect) && fits(pattern.slice(comma + 1), qualifier)
}
