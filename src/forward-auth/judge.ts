import type {
  Answer,
  AnswerCode,
  AuthenticationRequest,
  Decision,
  RequestIds,
  RouteAuthenticator,
} from '../authenticator/index.ts'
import { answerFor, createRequestIds } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { createLimitedLog } from '../limited-log.ts'
import type { Logger } from '../logger.ts'
import { shielded, shieldedLogger, silentLogger } from '../logger.ts'
import type { RequestLimits, RouteMatch } from '../routing/index.ts'
import { assembleRouter, isRefusal } from '../routing/index.ts'
import type { Sliced } from '../slices.ts'
import type { AskedIn } from './dialects.ts'
import { someName } from './field-names.ts'
import type { Question } from './question.ts'

/** Which requests take a route, and who may make them. */
export interface ForwardAuthRoute extends RouteMatch {
  readonly id: string
  readonly authenticator: RouteAuthenticator
}

/** One question, told when it is answered. */
export interface ForwardAuthEvent {
  /** `unknown` where the question was in none, or was not read. */
  readonly dialect: AskedIn | 'unknown'
  readonly outcome: 'granted' | 'refused' | 'fault'
  /** Null where no route was found. */
  readonly routeId: string | null
  /** Of the request that was asked about; `UNKNOWN` where it was not read. */
  readonly method: string
  /** The true status. */
  readonly status: number
  /** Of a refusal that no decision has counted; null: it was granted, or a decision refused it. */
  readonly code: AnswerCode | null
  readonly durationMs: number
}

/** Options of {@link assembleJudge}. */
export interface JudgeOptions {
  /** In order: the first one that matches counts. What none matches is answered 404. */
  readonly routes: readonly ForwardAuthRoute[]
  /**
   * What becomes of a question that does not say where the client is: with `required` it is answered 503; with
   * `unknown-allowed` no caveat on the address holds.
   *
   * @default 'required'
   */
  readonly clientAddress?: 'required' | 'unknown-allowed' | undefined
  /** How much the requests that are asked about may bring. @default REQUEST_LIMITS */
  readonly limits?: RequestLimits | undefined
  /** Finds the ids of requests, `Authenticator.requestIdOf`. @default nobody is believed, each gets a new one */
  readonly requestIdOf?: RequestIds | undefined
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** Told of every question. */
  readonly onQuestion?: ((event: ForwardAuthEvent) => void) | undefined
}

/** What becomes of a question. */
export type Judgement =
  | {
      readonly outcome: 'granted'
      readonly route: ForwardAuthRoute
      readonly identityHeaders: readonly string[]
      readonly requestId: string
    }
  | {
      readonly outcome: 'refused'
      readonly answer: Answer
      /** Methods that would have been taken. */
      readonly allow: readonly string[]
    }

/** One question, and where its answer goes. */
export interface Hearing {
  /** Null: in none that is known. */
  readonly dialect: AskedIn | null
  /** What was asked; or why it could not be read. */
  readonly question: Question | AnswerCode
  /** Whether the answer can take a field that would state an identity away from the request. */
  readonly removesForged: boolean
  /** Address of who asks. */
  readonly askedBy: string | undefined
  readonly answer: (judgement: Judgement) => void
}

/** Judges questions of front proxies, however they came. A promise settles when one is answered that had to wait. */
export type Judge = (hearing: Hearing) => Promise<void> | void

/**
 * Makes the judge of the routes, in slices: the same routes, the same authenticator and the same answers as those of
 * the proxy.
 *
 * @throws {TypeError} for a route that delegates caveats without a signed assertion: what says so to the upstream could
 *   be lost on its way.
 */
