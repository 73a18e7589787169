import type { Subject } from '../token/index.ts'
import type { Refusal } from './answers.ts'
import { refusals } from './answers.ts'
import type { OnezoneState } from './state.ts'

/** What stands behind `Basic ` in an `Authorization` header; undefined if nothing does. */
export function basicCredentialsIn(authorization = ''): string | undefined {
  return /^Basic (.+)$/s.exec(authorization)?.[1]
}

/** Which user the base64 of `name:password` stands for (Onezone API, §8, §16). */
export function authenticateBasic(state: OnezoneState, credentials: string): Subject | Refusal {
  const [, username = '', password] = /^([^:]*):(.*)$/s.exec(decode(credentials)) ?? []
  if (password === undefined) return refusals.badBasicCredentials()
  if (!state.onezone().basicAuthEnabled) return refusals.basicAuthNotSupported()

  const user = username === '' ? undefined : state.userNamed(username)
  if (user === undefined) return refusals.badBasicCredentials()
  // A block is told before the password is looked at (vectors, "auth/basic").
  if (user.blocked) return refusals.userBlocked()
  if (!user.basicAuthEnabled) return refusals.basicAuthDisabled()
  if (user.password !== password) return refusals.badBasicCredentials()
  return { type: 'user', id: user.id }
}

/** Empty for what is no base64. */
function decode(base64: string): string {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64').toString('utf8') : ''
}
