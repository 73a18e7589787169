import type { Subject } from '../token/index.ts'
import { privilegesOf } from './records.ts'
import type { OnezoneState } from './state.ts'
import { sameSubject } from './state.ts'

/**
 * Who may do something with the tokens of an owner, besides users with the privilege `oz_tokens_manage`, who may do all
 * of it (Onezone API, §7.2):
 *
 * - `manage`: the owner; if it is a provider, users with `cluster_update` in its cluster
 * - `observe`: the owner; the providers that support the user; the effective members of the provider's cluster
 */
export type TokenPermission = 'manage' | 'observe'

/** Whether the caller may do this with the tokens of the owner. */
export function mayWithTokensOf(
  state: OnezoneState,
  permission: TokenPermission,
  caller: Subject,
  owner: Subject,
): boolean {
  return (
    sameSubject(caller, owner) ||
    RULES[permission](state, caller, owner) ||
    mayManageAllTokens(state, caller)
  )
}

/** Whether the caller may do everything with all tokens. */
export function mayManageAllTokens(state: OnezoneState, caller: Subject): boolean {
  return isOzPrivileged(state, caller, 'oz_tokens_manage')
}

/** Whether the subject is a user with this administrative privilege. */
export function isOzPrivileged(state: OnezoneState, subject: Subject, privilege: string): boolean {
  if (subject.type !== 'user' || subject.id === null) return false
  return state.user(subject.id)?.ozPrivileges.includes(privilege) ?? false
}

type Rule = (state: OnezoneState, caller: Subject, owner: Subject) => boolean

const RULES: Readonly<Record<TokenPermission, Rule>> = {
  manage: (state, caller, owner) => {
    if (caller.type !== 'user' || caller.id === null || owner.type !== 'oneprovider') return false
    const { privileges = {} } = state.provider(owner.id ?? '') ?? {}
    return privilegesOf(caller.id, privileges).includes('cluster_update')
  },
  observe: (state, caller, owner) => {
    if (caller.id === null || owner.id === null) return false
    if (caller.type === 'oneprovider' && owner.type === 'user') {
      return state.provider(caller.id)?.effectiveUsers.includes(owner.id) ?? false
    }
    if (caller.type === 'user' && owner.type === 'oneprovider') {
      return state.provider(owner.id)?.clusterUsers.includes(caller.id) ?? false
    }
    return false
  },
}
