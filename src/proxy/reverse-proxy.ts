import type {
  AnswerCode,
  AuthenticationRequest,
  Decision,
  RequestIds,
} from '../authenticator/index.ts'
import { createRequestIds } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { Door, Incoming, Outgoing, ServeUpgrade } from '../listener/index.ts'
import { createLimitedLog } from '../limited-log.ts'
import type { Logger } from '../logger.ts'
import { silentLogger, shielded, shieldedLogger } from '../logger.ts'
import type { RequestRecord, RequestRefusal, RouteChoice, RouteRequest } from '../routing/index.ts'
import { createRouter, isRefusal, recordOf } from '../routing/index.ts'
import type { UpstreamState } from '../upstream/index.ts'
import { createUpstreams } from '../upstream/index.ts'
import { sendAnswer, sendCapabilities, sendHealth, sendText } from './send-answer.ts'
import type { RequestEvent, StreamEvent, UpstreamEvent } from './events.ts'
import { UNMATCHED } from './events.ts'
import type { ExchangeInput } from './exchange.ts'
import { Exchange } from './exchange.ts'
import type { StreamOptions } from './open-streams.ts'
import { createOpenStreams } from './open-streams.ts'
import { ProxyRequest } from './proxy-request.ts'
import type { RequestTrace } from './request-trace.ts'
import { answerOf, beginTrace, noted } from './request-trace.ts'
import type { CompiledRoute, DocumentRoute, ProxyDocument, ProxyRoute } from './routes.ts'
import { compileRoutes, documentRoute, isCarrying } from './routes.ts'
import { refuseUnreadable } from './unreadable.ts'
import type { TakeConnection, Upgrade } from './websocket.ts'
import { asksForWebSocket, readHandshake } from './websocket-handshake.ts'

/** Options of {@link createReverseProxy}. */
export interface ReverseProxyOptions {
  /** In order: the first one that matches counts. What none matches is answered 404. */
  readonly routes: readonly ProxyRoute[]
  /** What is answered with a text of the gateway's own. @default nothing */
  readonly document?: ProxyDocument | undefined
  /** Finds the ids of requests, `Authenticator.requestIdOf`. @default nobody is believed, each gets a new one */
  readonly requestIdOf?: RequestIds | undefined
  /** What is answered to those who look whether requests may be sent here. @default nothing */
  readonly health?: HealthAnswer | undefined
  /** Note how long upstreams take, for {@link RequestEvent}'s trace. @default false */
  readonly timed?: boolean | undefined
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** Told of every request when its response has ended or broken off. */
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  /** Told of every upstream request when it is over. */
  readonly onUpstream?: ((event: UpstreamEvent) => void) | undefined
  /** How WebSockets and event streams are verified again while they are open. */
  readonly streams?: StreamOptions | undefined
  /** Told when a WebSocket or an event stream begins and when it has ended. */
  readonly onStream?: ((event: StreamEvent) => void) | undefined
}

/** How GET and HEAD of one path are answered, on every host and without a token. */
export interface HealthAnswer {
  readonly path: string
  /** Why no requests may be sent here; null: they may. */
  readonly unreadiness: () => string | null
}

/**
 * The reverse-proxy door. With another class of requests than its own, those to upgrade to anything but WebSocket are
 * refused, instead of served without. Health checks of upstreams begin when it is opened.
 */
export interface ReverseProxy extends Door {
  readonly opened: () => void
  readonly upgrade: ServeUpgrade
  /** Finds the route of a request without serving it. */
  readonly choose: (request: RouteRequest) => RouteChoice
  /** Which upstreams of each route are in use at the moment. */
  upstreams(): readonly (UpstreamState & { readonly routeId: string })[]
  /** Somebody's tokens stopped being good: verifies all open streams again, soon. */
  recheckStreams(): void
  /** Ends all streams, those that are yet to begin too, each at some moment within so many milliseconds. */
  drainStreams(withinMs: number): void
  /** Ends the connections to the upstreams; requests that are still under way break off. */
  close(): Promise<void>
}

/** Status of the event for a client that went away before it was answered, as nginx has it. */
const CLIENT_CLOSED_REQUEST = 499

/**
 * Makes the reverse proxy: one strict reading of the request, the first route that matches it, the decision of that
 * route's authenticator, and either the answer or the upstream.
 *
 * @throws {TypeError} naming the option that makes no sense.
 */
