import type {
  AnswerCode,
  AuthenticationRequest,
  Decision,
  RouteAuthenticator,
} from '../authenticator/index.ts'
import { answerFor, createProxyTrust } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { Door, Incoming, Outgoing } from '../listener/index.ts'
import type { Logger } from '../logger.ts'
import { silentLogger, shielded, shieldedLogger } from '../logger.ts'
import type { RouteMatch } from '../routing/index.ts'
import { createRouter, isRefusal } from '../routing/index.ts'
import type { Asked, Dialect } from './dialects.ts'
import { readDialect } from './dialects.ts'
import type { Question } from './question.ts'
import { readQuestion } from './question.ts'
import { sendGrant, sendRefusal } from './reply.ts'

/** Which requests take a route, and who may make them. */
export interface ForwardAuthRoute extends RouteMatch {
  readonly id: string
  readonly authenticator: RouteAuthenticator
}

/** One question, told when it is answered. */
export interface ForwardAuthEvent {
  /** `unknown` where the question was in none, or was not read. */
  readonly dialect: Dialect | 'unknown'
  readonly outcome: 'granted' | 'refused' | 'fault'
  /** Null where no route was found. */
  readonly routeId: string | null
  /** Of the request that was asked about; `UNKNOWN` where it was not read. */
  readonly method: string
  /** The true status. */
  readonly status: number
  readonly durationMs: number
}

/** Options of {@link createForwardAuth}. */
export interface ForwardAuthOptions {
  /** In order: the first one that matches counts. What none matches is answered 404. */
  readonly routes: readonly ForwardAuthRoute[]
  /** Addresses and CIDR ranges of the proxies that may ask. */
  readonly trustedProxies: readonly string[]
  /** Whether all who can connect may ask, as on a Unix socket, which its file mode protects. @default false */
  readonly anyAsker?: boolean | undefined
  /**
   * What becomes of a question that does not say where the client is: with `required` it is answered 503; with
   * `unknown-allowed` no caveat on the address holds.
   *
   * @default 'required'
   */
  readonly clientAddress?: 'required' | 'unknown-allowed' | undefined
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** Told of every question. */
  readonly onQuestion?: ((event: ForwardAuthEvent) => void) | undefined
}

/** What is known of a question while it is answered. */
interface Answering {
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly startedAt: number
  readonly asked: Asked | null
  readonly question: Question | null
  readonly route: ForwardAuthRoute | null
}

/**
 * Makes the door that front proxies ask whether a request may pass: the request that they describe is read as strictly
 * as the proxy reads its own, takes the same routes, is decided by the same authenticator, and gets the same answers.
 *
 * @throws {TypeError} for a route that delegates caveats: what says so to the upstream could be lost on its way.
 */
export function createForwardAuth(options: ForwardAuthOptions): Door {
  const { clock = systemClock, clientAddress = 'required', anyAsker = false } = options
  const logger = shieldedLogger(options.logger ?? silentLogger)
  const onQuestion = shielded(options.onQuestion, 'questions', logger)
  const router = createRouter(options.routes)
  const mayAsk = createProxyTrust(options.trustedProxies)
  for (const { id, authenticator } of options.routes) {
    const { api, data } = authenticator.policy.caveats ?? {}
    if (api === 'delegate' || data === 'delegate') {
      throw new TypeError(`route "${id}" delegates caveats, which forward auth cannot tell safely`)
    }
  }
  const addressless = new Set<Dialect>()

  function serve(incoming: Incoming, outgoing: Outgoing): void {
    const startedAt = clock.monotonic()
    const nothing = { incoming, outgoing, startedAt, asked: null, question: null, route: null }
    if (!anyAsker && !mayAsk(incoming.socket.remoteAddress)) {
      return refuse(nothing, 'asker_not_trusted')
    }
    const asked = readDialect(incoming.url ?? '')
    if (asked === null) return refuse(nothing, 'route_not_found')
    const question = readQuestion(asked, incoming)
    if (typeof question === 'string') return refuse({ ...nothing, asked }, question)
    const route = router.find(question)
    if (isRefusal(route)) {
      return refuse({ ...nothing, asked, question }, route.code, route.detail)
    }
    const answering = { ...nothing, asked, question, route }
    if (question.hops.length === 0 && clientAddress === 'required') {
      noteMissingAddress(asked.dialect)
      return refuse(answering, 'gateway_misconfigured')
    }
    const { headers } = route.authenticator
    if (question.rawHeaders.some((name, index) => index % 2 === 0 && headers.claims(name))) {
      return refuse(answering, 'identity_forged')
    }
    const decision = route.authenticator.authenticate(requestOf(question))
    if (decision instanceof Promise) void decision.then((settled) => conclude(answering, settled))
    else conclude(answering, decision)
  }

  function conclude(answering: Answering, decision: Decision): void {
    const { incoming, outgoing, asked, route } = answering
    if (decision.outcome === 'denied') {
      if (!outgoing.destroyed)
        sendRefusal(incoming, outgoing, asked?.dialect ?? null, decision.answer)
      return tell(answering, decision.answer.status)
    }
    if (asked === null || route === null) return refuse(answering, 'internal_error')
    if (!outgoing.destroyed) {
      const { identityHeaders } = decision
      sendGrant(incoming, outgoing, asked.dialect, route.authenticator, identityHeaders)
    }
    tell(answering, 200)
  }

  function refuse(answering: Answering, code: AnswerCode, detail?: string): void {
    const { incoming, outgoing, asked, question } = answering
    const answer = answerFor(code, { detail })
    const allow =
      code === 'method_not_allowed' && question !== null ? router.methodsAt(question) : []
    sendRefusal(incoming, outgoing, asked?.dialect ?? null, answer, allow)
    tell(answering, answer.status)
  }

  function tell({ asked, route, question, startedAt }: Answering, status: number): void {
    onQuestion({
      dialect: asked?.dialect ?? 'unknown',
      outcome: status === 200 ? 'granted' : status >= 500 ? 'fault' : 'refused',
      routeId: route?.id ?? null,
      method: question?.method ?? 'UNKNOWN',
      status,
      durationMs: clock.monotonic() - startedAt,
    })
  }

  /** Once each: a front proxy that forgets it would write a line for every request. */
  function noteMissingAddress(dialect: Dialect): void {
    if (addressless.has(dialect)) return
    addressless.add(dialect)
    logger.error(
      { dialect },
      'a front proxy does not say where clients are: have it send their address, or set forwardAuth.clientAddress to unknown-allowed',
    )
  }

  // A question that expects something, or that would upgrade, is a question like any other.
  return { serve, checkContinue: serve, checkExpectation: serve }
}

/**
 * The request as the proxy would have seen it, had the client come here: the last hop is the peer of its socket, and
 * those before are believed as far as that one is trusted.
 */
function requestOf({ hops, rawHeaders, secure, method, target }: Question): AuthenticationRequest {
  const before = hops.slice(0, -1)
  const mark = `${target}?`.indexOf('?')
  return {
    method,
    path: target.slice(0, mark),
    query: target.slice(mark),
    upgrade: rawHeaders.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'upgrade'),
    rawHeaders:
      before.length === 0 ? rawHeaders : [...rawHeaders, 'x-forwarded-for', before.join(',')],
    remoteAddress: hops.at(-1),
    secure,
  }
}
