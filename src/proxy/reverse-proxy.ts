import type { AnswerCode, AuthenticationRequest } from '../authenticator/index.ts'
import { createRequestIds } from '../authenticator/index.ts'
import { systemClock } from '../clock.ts'
import type { Door, Incoming, Outgoing, ServeUpgrade } from '../listener/index.ts'
import { createLimitedLog } from '../limited-log.ts'
import { silentLogger, shielded, shieldedLogger } from '../logger.ts'
import type { RequestRecord, RequestRefusal, RouteChoice, RouteRequest } from '../routing/index.ts'
import { assembleRouter, isRefusal, recordOf } from '../routing/index.ts'
import type { UpstreamState } from '../upstream/index.ts'
import type { Sliced } from '../slices.ts'
import { inOneGo } from '../slices.ts'
import { createUpstreams } from '../upstream/index.ts'
import { createClientLimiter } from './client-limits.ts'
import { preflightedMethod } from './cors.ts'
import {
  refusalOptions,
  sendAnswer,
  sendCapabilities,
  sendHealth,
  sendPreflight,
  sendText,
} from './send-answer.ts'
import { UNMATCHED } from './events.ts'
import type { ExchangeInput } from './exchange-input.ts'
import { createOpenStreams } from './open-streams.ts'
import { fail, proceed } from './proceed.ts'
import { ProxyRequest } from './proxy-request.ts'
import type { RequestTrace } from './request-trace.ts'
import { answerOf, beginTrace } from './request-trace.ts'
import type { CompiledRoute, DocumentRoute } from './routes.ts'
import type { ReverseProxyOptions } from './reverse-proxy-options.ts'
import { compileRoutes, documentRoute, isCarrying } from './routes.ts'
import { refuseUnreadable } from './unreadable.ts'
import type { TakeConnection, Upgrade } from './websocket.ts'
import { asksForWebSocket, readHandshake } from './websocket-handshake.ts'

/**
 * The reverse-proxy door. With another class of requests than its own, those to upgrade to anything but WebSocket are
 * refused, instead of served without. Health checks of upstreams begin when it is opened.
 */
export interface ReverseProxy extends Door {
  readonly opened: () => void
  readonly upgrade: ServeUpgrade
  /** Finds the route of a request without serving it. */
  readonly choose: (request: RouteRequest) => RouteChoice
  /** Which upstreams of each route are in use now. */
  upstreams(): readonly (UpstreamState & { readonly routeId: string })[]
  /** How many requests wait for a connection to each upstream. */
  waiting(): ReadonlyMap<string, number>
  /** Somebody's tokens stopped being good: verifies all open streams again, soon. */
  recheckStreams(): void
  /** Ends all streams, those that are yet to begin too, each at some moment within so many milliseconds. */
  drainStreams(withinMs: number): void
  /** Ends the connections to the upstreams; requests that are still under way break off. */
  close(): Promise<void>
}

/** Methods of health checks; HAProxy's plain check of a path is OPTIONS. */
const CHECKING: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/** Status of the event for a client that went away before it was answered, as nginx has it. */
const CLIENT_CLOSED_REQUEST = 499

/**
 * Makes the reverse proxy: one strict reading of the request, the first route that matches it, the decision of that
 * route's authenticator, and either the answer or the upstream.
 *
 * @throws {TypeError} naming the option that makes no sense.
 */
export function createReverseProxy(options: ReverseProxyOptions): ReverseProxy {
  return inOneGo(assembleReverseProxy(options))
}