export function createReverseProxy(options: ReverseProxyOptions): ReverseProxy {
  const { clock = systemClock, requestIdOf = createRequestIds(), health = null } = options
  // No path is empty.
  const healthPath = health?.path ?? ''
  const limited = createLimitedLog(clock)
  const timed = options.timed === true ? clock : null
  const logger = shieldedLogger(options.logger ?? silentLogger)
  const onRequest = shielded(options.onRequest, 'requests', logger)
  const onUpstream = shielded(options.onUpstream, 'upstreams', logger)
  const streams = createOpenStreams({
    ...options.streams,
    clock,
    onStream: shielded(options.onStream, 'streams', logger),
  })
  const upstreams = createUpstreams({ clock, logger })
  const routes = compileRoutes(options.routes, upstreams.groupFor)
  const documents = options.document === undefined ? [] : [documentRoute(options.document)]
  const router = createRouter<CompiledRoute | DocumentRoute>([...documents, ...routes])

  function serve(
    incoming: Incoming,
    outgoing: Outgoing,
    takeConnection: TakeConnection | null = null,
  ): void {
    const record = recordOf(incoming)
    const isOurs = !isRefusal(record) && (record.path === '*' || record.path === healthPath)
    const route = isRefusal(record) || isOurs ? null : router.routeOf(record)
    const known = route !== null && !isRefusal(route)
    const trace = observe(incoming, outgoing, known ? route.id : UNMATCHED)
    if (isRefusal(record)) return refuse(trace, outgoing, record)
    trace.record = record
    if (isOurs) return answerOurs(trace, outgoing, record)
    if (isRefusal(route)) return refuse(trace, outgoing, route)
    if (route === null) return sendNoRoute(trace, outgoing, record)
    // Not the next route that matches: what this one demands would not be asked for.
    if (!isCarrying(route)) {
      if ('document' in route) return sendText(incoming, outgoing, route.document, record)
      return sendAnswer(incoming, outgoing, answerOf(trace, 'route_not_found'), record)
    }
    // A connection cannot both carry a body and become something else.
    if (takeConnection !== null && record.bodyLength !== 0) {
      return refuse(trace, outgoing, { code: 'request_invalid' })
    }
    if ((record.bodyLength ?? 0) > route.maxBodyBytes) {
      return sendAnswer(incoming, outgoing, answerOf(trace, 'body_too_large'), record)
    }
    const upgrade = takeConnection === null ? null : readUpgrade(incoming, route, takeConnection)
    if (typeof upgrade === 'string') {
      return sendAnswer(incoming, outgoing, answerOf(trace, upgrade), record)
    }
    const request: AuthenticationRequest = {
      rawHeaders: incoming.rawHeaders,
      remoteAddress: incoming.socket.remoteAddress,
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
      streams,
      trace,
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
            proceed(serving, settled)
          })
          .catch((error: unknown) => fail(serving, error))
      } else {
        proceed(serving, decision)
      }
    } catch (error) {
      fail(serving, error)
    }
  }

  function answerOurs(trace: RequestTrace, outgoing: Outgoing, record: RequestRecord): void {
    const { incoming } = trace
    const { path, method, bodyLength } = record
    if (path === '*') return sendCapabilities(incoming, outgoing, bodyLength)
    if (method === 'GET' || method === 'HEAD') {
      const unreadiness = health?.unreadiness() ?? null
      return sendHealth(incoming, outgoing, { bodyLength, unreadiness })
    }
    const answer = answerOf(trace, 'method_not_allowed')
    sendAnswer(incoming, outgoing, answer, { bodyLength, allow: ['GET', 'HEAD'] })
  }

  function observe(incoming: Incoming, outgoing: Outgoing, routeId: string): RequestTrace {
    const { method = '', rawHeaders, socket } = incoming
    const startedAt = clock.monotonic()
    const { remoteAddress } = socket
    const requestId = requestIdOf({ rawHeaders, remoteAddress, secure: false })
    const trace = beginTrace(incoming, requestId, startedAt)
    outgoing.on('error', ignore)
    // Not `once`: it comes once, and the wrapper would cost.
    outgoing.on('close', () => {
      onRequest({
        routeId,
        method,
        status: outgoing.headersSent ? outgoing.statusCode : CLIENT_CLOSED_REQUEST,
        durationMs: clock.monotonic() - startedAt,
        completed: outgoing.writableFinished,
        trace,
      })
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
      const record = recordOf(incoming)
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

function proceed(serving: ExchangeInput, decision: Decision): void {
  const { incoming, outgoing, record, trace } = serving
  trace.decision = decision
  if (outgoing.destroyed) return
  if (decision.outcome === 'granted') {
    new Exchange(serving, decision).begin()
  } else {
    sendAnswer(incoming, outgoing, noted(trace, decision.answer), record)
  }
}

function fail(serving: ExchangeInput, error: unknown): void {
  const { incoming, outgoing, record, route, trace, logger, limited } = serving
  const { requestId } = trace
  limited(`failed ${route.id}`, (omitted) => {
    const facts = { route: route.id, requestId, omitted, err: error }
    logger.error(facts, 'a request could not be handled')
  })
  if (outgoing.headersSent) incoming.socket.destroy()
  else sendAnswer(incoming, outgoing, answerOf(trace, 'internal_error'), record)
}

/** What a client that has gone away did not get is no error. */
function ignore(): void {}

/** Where one request ends and the next begins is not certain after what is refused here, so the connection ends too. */
function refuse(trace: RequestTrace, outgoing: Outgoing, refusal: RequestRefusal): void {
  const { code, detail } = refusal
  const answer = answerOf(trace, code, detail)
  sendAnswer(trace.incoming, outgoing, answer, { bodyLength: null, close: true })
}
