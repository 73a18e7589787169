import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import { Hono } from 'hono'

import type { AnswerCode, Decision } from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { silentLogger } from '../logger.ts'
import { shielded, shieldedLogger } from '../observer.ts'
import type { UpstreamState } from '../upstream/index.ts'
import { createUpstreams } from '../upstream/index.ts'
import { sendAnswer } from './answering.ts'
import type { RequestEvent, UpstreamEvent } from './events.ts'
import { UNMATCHED } from './events.ts'
import { forward } from './forward.ts'
import { hardenServer } from './harden.ts'
import { readHost } from './host-name.ts'
import type { RequestRecord } from './request-record.ts'
import { isCarried, recordOf } from './request-record.ts'
import { readsAlike, readTarget } from './request-target.ts'
import type { RouteQuestion } from './route-table.ts'
import { createRouteTable } from './route-table.ts'
import type { CompiledRoute, ProxyRoute } from './routes.ts'
import { compileRoutes } from './routes.ts'
import { inTurn } from './turns.ts'

/** What `@hono/node-server` gives to an app: the proxy works on Node's own request and response. */
export interface ProxyBindings {
  incoming: IncomingMessage
  outgoing: ServerResponse
}

/** Options of {@link createReverseProxy}. */
export interface ReverseProxyOptions {
  /** In order: the first one that matches counts. What none matches is answered 404. */
  readonly routes: readonly ProxyRoute[]
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** Told of every request when its response has ended or broken off. */
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  /** Told of every upstream request when it is over. */
  readonly onUpstream?: ((event: UpstreamEvent) => void) | undefined
}

/** A request whose route is asked for. */
export interface RouteRequest {
  readonly method: string
  /** As in the request line, e.g. `/api?q=1`. */
  readonly target: string
  /** As in a `Host` field. @default none, so that only routes for every host match */
  readonly host?: string | undefined
}

/** The route that a request would take, by its id; or the code of its refusal. */
export type RouteChoice = { readonly routeId: string } | { readonly code: AnswerCode }

/** The reverse-proxy door. */
export interface ReverseProxy {
  /** To be mounted with `@hono/node-server`, with `overrideGlobalObjects: false`. */
  readonly app: Hono<{ Bindings: ProxyBindings }>
  /** Prepares the server that the app is mounted on; call it before it listens. Health checks begin when it does. */
  readonly harden: (server: Server) => void
  /** Finds the route of a request without serving it. */
  choose(request: RouteRequest): RouteChoice
  /** Which upstreams of each route are in use at the moment. */
  upstreams(): readonly (UpstreamState & { readonly routeId: string })[]
  /** Ends the connections to the upstreams; requests that are still under way break off. */
  close(): Promise<void>
}

/** Status of the event for a client that went away before it was answered, as nginx has it. */
const CLIENT_CLOSED_REQUEST = 499

/** Tells node-server that the response is written elsewhere (its own `RESPONSE_ALREADY_SENT`). */
const ALREADY_SENT = new Response(null, { headers: { 'x-hono-already-sent': 'true' } })

/**
 * Makes the reverse proxy: one strict reading of the request, the first route that matches it, the decision of that
 * route's authenticator, and either the answer or the upstream.
 *
 * @throws {TypeError} naming the option that makes no sense.
 */
