import type { Subject, TokenType } from '../token/index.ts'
import { INVITE_TYPES } from '../token/index.ts'
import type { Refusal } from './answers.ts'
import { refusals } from './answers.ts'
import { INVITATIONS } from './invitation-table.ts'
import { isOzPrivileged } from './permissions.ts'
import type { PrivilegedKind } from './privileges.ts'
import { privilegesOf } from './records.ts'
import type { OnezoneState } from './state.ts'

/** How administrative privileges call the kinds. */
const PLURALS: Readonly<Record<PrivilegedKind, string>> = {
  group: 'groups',
  space: 'spaces',
  cluster: 'clusters',
  harvester: 'harvesters',
  atm_inventory: 'atm_inventories',
}

/**
 * Why the subject may not issue a token of this type: the target is unknown, or it lacks the privilege to invite. To
 * say itself what is granted it must be able to set privileges, too (Onezone API, §7.4, §16). Null for all other
 * tokens.
 */
export function refuseInvitation(
  state: OnezoneState,
  subject: Subject,
  type: TokenType,
  choosesPrivileges: boolean,
): Refusal | null {
  if (!('inviteToken' in type)) return null
  const { inviteType } = type.inviteToken
  const { to, needs } = INVITATIONS[inviteType]
  const target = type.inviteToken[INVITE_TYPES[inviteType].targetKey] ?? ''
  const isAdmin = (privilege: string): boolean => isOzPrivileged(state, subject, privilege)

  if (to === 'user') {
    if (state.user(target) === undefined) return refusals.inviteTokenTargetIdInvalid(target)
    const isOneself = subject.type === 'user' && subject.id === target
    return isOneself || isAdmin(needs) ? null : refusals.inviteTokenSubjectNotAuthorized()
  }

  const privileges = state.privilegesIn(to, target)
  if (privileges === null) return refusals.inviteTokenTargetIdInvalid(target)
  const isOwnCluster = subject.type === 'oneprovider' && to === 'cluster' && subject.id === target
  const may = (privilege: string, administrative: string): boolean =>
    isOwnCluster ||
    (subject.type === 'user' && privilegesOf(subject.id ?? '', privileges).includes(privilege)) ||
    isAdmin(`oz_${PLURALS[to]}_${administrative}`)
  const mayInvite = may(needs, 'add_relationships')
  const mayChoose = !choosesPrivileges || may(`${to}_set_privileges`, 'set_privileges')
  return mayInvite && mayChoose ? null : refusals.inviteTokenSubjectNotAuthorized()
}
