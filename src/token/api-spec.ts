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
/** Kinds of entities that resources are of, as they are written in patterns: those of all services of Onedata. */
const ENTITY_TYPES: ReadonlySet<string> = new Set(
  [
    '* oz_worker user group space share provider handleService handle cluster harvester storage',
    'token space_stats temporary_token_secret atm_inventory atm_lambda atm_workflow_schema',
    'onp_ceph onp_cluster onp_host onp_panel onp_provider onp_service onp_space onp_storage',
    'onp_user onp_zone file op_archive op_dataset op_group op_handle op_handle_service op_metrics',
    'op_provider op_qos op_share op_space op_storage op_transfer op_user op_atm_inventory',
    'op_atm_lambda_snapshot op_atm_store op_atm_task_execution op_atm_workflow_execution',
    'op_atm_workflow_schema op_atm_workflow_schema_snapshot',
  ].flatMap((line) => line.split(' ')),
)
const DEFAULT_SCOPE = 'private'

/** Why an entry of an api caveat is none: its resource pattern is malformed (`badGRI`), or what stands before it. */
export type ApiSpecFlaw = 'badGRI' | 'badSpec'

/**
 * The normal form `service/operation/type.id.aspect:scope` of an entry of an api caveat (Onezone API, §4.1, §4.4), or
 * null. The scope is `private` where missing. Id and aspect may be empty, the type is one that Onedata knows.
 */
export function normalizeApiSpec(text: string): string | null {
  const read = readApiSpec(text)
  return read === 'badGRI' || read === 'badSpec' ? null : read
}

/** What is wrong with an entry of an api caveat, looked at from left to right as Onezone does; null if nothing is. */
export function apiSpecFlaw(text: string): ApiSpecFlaw | null {
  const read = readApiSpec(text)
  return read === 'badGRI' || read === 'badSpec' ? read : null
}

function readApiSpec(text: string): string {
  const [service, operation, pattern, ...more] = text.split('/')
  if (service === undefined || operation === undefined || pattern === undefined) return 'badSpec'
  if (!SERVICES.has(service) || !OPERATIONS.has(operation) || more.length > 0) return 'badSpec'

  const fields = pattern.split('.')
  const [type = '', , scoped = ''] = fields
  const [aspect = '', scope = DEFAULT_SCOPE, excess] = scoped.split(':')
  const isGri =
    fields.length === 3 &&
    excess === undefined &&
    ENTITY_TYPES.has(type) &&
    aspect.split(',').length <= 2 &&
    SCOPES.has(scope)
  if (!isGri) return 'badGRI'
  const resource = scoped.includes(':') ? pattern.slice(0, -1 - scope.length) : pattern
  return `${service}/${operation}/${resource}:${scope}`
}