export function createReverseProxy(options: ReverseProxyOptions): ReverseProxy {
  const { clock = systemClock } = options
  const logger = shieldedLogger(options.logger ?? silentLogger)
  const onRequest = shielded(options.onRequest, 'requests', logger)
  const onUpstream = shielded(options.onUpstream, 'upstreams', logger)
  const upstreams = createUpstreams({ clock, logger })
  const routes = compileRoutes(options.routes, upstreams.groupFor)
  const table = createRouteTable(routes)

  // One entry for all: which route a request takes is for the table to say, which knows hosts and methods too.
  const app = new Hono<{ Bindings: ProxyBindings }>({ getPath: () => '/' })
  app.all('/', ({ env: { incoming, outgoing } }) => {
    inTurn(incoming, outgoing, () => serve(incoming, outgoing))
    return ALREADY_SENT
  })

  /** The route of a request, null where there is none; or the code of a request that has more than one reading. */
  function routeOf(question: RouteQuestion): CompiledRoute | AnswerCode | null {
    const route = table.find(question)
    const { method, hostName, path } = question
    const alike = readsAlike(path, (other) =>
      other === path ? route : table.find({ method, hostName, path: other }),
    )
    return alike ? route : 'request_invalid'
  }

  function choose({ method, target, host }: RouteRequest): RouteChoice {
    if (!isCarried(method)) return { code: 'method_not_allowed' }
    const read = readTarget(target)
    const name = host === undefined ? { name: '' } : readHost(host)
    if (read === null || name === null) return { code: 'request_invalid' }
    const question = { method, hostName: name.name, path: read.path }
    const route = routeOf(question)
    if (typeof route === 'string') return { code: route }
    if (route !== null) return { routeId: route.id }
    const others = table.methodsFor(question)
    return { code: others.length > 0 ? 'method_not_allowed' : 'route_not_found' }
  }

  function serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const record = recordOf(incoming)
    const route = typeof record === 'string' ? null : routeOf(record)
    const known = route !== null && typeof route !== 'string'
    observe(incoming, outgoing, known ? route.id : UNMATCHED)
    if (typeof record === 'string') return refuse(incoming, outgoing, record)
    if (typeof route === 'string') return refuse(incoming, outgoing, route)
    if (route === null) return sendNoRoute(incoming, outgoing, record)
    if ((record.bodyLength ?? 0) > route.maxBodyBytes) {
      return sendAnswer(incoming, outgoing, answerFor('body_too_large'), record)
    }

    const proceed = (decision: Decision): void => {
      if (outgoing.destroyed) return
      if (decision.outcome === 'granted') {
        forward({ incoming, outgoing, record, decision, route, logger, onUpstream })
      } else {
        sendAnswer(incoming, outgoing, decision.answer, record)
      }
    }
    const fail = (error: unknown): void => {
      logger.error({ route: route.id, err: error }, 'a request could not be handled')
      if (outgoing.headersSent) incoming.socket.destroy()
      else sendAnswer(incoming, outgoing, answerFor('internal_error'), record)
    }
    try {
      const decision = route.authenticator.authenticate({
        rawHeaders: incoming.rawHeaders,
        remoteAddress: incoming.socket.remoteAddress,
        secure: 'encrypted' in incoming.socket,
      })
      if (decision instanceof Promise) decision.then(proceed).catch(fail)
      else proceed(decision)
    } catch (error) {
      fail(error)
    }
  }

  function observe(incoming: IncomingMessage, outgoing: ServerResponse, routeId: string): void {
    const { method = '' } = incoming
    const startedAt = clock.monotonic()
    // What a client that has gone away did not get is no error.
    outgoing.on('error', () => {})
    outgoing.once('close', () => {
      onRequest({
        routeId,
        method,
        status: outgoing.headersSent ? outgoing.statusCode : CLIENT_CLOSED_REQUEST,
        durationMs: clock.monotonic() - startedAt,
        completed: outgoing.writableFinished,
      })
    })
  }

  function sendNoRoute(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    record: RequestRecord,
  ): void {
    const { bodyLength } = record
    const allow = table.methodsFor(record)
    if (allow.length === 0) {
      sendAnswer(incoming, outgoing, answerFor('route_not_found'), { bodyLength })
    } else {
      sendAnswer(incoming, outgoing, answerFor('method_not_allowed'), { bodyLength, allow })
    }
  }

  return {
    app,
    harden(server) {
      hardenServer(server)
      server.once('listening', () => upstreams.start())
    },
    choose,
    upstreams: () =>
      routes.flatMap(({ id, upstreams: { members } }) =>
        members.map(({ url, standing }) => ({ routeId: id, url, up: standing.up })),
      ),
    close: () => upstreams.close(),
  }
}

/** Where one request ends and the next begins is not certain after what is refused here, so the connection ends too. */
function refuse(incoming: IncomingMessage, outgoing: ServerResponse, code: AnswerCode): void {
  sendAnswer(incoming, outgoing, answerFor(code), { bodyLength: null, close: true })
}