/** The same, in slices. */
export function* assembleReverseProxy(options: ReverseProxyOptions): Sliced<ReverseProxy> {
  const { clock = systemClock, requestIdOf = createRequestIds(), limits, health } = options
  // No path is empty.
  const healthPath = health?.path ?? ''
  const limited = createLimitedLog(clock)
  const limiter = createClientLimiter(options.clientLimits ?? {}, clock)
  const timed = options.timed === true ? clock : null
  const { tracing = null } = options
  const logger = shieldedLogger(options.logger ?? silentLogger)
  const onRequest = shielded(options.onRequest, 'requests', logger)
  const onUpstream = shielded(options.onUpstream, 'upstreams', logger)
  const streams = createOpenStreams({
    ...options.streams,
    clock,
    onStream: shielded(options.onStream, 'streams', logger),
  })
  const upstreams = createUpstreams({ clock, logger, limits: options.responseLimits })
  const routes = yield* compileRoutes(options.routes, upstreams.groupFor)
  const documents = options.document === undefined ? [] : [documentRoute(options.document)]
  const router = yield* assembleRouter<CompiledRoute | DocumentRoute>(
    [...documents, ...routes],
    limits,
  )
  const anyCors = routes.some(({ cors }) => cors !== null)

  function serve(
    incoming: Incoming,
    outgoing: Outgoing,
    takeConnection: TakeConnection | null = null,
  ): void {
    const record = recordOf(incoming, limits)
    const isOurs = !isRefusal(record) && (record.path === '*' || record.path === healthPath)
    if (anyCors && !isOurs && !isRefusal(record) && preflight(incoming, outgoing, record)) return
    const route = isRefusal(record) || isOurs ? null : router.routeOf(record)
    const known = route !== null && !isRefusal(route)
    const trace = observe(incoming, outgoing, known ? route : null)
    if (isRefusal(record)) return refuse(trace, outgoing, record)
    trace.record = record
    if (isOurs) return answerOurs(trace, outgoing, record)
    if (isRefusal(route)) return refuse(trace, outgoing, route)
    if (route === null) return sendNoRoute(trace, outgoing, record)
    // Not the next route that matches: what this one demands would not be asked for.
    if (!isCarrying(route)) {
      if ('document' in route) return sendText(incoming, outgoing, route.document, record)
      const options = refusalOptions(incoming, record, route)
      return sendAnswer(incoming, outgoing, answerOf(trace, 'route_not_found'), options)
    }
    // A connection cannot both carry a body and become something else.
    if (takeConnection !== null && record.bodyLength !== 0) {
      return refuse(trace, outgoing, { code: 'request_invalid' })
    }
    if ((record.bodyLength ?? 0) > route.maxBodyBytes) {
      const options = refusalOptions(incoming, record, route)
      return sendAnswer(incoming, outgoing, answerOf(trace, 'body_too_large'), options)
    }
    const upgrade = takeConnection === null ? null : readUpgrade(incoming, route, takeConnection)
    if (typeof upgrade === 'string') {
      const options = refusalOptions(incoming, record, route)
      return sendAnswer(incoming, outgoing, answerOf(trace, upgrade), options)
    }
    const request: AuthenticationRequest = {
      rawHeaders: incoming.rawHeaders,
      remoteAddress: trace.remoteAddress,
      secure: 'encrypted' in incoming.socket,
      requestId: trace.requestId,
      path: record.path,
      method: record.method,
      query: record.query,
      upgrade: upgrade !== null,
    }
    const serving: ExchangeInput = {
      incoming,
      outgoing,
      record,
      request,
      route,
      upgrade,
      held: null,
      streams,
      trace,
      clock,
      timed,
      logger,
      limited,
      onUpstream,
    }
    try {
      const decision = route.authenticator.authenticate(request)
      if (decision instanceof Promise) {
        decision
          .then((settled) => {
            trace.decidedAtMs = clock.monotonic()
            proceed(serving, settled, limiter)
          })
          .catch((error: unknown) => fail(serving, error))
      } else {
        proceed(serving, decision, limiter)
      }
    } catch (error) {
      fail(serving, error)
    }
  }

  function answerOurs(trace: RequestTrace, outgoing: Outgoing, record: RequestRecord): void {
    const { incoming } = trace
    const { path, method, bodyLength } = record
    if (path === '*') return sendCapabilities(incoming, outgoing, record)
    if (CHECKING.includes(method)) {
      const unreadiness = health?.unreadiness() ?? null
      return sendHealth(incoming, outgoing, { bodyLength, unreadiness })
    }
    const answer = answerOf(trace, 'method_not_allowed')
    sendAnswer(incoming, outgoing, answer, { bodyLength, allow: CHECKING })
  }

  /** Answers a preflight request, which speaks for the request that it asks about; false: it is none. */
  function preflight(incoming: Incoming, outgoing: Outgoing, record: RequestRecord): boolean {
    const method = preflightedMethod(incoming)
    if (method === null) return false
    const { hostName, path } = record
    const route = router.routeOf({ method, hostName, path })
    if (route === null || isRefusal(route) || 'document' in route) return false
    if (route.cors === null) return false
    observe(incoming, outgoing, route).record = record
    sendPreflight(incoming, outgoing, record, route.cors.preflightFields(incoming))
    return true
  }

  function observe(
    incoming: Incoming,
    outgoing: Outgoing,
    route: CompiledRoute | DocumentRoute | null,
  ): RequestTrace {
    const routeId = route === null ? UNMATCHED : route.id
    const { method = '', rawHeaders } = incoming
    const startedAtMs = clock.monotonic()
    const { remoteAddress } = incoming.socket
    const requestId = requestIdOf({ rawHeaders, remoteAddress, secure: false })
    const trace = beginTrace({ requestId, incoming, remoteAddress, startedAtMs })
    if (tracing !== null) trace.span = tracing.begin(trace, route?.path ?? null)
    outgoing.on('error', ignore)
    // Not `once`: it comes once, and the wrapper would cost.
    outgoing.on('close', () => {
      const status = outgoing.headersSent ? outgoing.statusCode : CLIENT_CLOSED_REQUEST
      onRequest({
        routeId,
        method,
        status,
        durationMs: clock.monotonic() - startedAtMs,
        completed: outgoing.writableFinished,
        trace,
      })
      if (trace.span !== null) trace.span.end(routeId, status)
    })
    return trace
  }

  function sendNoRoute(trace: RequestTrace, outgoing: Outgoing, record: RequestRecord): void {
    const { incoming } = trace
    const { bodyLength } = record
    const allow = router.methodsFor(record)
    if (allow.length === 0) {
      sendAnswer(incoming, outgoing, answerOf(trace, 'route_not_found'), { bodyLength })
    } else {
      const answer = answerOf(trace, 'method_not_allowed')
      sendAnswer(incoming, outgoing, answer, { bodyLength, allow })
    }
  }

  return {
    serve: (incoming, outgoing) => serve(incoming, outgoing),
    checkContinue(incoming, outgoing) {
      const record = recordOf(incoming, limits)
      if (!isRefusal(record)) record.continueOwed = record.bodyLength !== 0
      serve(incoming, outgoing)
    },
    checkExpectation: (incoming, outgoing) => serve(incoming, outgoing),
    upgrade: serve,
    unreadable: (socket, what, serving) => refuseUnreadable(socket, what, { serving, requestIdOf }),
    opened: () => upstreams.start(),
    requestClass: ProxyRequest,
    choose: (request) => router.choose(request),
    upstreams: () =>
      routes.flatMap(({ id, upstreams: group }) =>
        (group?.members ?? []).map(({ url, standing }) => ({
          routeId: id,
          url,
          up: standing.up,
        })),
      ),
    waiting: () => upstreams.waiting(),
    recheckStreams: () => streams.recheck(),
    drainStreams: (withinMs) => streams.drain(withinMs),
    close() {
      streams.drain(0)
      return upstreams.close()
    },
  }
}

/** What a connection is to be used for instead of HTTP; or the code of a refusal. */
function readUpgrade(
  incoming: Incoming,
  route: CompiledRoute,
  takeConnection: TakeConnection,
): Upgrade | AnswerCode {
  if (!asksForWebSocket(incoming)) return 'request_invalid'
  if (!route.websocket) return 'websocket_not_carried'
  const handshake = readHandshake(incoming.rawHeaders)
  return handshake === null ? 'handshake_invalid' : { handshake, takeConnection }
}

/** What a client that has gone away did not get is no error. */
function ignore(): void {}

/** Where one request ends and the next begins is not certain after what is refused here, so the connection ends too. */
function refuse(trace: RequestTrace, outgoing: Outgoing, refusal: RequestRefusal): void {
  const { code, detail } = refusal
  const answer = answerOf(trace, code, detail)
  sendAnswer(trace.incoming, outgoing, answer, { bodyLength: null, close: true })
}
