/** What invite tokens can grant in: entities whose members have privileges. */
export type PrivilegedKind = 'group' | 'space' | 'cluster' | 'harvester' | 'atm_inventory'

/** Every privilege that a member can have in an entity of each kind, in alphabetical order. */
export const PRIVILEGES: Readonly<Record<PrivilegedKind, readonly string[]>> = {
  group: named(
    'group',
    'add_atm_inventory add_child add_cluster add_harvester add_parent add_space add_user create_handle ' +
      'create_handle_service delete leave_cluster leave_handle leave_handle_service leave_parent leave_space ' +
      'remove_atm_inventory remove_child remove_harvester remove_user set_privileges update view view_privileges',
  ),
  space: named(
    'space',
    'add_group add_harvester add_support add_user cancel_eviction cancel_replication create_archives delete ' +
      'manage_archives manage_atm_workflow_executions manage_datasets manage_in_marketplace manage_qos ' +
      'manage_shares manage_views query_views read_data recall_archives register_files remove_archives ' +
      'remove_group remove_harvester remove_support remove_user schedule_atm_workflow_executions ' +
      'schedule_eviction schedule_replication set_privileges update view view_archives ' +
      'view_atm_workflow_executions view_changes_stream view_privileges view_qos view_statistics view_transfers ' +
      'view_views write_data',
  ),
  cluster: named(
    'cluster',
    'add_group add_user delete remove_group remove_user set_privileges update view view_privileges',
  ),
  harvester: named(
    'harvester',
    'add_group add_space add_user delete remove_group remove_space remove_user set_privileges update view ' +
      'view_privileges',
  ),
  atm_inventory: named(
    'atm_inventory',
    'add_group add_user delete manage_lambdas manage_workflow_schemas remove_group remove_user set_privileges ' +
      'update view view_privileges',
  ),
}

/** Administrative privileges that only look. */
const VIEWER = ['list', 'view', 'list_relationships']
const WITH_MEMBERS =
  'list view create update delete view_privileges set_privileges list_relationships add_relationships remove_relationships'

/** Per kind of entity what an administrator can do with all of them. */
const ADMIN_VERBS: Readonly<Record<string, string>> = {
  users:
    'list view create manage_passwords update delete list_relationships add_relationships remove_relationships',
  groups: WITH_MEMBERS,
  spaces: WITH_MEMBERS,
  shares: 'list view create update delete',
  providers: 'list view update delete list_relationships invite',
  handle_services: WITH_MEMBERS,
  handles: WITH_MEMBERS,
  harvesters: WITH_MEMBERS,
  clusters:
    'list view update view_privileges set_privileges list_relationships add_relationships remove_relationships',
  atm_inventories: WITH_MEMBERS,
}

const ADMIN = Object.entries(ADMIN_VERBS).flatMap(([kind, verbs]) =>
  verbs.split(' ').map((verb) => ({ name: `oz_${kind}_${verb}`, verb })),
)

/** The administrative privileges, as `GET /privileges` lists them (Onezone API, §10). */
export const OZ_PRIVILEGES: {
  readonly admin: readonly string[]
  readonly viewer: readonly string[]
} = {
  admin: ['oz_view_privileges', 'oz_set_privileges', 'oz_tokens_manage'].concat(
    ADMIN.map(({ name }) => name),
  ),
  viewer: ADMIN.filter(({ verb }) => VIEWER.includes(verb)).map(({ name }) => name),
}

function named(kind: PrivilegedKind, verbs: string): readonly string[] {
  return verbs.split(' ').map((verb) => `${kind}_${verb}`)
}
