import type { AuthenticatorOptions, RoutePolicy } from '../../src/index.ts'
import { createAuthenticator } from '../../src/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

const GOOD: AuthenticatorOptions = {
  verifier: { verify: () => Promise.reject(new Error('asked')), close: () => Promise.resolve() },
}

refusesOptions(createAuthenticator, GOOD, [
  [{ trustedProxy: [] }, '"trustedProxy" is no option of createAuthenticator; did you mean "tr'],
  [{ verifier: {} }, '"verifier" must be a verifier with "verify"'],
  [{ stalenessBoundMs: '1' }, '"stalenessBoundMs" must be a number of milliseconds, more than 0'],
  [{ statesScopes: 'yes' }, '"statesScopes" must be true or false'],
])

const POLICY: RoutePolicy = { id: 'r', token: 'access' }

refusesOptions((policy: RoutePolicy) => createAuthenticator(GOOD).route(policy), POLICY, [
  [{ subject: { ids: ['bob'] } }, '"subject" is no option of a route policy; did you mean "subj'],
  [{ scope: ['a'] }, '"scope" is no option of a route policy; did you mean "scopes"?'],
  [{ headers: { subjectID: 'X-User', user: 'X-User' } }, '"headers.subjectID" is no option'],
  [{ forwardToken: 1 }, '"forwardToken" must be true or false, or { confine: [...] }, not 1'],
  [{ token: undefined }, '"id" and "token" of a route must be given'],
])
