const SERVICES: ReadonlySet<string> = new Set(['all', 'ozw', 'ozp', 'opw', 'opp'])
const OPERATIONS: ReadonlySet<string> = new Set(['all', 'create', 'get', 'update', 'delete'])
const SCOPES: ReadonlySet<string> = new Set([
  'private',
  'protected',
  'shared',
  'public',
  'auto',
  '*',
])
const DEFAULT_SCOPE = 'private'

/**
 * The normal form `service/operation/type.id.aspect:scope` of an entry of an api caveat (Onezone API, §4.1, §4.4), or
 * null. The scope is `private` where missing. The resource's type may be any word: services other than Onezone have
 * types of their own.
 */
export function normalizeApiSpec(text: string): string | null {
  const [service, operation, pattern, ...more] = text.split('/')
  if (service === undefined || operation === undefined || pattern === undefined) return null
  if (!SERVICES.has(service) || !OPERATIONS.has(operation) || more.length > 0) return null

  const [resource, scope = DEFAULT_SCOPE, excess] = pattern.split(':')
  if (resource === undefined || !SCOPES.has(scope) || excess !== undefined) return null
  const fields = resource.split('.')
  if (fields.length !== 3 || fields.includes('')) return null
  return `${service}/${operation}/${resource}:${scope}`
}
