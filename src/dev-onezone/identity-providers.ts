import type { Subject } from '../token/index.ts'
import { Refusal, refusals } from './answers.ts'
import type { OnezoneState } from './state.ts'
import type { WorldIdentityProvider } from './world.ts'

/**
 * Whom an access token of an identity provider stands for, as Onezone takes it in place of a token of its own. The
 * provider is a table here, not a server.
 *
 * @returns null where no provider has the prefix: then it was no token at all
 */
export function authenticateByProvider(
  state: OnezoneState,
  credentials: string,
): Subject | Refusal | null {
  for (const provider of state.identityProviders()) {
    const prefix = prefixOf(provider)
    // The original takes so many octets without looking whether there are as many, and stumbles (`binary:part`).
    if (credentials.length < prefix.length) return refusals.internalServerError()
    if (credentials.startsWith(prefix)) {
      return acquireUser(state, provider, credentials.slice(prefix.length))
    }
  }
  return null
}

/** As configured, or `ID:`. */
function prefixOf({ id, tokenPrefix }: WorldIdentityProvider): string {
  return tokenPrefix ?? `${id}:`
}

/** What its user info says, and the account for that, which is made where there is none. */
function acquireUser(
  state: OnezoneState,
  { id: idp, users = {}, answers = 'ok' }: WorldIdentityProvider,
  token: string,
): Subject | Refusal {
  // Whatever else goes wrong at the provider looks like a mistake of Onezone.
  if (answers === 'fault') return refusals.internalServerError()
  const id = Object.hasOwn(users, token) ? users[token] : undefined
  if (answers === 'refusal' || id === undefined) return refusals.badIdpAccessToken(idp)
  const user = state.user(id)
  if (user === undefined) state.patchWorld({ users: { [id]: {} } })
  else if (user.blocked) return refusals.userBlocked()
  return { type: 'user', id }
}
