import { checkOptions } from '../option-shape.ts'
import type {
  Caveat,
  DataScope,
  InviteType,
  OnedataInterface,
  PresentedToken,
  Subject,
  TokenKind,
} from '../token/index.ts'
import { readDataScope } from '../token/index.ts'
import type { BackendTraits, TokenRecord } from '../verifier/index.ts'
import { isIpConfining, readConfinement } from './confinement.ts'
import { judgeData } from './data-enforcement.ts'
import type { CompiledMapping } from './data-mapping.ts'
import { compileDataMapping } from './data-mapping.ts'
import type { AdmittedSubject, AuthenticationRequest } from './decision.ts'
import { nameOption } from './named-option.ts'
import type { Objection } from './objection.ts'
import type { CaveatPolicy, RoutePolicy } from './route-policy.ts'
import { ROUTE_POLICY_OPTIONS } from './route-policy.ts'

/**
 * What a route does with a caveat: leave it to verification, refuse the token, have the upstream enforce it, or enforce
 * it itself, request by request.
 */
export type CaveatTreatment = 'pass' | 'refuse' | 'delegate' | 'enforce'

/** A route's policy, ready to be asked. */
export interface RouteRules {
  readonly kind: TokenKind | 'none'
  /** The interfaces that the route stands for; empty: none. */
  readonly interfaces: readonly OnedataInterface[]
  readonly inviteType: InviteType | null
  /** Whether tokens with data caveats may be let in: then the upstream or the route enforces them. */
  readonly takesData: boolean
  /** A reason to refuse the token without asking anybody, or null. */
  objectionTo(token: PresentedToken): Objection | null
  treatmentOf(caveat: Caveat): CaveatTreatment
  /** The interface that a token is verified for: of those of the route the one that it demands, or else the first. */
  interfaceFor(token: Pick<PresentedToken, 'caveats'>): OnedataInterface | null
  admits<Verdict extends { readonly subject: Subject }>(
    verdict: Verdict,
  ): verdict is Verdict & { readonly subject: AdmittedSubject }
  /** Whether a token carries all scopes that the route demands, as far as its verifier has any on record. */
  isServedBy(record: TokenRecord | null): boolean
  /** Why the data caveats of a token do not allow a request; null: they do, or are not for this route to enforce. */
  dataObjectionTo(token: PresentedToken, request: AuthenticationRequest): Objection | null
  /** The caveats that the upstream must enforce because verification does not, or may enforce once more. */
  delegatedBy(token: PresentedToken): readonly Caveat[]
}

const NO_CAVEATS: readonly Caveat[] = Object.freeze([])

/**
 * Compiles a policy.
 *
 * @throws {TypeError} for a policy that makes no sense.
 */
export function compileRouteRules(
  policy: RoutePolicy,
  traits: Pick<BackendTraits, 'serviceTokenConfigured' | 'statesScopes'>,
): RouteRules {
  checkOptions('a route policy', policy, ROUTE_POLICY_OPTIONS)
  const { token: kind, caveats = {}, subjects = {} } = policy
  const interfaces = interfacesOf(policy.interface)
  const [first = null] = interfaces
  if (policy.id === undefined || kind === undefined) {
    throw new TypeError('"id" and "token" of a route must be given')
  }
  const service = nameOption('caveats.service', () =>
    resolveServicePolicy(caveats.service, traits.serviceTokenConfigured),
  )
  const scopes = nameOption('scopes', () => resolveScopes(policy.scopes, traits.statesScopes))
  if (kind !== 'none' && policy.credentials?.length === 0) {
    throw new TypeError('"credentials" of a route is empty, so no token could be read')
  }
  nameOption('identityProviderTokens', () => checkProviderTokens(policy))
  const mapping = compileMapping(policy)
  const scopesOfData = new WeakMap<PresentedToken, DataScope | null>()
  const forward = readConfinement(policy.forwardToken, kind)
  const refusesIp = forward?.allowIpConfined === false
  const types = subjects.types === undefined ? null : new Set<string>(subjects.types)
  const ids = subjects.ids === undefined ? null : new Set(subjects.ids)

  const policyFor = (caveat: Caveat): CaveatTreatment => {
    const type = caveat.type ?? 'scope'
    if (type === 'service') return service === 'refuse' ? 'refuse' : 'pass'
    if (type === 'api') return caveats.api ?? 'refuse'
    if (type.startsWith('data.')) return caveats.data ?? 'refuse'
    return 'pass'
  }

  const treatmentOf = (caveat: Caveat): CaveatTreatment => {
    if (refusesIp && isIpConfining(caveat)) return 'refuse'
    const treatment = policyFor(caveat)
    // Other kinds support none of these caveats: Onezone refuses them.
    return kind !== 'access' && treatment === 'refuse' ? 'pass' : treatment
  }

  return {
    kind,
    interfaces,
    inviteType: policy.inviteType ?? null,
    takesData: caveats.data === 'delegate' || caveats.data === 'enforce',
    objectionTo(token) {
      const impossible = impossibilityOf(token)
      if (impossible !== null) return impossible
      if (kind !== 'none' && !canServeAs(token, kind)) return { code: 'token_type_mismatch' }
      for (const caveat of token.caveats) {
        if (treatmentOf(caveat) === 'refuse') {
          return { code: 'caveat_not_enforced', caveat: caveat.type ?? 'scope' }
        }
      }
      return null
    },
    treatmentOf,
    dataObjectionTo(token, request) {
      if (mapping === null || token.caveats.length === 0) return null
      let scope = scopesOfData.get(token)
      if (scope === undefined) {
        scope = readDataScope(token.caveats)
        scopesOfData.set(token, scope)
      }
      return scope === null ? null : judgeData(scope, mapping, request)
    },
    interfaceFor({ caveats: carried }) {
      if (interfaces.length < 2) return first
      const demanded = carried.find((caveat) => caveat.type === 'interface')?.interface
      return interfaces.find((each) => each === demanded) ?? first
    },
    admits<Verdict extends { readonly subject: Subject }>(
      verdict: Verdict,
    ): verdict is Verdict & { readonly subject: AdmittedSubject } {
      const { subject } = verdict
      if (subject.id === null || subject.type === 'nobody') return false
      return (types === null || types.has(subject.type)) && (ids === null || ids.has(subject.id))
    },
    isServedBy(record) {
      // Most routes demand none, and then nothing must be looked at.
      if (scopes.length === 0) return true
      return record !== null && scopes.every((scope) => record.scopes.includes(scope))
    },
    delegatedBy(token) {
      if (token.caveats.length === 0) return NO_CAVEATS
      return Object.freeze(
        token.caveats.filter((caveat) => /^(?:delegate|enforce)$/.test(treatmentOf(caveat))),
      )
    },
  }
}

