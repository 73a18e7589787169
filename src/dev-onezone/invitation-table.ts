import type { InviteType, TokenType } from '../token/index.ts'
import type { PrivilegedKind } from './privileges.ts'
import { PRIVILEGES } from './privileges.ts'

/** What it takes to invite, and what the invitation grants (Onezone API, §3). */
export interface Invitation {
  /** What is invited to; a user: an administrator, who registers a provider. */
  readonly to: PrivilegedKind | 'user'
  /** The privilege in the target that the inviting subject needs. */
  readonly needs: string
  /** What is granted unless the creator says otherwise; null: such invitations grant no privileges. */
  readonly grants: readonly string[] | null
}

const SPACE_MEMBER = ['space_read_data', 'space_view', 'space_view_transfers', 'space_write_data']

/** The one table of invitations. */
export const INVITATIONS: Readonly<Record<InviteType, Invitation>> = {
  userJoinGroup: { to: 'group', needs: 'group_add_user', grants: ['group_view'] },
  groupJoinGroup: { to: 'group', needs: 'group_add_child', grants: ['group_view'] },
  userJoinSpace: { to: 'space', needs: 'space_add_user', grants: SPACE_MEMBER },
  groupJoinSpace: { to: 'space', needs: 'space_add_group', grants: SPACE_MEMBER },
  supportSpace: { to: 'space', needs: 'space_add_support', grants: null },
  harvesterJoinSpace: { to: 'space', needs: 'space_add_harvester', grants: null },
  registerOneprovider: { to: 'user', needs: 'oz_providers_invite', grants: null },
  userJoinCluster: { to: 'cluster', needs: 'cluster_add_user', grants: PRIVILEGES.cluster },
  groupJoinCluster: { to: 'cluster', needs: 'cluster_add_group', grants: ['cluster_view'] },
  userJoinHarvester: { to: 'harvester', needs: 'harvester_add_user', grants: ['harvester_view'] },
  groupJoinHarvester: { to: 'harvester', needs: 'harvester_add_group', grants: ['harvester_view'] },
  spaceJoinHarvester: { to: 'harvester', needs: 'harvester_add_space', grants: null },
  userJoinAtmInventory: {
    to: 'atm_inventory',
    needs: 'atm_inventory_add_user',
    grants: ['atm_inventory_view'],
  },
  groupJoinAtmInventory: {
    to: 'atm_inventory',
    needs: 'atm_inventory_add_group',
    grants: ['atm_inventory_view'],
  },
}

/** What an invite token of this type can grant, and what it grants by itself; null for tokens that grant nothing. */
export function grantableBy(
  type: TokenType,
): { readonly allowed: readonly string[]; readonly granted: readonly string[] } | null {
  if (!('inviteToken' in type)) return null
  const { to, grants } = INVITATIONS[type.inviteToken.inviteType]
  return grants === null || to === 'user' ? null : { allowed: PRIVILEGES[to], granted: grants }
}
