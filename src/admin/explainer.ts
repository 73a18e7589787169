import { isIP } from 'node:net'

import type {
  AnswerCode,
  CaveatTreatment,
  DecisionExplanation,
  ExplainingRoute,
  RequestExplanation,
} from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { FLAG, TEXT } from '../option-shape.ts'
import type { ReverseProxy } from '../proxy/index.ts'
import type { CaveatJudgement, Verification, VerdictExplanation } from '../verification/index.ts'

/** A request to be explained. It is not sent anywhere; only Onezone may be asked about its tokens. */
export interface ExplainRequest {
  /** @default none */
  readonly token?: string | undefined
  /** Identity token of the consumer. @default none */
  readonly consumerToken?: string | undefined
  /** @default 'GET' */
  readonly method?: string | undefined
  /** With its query, if any. @default '/' */
  readonly path?: string | undefined
  /** What `Host` says. @default none, so that only routes for every host match */
  readonly host?: string | undefined
  /** Address of the client. @default none, so that no ip, asn or geo caveat holds */
  readonly peerIp?: string | undefined
  /** Ask Onezone where nothing is remembered that decides. @default false */
  readonly ask?: boolean | undefined
}

/** What a request to be explained may say. */
export const EXPLAIN_REQUEST: OptionShape<ExplainRequest> = {
  token: TEXT,
  path: TEXT,
  method: TEXT,
  host: TEXT,
  peerIp: {
    wanted: 'an IP address',
    accepts: (value) => typeof value === 'string' && isIP(value) !== 0,
  },
  consumerToken: TEXT,
  ask: FLAG,
}

type OfRequest = RequestExplanation<VerdictExplanation>

/** What the gateway makes of a request, and why. Fit for JSON; no token and no signature is in it. */
export interface Explanation {
  readonly request: {
    readonly method: string
    readonly path: string
    /** As it was given; null where it was not. */
    readonly host: string | null
  }
  /** Null where no route matches, or where the request is refused before. */
  readonly route: (ExplainedRoute & OfRequest['policy']) | null
  readonly client: OfRequest['client']
  readonly credentials: OfRequest['credentials'] | null
  readonly token: OfRequest['token']
  readonly consumerToken: OfRequest['consumerToken']
  /** One for each caveat of the token, in their order. */
  readonly caveats: readonly CaveatExplanation[]
  /** What is known, and what follows from it; null where the verifier would not be asked. */
  readonly verification: Omit<VerdictExplanation, 'caveats'> | null
  readonly decision: DecisionExplanation
}

/** Which requests a route takes; null stands for all. */
export interface ExplainedRoute {
  readonly id: string
  readonly path: string
  readonly hosts: readonly string[] | null
  readonly methods: readonly string[] | null
}

/** What becomes of one caveat. */
export interface CaveatExplanation {
  /** `unknown` where it is not understood, `scope` for the legacy caveat without a type. */
  readonly type: string
  /** What its verdict depends on; empty where it is not judged here. */
  readonly reads: CaveatJudgement['reads']
  /**
   * By whom: the gateway from the token's own text, Onezone, or the upstream, to which the route delegates it.
   * `enforced`: the route itself, request by request. `refused`: it takes no token that carries it. Null: the request
   * is refused before it matters.
   */
  readonly judged: CaveatJudgement['judged'] | 'delegated' | 'enforced' | 'refused' | null
  /** Whether it holds; null where that is not for the gateway to say. */
  readonly holds: boolean | null
}

/** Explains requests. */
export type Explainer = (request: ExplainRequest) => Promise<Explanation>

/** A route of the proxy that can say why it decides as it does. */
export interface ExplainableRoute {
  readonly id: string
  readonly path: string
  readonly hosts?: readonly string[] | undefined
  readonly methods?: readonly string[] | undefined
  readonly authenticator: ExplainingRoute
}

/** What {@link createExplainer} looks into. */
export interface ExplainerOptions {
  readonly choose: ReverseProxy['choose']
  readonly routes: readonly ExplainableRoute[]
  readonly explain: Verification['explain']
}

/** Makes the explainer: the proxy says which route, the route what it demands, the verification what is known. */
export function createExplainer(options: ExplainerOptions): Explainer {
  const { choose, routes, explain } = options

  return async function explainRequest(asked) {
    const { method = 'GET', path = '/', host, token, consumerToken, peerIp, ask = false } = asked
    const request = { method, path: path.replace(/\?.*$/s, ''), host: host ?? null }
    const choice = choose({ method, target: path, host })
    if ('code' in choice) return unrouted(request, choice.code, choice.detail)
    const route = routes.find(({ id }) => id === choice.routeId)
    if (route === undefined) return unrouted(request, 'route_not_found')

    const explanation = await route.authenticator.explain<VerdictExplanation>(
      {
        rawHeaders: [
          ...(token === undefined ? [] : ['X-Auth-Token', token]),
          ...(consumerToken === undefined ? [] : ['X-Onedata-Consumer-Token', consumerToken]),
        ],
        remoteAddress: peerIp,
        secure: false,
        method,
        path: request.path,
        query: path.slice(request.path.length),
      },
      async (question) => {
        // An operator who asks about a client must not use up what that client may cost.
        const explained = await explain({ ...question, clientAddress: '' }, { ask })
        return { ...explained, report: explained.explanation }
      },
    )
    const { policy, caveats, verification, ...rest } = explanation
    return {
      request,
      route: {
        id: route.id,
        path: route.path,
        hosts: route.hosts ?? null,
        methods: route.methods ?? null,
        ...policy,
      },
      ...rest,
      caveats: caveats.map(({ type, treatment }, at) =>
        caveatOf(type, treatment, verification?.caveats[at]),
      ),
      verification: verification === null ? null : withoutCaveats(verification),
    }
  }
}

function withoutCaveats(explanation: VerdictExplanation): NonNullable<Explanation['verification']> {
  const { caveats: _, ...rest } = explanation
  return rest
}

function caveatOf(
  type: string,
  treatment: CaveatTreatment,
  judgement: CaveatJudgement | undefined,
): CaveatExplanation {
  const reads = judgement?.reads ?? []
  if (treatment === 'refuse') return { type, reads, judged: 'refused', holds: null }
  if (treatment === 'delegate') return { type, reads, judged: 'delegated', holds: null }
  if (treatment === 'enforce') return { type, reads, judged: 'enforced', holds: null }
  return { type, reads, judged: judgement?.judged ?? null, holds: judgement?.holds ?? null }
}

function unrouted(request: Explanation['request'], code: AnswerCode, about?: string): Explanation {
  const { status, body } = answerFor(code, { detail: about })
  const { detail } = JSON.parse(body) as { detail: string }
  return {
    request,
    route: null,
    client: null,
    credentials: null,
    token: null,
    consumerToken: null,
    caveats: [],
    verification: null,
    decision: {
      outcome: 'denied',
      status,
      code,
      caveat: null,
      detail,
      source: null,
      subject: null,
    },
  }
}