function compileMapping({ token, caveats, data }: RoutePolicy): CompiledMapping | null {
  if (caveats?.data !== 'enforce') {
    if (data !== undefined) throw new TypeError('"data" is only for "caveats.data": "enforce"')
    return null
  }
  if (token !== 'access') throw new TypeError('"caveats.data": "enforce" is for access tokens only')
  if (data === undefined) {
    throw new TypeError('"caveats.data": "enforce" needs "data": which files a request is about')
  }
  return compileDataMapping(data)
}

/** What is made of such a token proves an identity and is no access token: nothing else could be forwarded. */
function checkProviderTokens(policy: RoutePolicy): void {
  if (policy.identityProviderTokens !== true) return
  if (policy.token !== 'access') throw new TypeError('is for routes with "token": "access" only')
  if ((policy.forwardToken ?? false) !== false) {
    throw new TypeError('contradicts "forwardToken": such tokens are never forwarded')
  }
}

function interfacesOf(given: RoutePolicy['interface']): readonly OnedataInterface[] {
  if (given === null) return []
  return typeof given === 'object' ? [...new Set(given)] : [given ?? 'rest']
}

/**
 * What a route does with `service` caveats, given what its policy says and whether there is a service token.
 *
 * @throws {TypeError} for a choice that needs a service token that is not there, or that contradicts one that is.
 */
export function resolveServicePolicy(
  choice: CaveatPolicy['service'],
  serviceToken: boolean,
): NonNullable<CaveatPolicy['service']> {
  if (choice === 'verify' && !serviceToken) {
    throw new TypeError('"verify" needs a service token; without one use "refuse"')
  }
  if (choice === 'as-onezone' && serviceToken) {
    throw new TypeError('"as-onezone" contradicts the service token; use "verify", or remove it')
  }
  return choice ?? (serviceToken ? 'verify' : 'refuse')
}

/** A `scope-token` of RFC 6750 §3, so that a challenge can name it. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/

/**
 * The scopes that a route demands, given whether the verifier states any.
 *
 * @throws {TypeError} for a list that is no list of scopes, is empty, or could never be met.
 */
export function resolveScopes(
  scopes: RoutePolicy['scopes'],
  statesScopes: boolean,
): readonly string[] {
  if (scopes === undefined) return []
  if (!Array.isArray(scopes) || scopes.length === 0) {
    throw new TypeError(
      'must be a list of scopes with at least one in it; leave it out to demand none',
    )
  }
  for (const scope of scopes) parseScope(scope)
  if (!statesScopes) {
    throw new TypeError('need a verifier that states the scopes of a token, which Onezone does not')
  }
  return Object.freeze([...scopes])
}

/**
 * Reads one scope.
 *
 * @throws {TypeError} for anything else.
 */
export function parseScope(text: string): string {
  if (SCOPE.test(text)) return text
  throw new TypeError(
    'must be 1 to 128 printable ASCII characters without space, quote or backslash',
  )
}

/**
 * Tokens that anybody can write and Onezone answers with 500 instead of a refusal (§5.3, end): passed on, they would
 * look like an outage.
 */
export function impossibilityOf(token: PresentedToken): Objection | null {
  const { type } = token.subject
  if (token.persistence === 'temporary' && type !== 'user' && type !== 'oneprovider') {
    return { code: 'token_invalid' }
  }
  for (const caveat of token.caveats) {
    if (caveat.type === 'unknown' && /\p{Surrogate}/u.test(caveat.text)) {
      return { code: 'caveat_unverified', caveat: 'unknown' }
    }
  }
  return null
}

/** False only where Onezone would refuse the kind too: a provider's access token passes as identity (§5.3, step 5). */
function canServeAs(token: PresentedToken, kind: TokenKind): boolean {
  if (token.kind === kind) return true
  if (kind !== 'identity' || token.kind !== 'access') return false
  return token.subject.type !== 'user' && !isSessionBound(token)
}

function isSessionBound(token: PresentedToken): boolean {
  return 'accessToken' in token.type && token.type.accessToken.sessionId !== undefined
}