export function* assembleJudge(options: JudgeOptions): Sliced<Judge> {
  const { clock = systemClock, clientAddress = 'required' } = options
  const { requestIdOf = createRequestIds() } = options
  const logger = shieldedLogger(options.logger ?? silentLogger)
  const onQuestion = shielded(options.onQuestion, 'questions', logger)
  const router = yield* assembleRouter(options.routes, options.limits)
  for (const { id, authenticator } of options.routes) {
    const { caveats = {}, assertion } = authenticator.policy
    const { api, data } = caveats
    if (assertion === undefined && (api === 'delegate' || data === 'delegate')) {
      throw new TypeError(
        `route "${id}" delegates caveats, which forward auth cannot tell safely without an assertion`,
      )
    }
  }
  const addressless = new Set<AskedIn>()
  const limited = createLimitedLog(clock)

  /** Once each: a front proxy that forgets it would write a line for every request. */
  function noteMissingAddress(dialect: AskedIn | null): void {
    if (dialect === null || addressless.has(dialect)) return
    addressless.add(dialect)
    logger.error(
      { dialect },
      'a front proxy does not say where clients are: have it send their address, or set forwardAuth.clientAddress to unknown-allowed',
    )
  }

  return function judge({ dialect, question, removesForged, askedBy, answer }) {
    const startedAt = clock.monotonic()
    const read = typeof question === 'string' ? null : question
    const rawHeaders = read?.rawHeaders ?? []
    const requestId = requestIdOf({ rawHeaders, remoteAddress: askedBy, secure: false })

    const settle = (
      judgement: Judgement,
      routeId: string | null,
      code: AnswerCode | null = null,
    ): void => {
      const status = judgement.outcome === 'granted' ? 200 : judgement.answer.status
      answer(judgement)
      onQuestion({
        dialect: dialect ?? 'unknown',
        outcome: status === 200 ? 'granted' : status >= 500 ? 'fault' : 'refused',
        routeId,
        method: read?.method ?? 'UNKNOWN',
        status,
        code,
        durationMs: clock.monotonic() - startedAt,
      })
    }
    const refuse = (code: AnswerCode, routeId: string | null = null, detail?: string): void => {
      const allow = code === 'method_not_allowed' && read !== null ? router.methodsAt(read) : []
      const told = answerFor(code, { detail, requestId })
      settle({ outcome: 'refused', answer: told, allow }, routeId, code)
    }
    const conclude = (route: ForwardAuthRoute, decision: Decision): void => {
      if (decision.outcome === 'denied') {
        return settle({ outcome: 'refused', answer: decision.answer, allow: [] }, route.id)
      }
      const { identityHeaders } = decision
      settle({ outcome: 'granted', route, identityHeaders, requestId }, route.id)
    }

    if (typeof question === 'string') return refuse(question)
    const route = router.find(question)
    if (isRefusal(route)) return refuse(route.code, null, route.detail)
    if (question.hops.length === 0 && clientAddress === 'required') {
      noteMissingAddress(dialect)
      return refuse('gateway_misconfigured', route.id)
    }
    const { headers } = route.authenticator
    if (!removesForged && someName(rawHeaders, (name) => headers.claims(name))) {
      return refuse('identity_forged', route.id)
    }
    const failed = (error: unknown): void => {
      limited(`failed ${route.id}`, (omitted) => {
        const facts = { route: route.id, requestId, omitted, err: error }
        logger.error(facts, 'a question could not be answered')
      })
      refuse('internal_error', route.id)
    }
    try {
      const decision = route.authenticator.authenticate(requestOf(question, requestId))
      if (!(decision instanceof Promise)) return conclude(route, decision)
      return decision.then((settled) => conclude(route, settled)).catch(failed)
    } catch (error) {
      return failed(error)
    }
  }
}

/**
 * The request as the proxy would have seen it, had the client come here: the last hop is the peer of its socket, and
 * those before are believed as far as that one is trusted.
 */
function requestOf(
  { hops, rawHeaders, secure, method, target }: Question,
  requestId: string,
): AuthenticationRequest {
  const before = hops.slice(0, -1)
  const mark = `${target}?`.indexOf('?')
  return {
    rawHeaders:
      before.length === 0 ? rawHeaders : [...rawHeaders, 'x-forwarded-for', before.join(',')],
    remoteAddress: hops.at(-1),
    secure,
    requestId,
    method,
    path: target.slice(0, mark),
    query: target.slice(mark),
    upgrade: someName(rawHeaders, isUpgrade),
  }
}

function isUpgrade(name: string): boolean {
  return name.length === 7 && name.toLowerCase() === 'upgrade'
}
