import { VerifierFaultError } from '../errors.ts'
import type {
  FamilyRef,
  OnedataInterface,
  PresentedToken,
  Subject,
  TokenKind,
} from '../token/index.ts'
import { familyOf } from '../token/index.ts'
import type {
  Question,
  ReadToken,
  VerdictSource,
  SourcedVerdict,
  Verifier,
} from '../verifier/index.ts'
import type { AnswerCode } from './answers.ts'
import type { ClientResolver } from './client-address.ts'
import type { Credentials } from './credentials.ts'
import type { CredentialsRead } from './credentials.ts'
import { credentialFieldsOf, readCredentials } from './credentials.ts'
import type { AuthenticationRequest, Decision } from './decision.ts'
import type { RoutePolicy, SubjectPolicy } from './route-policy.ts'
import type { CaveatTreatment, RouteRules } from './route-rules.ts'

/** What a route makes of a request, and why; fit for JSON, without any token in it. */
export interface RequestExplanation<Report> {
  readonly policy: PolicyExplanation
  /** Null where a trusted proxy's list cannot be read. */
  readonly client: { readonly address: string; readonly peerIp: string | null } | null
  readonly credentials: {
    readonly outcome: Credentials['outcome']
    /** Names of the header fields that can carry a token, as they were sent. */
    readonly fields: readonly string[]
  }
  /** What the token says of itself; null: there is none, or it cannot be read. */
  readonly token: TokenExplanation | null
  readonly consumerToken: TokenExplanation | null
  /**
   * What this route does with each caveat of the token, in their order. `type`: `unknown` where it is not understood,
   * `scope` for the legacy caveat without a type.
   */
  readonly caveats: readonly { readonly type: string; readonly treatment: CaveatTreatment }[]
  /** What the verifier has to say; null where it would not be asked. */
  readonly verification: Report | null
  readonly decision: DecisionExplanation
}

/** The part of a route's policy that decides. */
export interface PolicyExplanation {
  readonly token: RoutePolicy['token']
  readonly optional: boolean
  /** Several: the one that a token demands, or else the first. */
  readonly interface: OnedataInterface | readonly OnedataInterface[] | null
  readonly inviteType: string | null
  readonly subjects: SubjectPolicy | null
  /** Scopes that a token must carry, all of them; empty: none. */
  readonly scopes: readonly string[]
}

/** A token as it may be shown. */
export interface TokenExplanation {
  readonly fingerprint: string
  readonly kind: TokenKind
  readonly persistence: PresentedToken['persistence']
  /** Whom it claims to speak for; nobody where it says nothing about that. */
  readonly subject: Subject
  readonly family: FamilyRef | null
  /** Unix seconds; null: never. */
  readonly expiresAt: number | null
}

/** A decision; `undecided`: the verifier would have to be asked. */
export interface DecisionExplanation {
  readonly outcome: 'granted' | 'denied' | 'undecided'
  /** What the client gets; null where that is up to the upstream, or to the verifier. */
  readonly status: number | null
  readonly code: AnswerCode | null
  /** Type of the caveat at issue. */
  readonly caveat: string | null
  readonly detail: string | null
  readonly source: VerdictSource | null
  readonly subject: Subject | null
}

/** What a verifier would say to a question: a verdict, a fault, or neither where it would have to ask. */
export interface Inspected<Report> {
  readonly report: Report
  readonly verification: SourcedVerdict | null
  readonly fault?: unknown
}

/** Looks into a verifier. */
export type Inspect<Report> = (question: Question) => Promise<Inspected<Report>>

/** What a route is explained by: the very parts that it decides by. */
export interface ExplanationParts {
  readonly policy: RoutePolicy
  readonly rules: RouteRules
  readonly read: CredentialsRead
  readonly resolveClient: ClientResolver
  readonly readToken: ReadToken
  readonly decideBy: DecideBy
}

/**
 * Decides as the route does, by another verifier, and tells nobody. `onAsking` is called where an identity provider
 * would have to be asked, which is not done.
 */
export type DecideBy = (
  verifier: Verifier<PresentedToken>,
  request: AuthenticationRequest,
  onAsking: () => void,
) => Decision | Promise<Decision>

const UNDECIDED: DecisionExplanation = {
  outcome: 'undecided',
  status: null,
  code: null,
  caveat: null,
  detail: null,
  source: null,
  subject: null,
}

/** Explains a request: the route decides it, with a verifier in place of its own that looks before it answers. */
export async function explainRequest<Report>(
  request: AuthenticationRequest,
  parts: ExplanationParts,
  inspect: Inspect<Report>,
): Promise<RequestExplanation<Report>> {
  let report: Report | null = null
  let answered = true
  const onlooker: Verifier<PresentedToken> = {
    async verify(question) {
      const inspected = await inspect(question)
      report = inspected.report
      if (inspected.verification !== null) return inspected.verification
      answered = inspected.fault !== undefined
      throw answered
        ? inspected.fault
        : new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'Nobody was asked')
    },
    close: async () => {},
  }
  const decision = await parts.decideBy(onlooker, request, () => {
    answered = false
  })

  const client = parts.resolveClient(request)
  const credentials = readCredentials(request.rawHeaders, parts.read)
  const read = (serialized: string | null): PresentedToken | null => {
    const token = serialized === null ? null : parts.readToken(serialized)
    return typeof token === 'string' ? null : token
  }
  const given = credentials.outcome === 'token' ? credentials : null
  const token = read(given?.token ?? null)
  return {
    policy: describePolicy(parts.policy, parts.rules),
    client: { address: client.address, peerIp: client.peerIp },
    credentials: {
      outcome: credentials.outcome,
      fields: credentialFieldsOf(request.rawHeaders, parts.read),
    },
    token: token === null ? null : describeToken(token),
    consumerToken: describeOptional(read(given?.consumerToken ?? null)),
    caveats: (token?.caveats ?? []).map((caveat) => ({
      type: caveat.type ?? 'scope',
      treatment: parts.rules.treatmentOf(caveat),
    })),
    verification: report,
    decision: answered ? describeDecision(decision) : UNDECIDED,
  }
}

function describePolicy(policy: RoutePolicy, rules: RouteRules): PolicyExplanation {
  return {
    token: rules.kind,
    optional: policy.optional ?? false,
    interface: rules.interfaces.length > 1 ? rules.interfaces : (rules.interfaces[0] ?? null),
    inviteType: rules.inviteType,
    subjects: policy.subjects ?? null,
    scopes: policy.scopes ?? [],
  }
}

function describeOptional(token: PresentedToken | null): TokenExplanation | null {
  return token === null ? null : describeToken(token)
}

function describeToken(token: PresentedToken): TokenExplanation {
  return {
    fingerprint: token.fingerprint,
    kind: token.kind,
    persistence: token.persistence,
    subject: token.subject,
    family: familyOf(token),
    expiresAt: token.validUntil,
  }
}

function describeDecision(decision: Decision): DecisionExplanation {
  const { outcome, source } = decision
  if (outcome === 'granted') {
    const subject = decision.identity?.subject ?? null
    return { ...UNDECIDED, outcome, source, subject }
  }
  const { status, code, detail, caveat } = decision.answer
  return { ...UNDECIDED, outcome, status, code, caveat, detail, source }
}
